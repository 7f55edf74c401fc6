/** Prettier's own default, so that a file stays as it is where nothing else was decided. */
const PRINT_WIDTH = 80;
/** A line break behind a shorter key would gain next to nothing. */
const SHORTEST_KEY_TO_BREAK_AFTER = 5;

/**
 * Any text as a string literal of TypeScript, quoted as Prettier does with single quotes preferred. Control characters
 * and line separators are escaped, so the literal is one line and ends where it should.
 */
export function stringLiteral(text: string): string {
  const doubles = text.split('"').length;
  const singles = text.split("'").length;
  const quote = singles > doubles ? '"' : "'";
  const body = JSON.stringify(text)
    .slice(1, -1)
    .replaceAll('\\"', '"')
    .replaceAll(quote, `\\${quote}`)
    .replace(/[\u007f-\u009f\u2028\u2029\ufeff]|\p{Cf}/gu, escapeCharacter);
  return quote + body + quote;
}

function escapeCharacter(character: string): string {
  return [...Array(character.length).keys()]
    .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
    .join('');
}

/** `key: 'text',` on one line, or on two where it is too long for one. */
export function textProperty(key: string, text: string, indent: string): string {
  const literal = stringLiteral(text);
  const line = `${indent}${key}: ${literal},`;
  const fits = line.length <= PRINT_WIDTH || key.length < SHORTEST_KEY_TO_BREAK_AFTER;
  return fits ? line : `${indent}${key}:\n${indent}  ${literal},`;
}

/** `key: ['a', 'b'],` on one line, or an element per line where it is too long for one. */
export function textListProperty(key: string, texts: readonly string[], indent: string): string {
  const literals = texts.map(stringLiteral);
  const line = `${indent}${key}: [${literals.join(', ')}],`;
  if (line.length <= PRINT_WIDTH) return line;
  const elements = literals.map((literal) => `${indent}  ${literal},`).join('\n');
  return `${indent}${key}: [\n${elements}\n${indent}],`;
}
