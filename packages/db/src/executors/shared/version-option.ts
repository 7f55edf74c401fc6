import { MigratorError } from '@flashfusion/migrator';

/**
 * The text of an option that takes a migration's version or name. Nx makes a number of everything that can be one, which
 * loses leading zeros: a number that is no version any more is refused, rather than looked for as another one.
 *
 * @param option its name, for messages
 * @param project whose versions these are
 * @throws {MigratorError} `INVALID_ARGUMENT`, with what to write instead
 */
export function versionText(option: string, value: string | number, project: string): string {
  const text = String(value);
  if (typeof value === 'string' || /^\d{14}$/.test(text)) return text;
  const meant = /^\d+$/.test(text) && text.length < 14 ? text.padStart(14, '0') : '<version>';
  throw new MigratorError(
    'INVALID_ARGUMENT',
    `--${option} was given the number ${text}, which is no version: a version has 14 digits, and Nx takes the zeros off its beginning.`,
    {
      hint: `Quotes do not help. Give the migration's name, --${option}=<name>, or put its project before it: --${option}=${project}:${meant}.`,
    },
  );
}
