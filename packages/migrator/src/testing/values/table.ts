import type { Fate } from './round-trip';

/** One line of the table in docs/rollback.md. */
export function tableLine(type: string, fates: readonly Fate[]): string {
  const [first] = fates.filter(({ verdict }) => verdict === 'exact');
  const refused = fates
    .filter(({ verdict }) => verdict === 'refused')
    .map(({ literal }) => literal);
  const verdict =
    fates.length === 0
      ? 'refused'
      : refused.length === 0
        ? 'exact'
        : `exact; refused: ${refused.map(code).join(', ')}`;
  const up = first ? kindOf(first.inUp) : '–';
  const down = first ? code(JSON.stringify(first.inDown)) : '–';
  return `| \`${type}\` | ${up} | ${down} | ${verdict} |`;
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value !== 'object' || value === null) return typeof value;
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  return tag === 'Uint8Array' ? 'Buffer' : tag === 'Object' ? 'object' : tag;
}

function code(text: string): string {
  return `\`${text.replaceAll('|', '\\|')}\``;
}
