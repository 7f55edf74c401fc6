/** A text with one level of escaping removed, and where its characters come from. */
export interface DecodedText {
  readonly text: string;
  /** For each character the index in the original where its encoding begins; one more entry for the end. */
  readonly starts: Uint32Array;
}

/**
 * `\n`, `\"`, `\u00e9`, `\xe9` and `\u{e9}` of JSON, JavaScript and C; `%C3%A9` of URLs, one character at a time; the doubled
 * quotes of SQL and CSV.
 */
const ENCODED =
  /\\(?:u([0-9a-f]{4})|u\{([0-9a-f]{1,6})\}|x([0-9a-f]{2})|([^]))|(%[0-7][0-9a-f]|%[cd][0-9a-f]%[89ab][0-9a-f]|%e[0-9a-f](?:%[89ab][0-9a-f]){2}|%f[0-4](?:%[89ab][0-9a-f]){3})|''|""/gi;

/** Escapes of one letter, of JavaScript and JSON. */
export const LETTER_ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  f: '\f',
  v: '\v',
  '0': '\0',
};

/**
 * Removes one level of escaping, whatever its kind. Linear in the length of the text.
 *
 * @returns `undefined` if nothing in the text is escaped
 */
export function decodeOnce(text: string): DecodedText | undefined {
  const pieces: string[] = [];
  const starts = new Uint32Array(text.length + 1);
  let length = 0;
  let rest = 0;
  const keep = (from: number, to: number) => {
    for (let at = from; at < to; at += 1) starts[length++] = at;
    pieces.push(text.slice(from, to));
  };
  for (const match of text.matchAll(ENCODED)) {
    const decoded = characterOf(match);
    if (decoded === undefined) continue;
    keep(rest, match.index);
    for (let unit = 0; unit < decoded.length; unit += 1) starts[length++] = match.index;
    pieces.push(decoded);
    rest = match.index + match[0].length;
  }
  if (rest === 0) return undefined;
  keep(rest, text.length);
  starts[length] = text.length;
  return { text: pieces.join(''), starts: starts.subarray(0, length + 1) };
}

function characterOf([whole, unit, point, byte, named, percent]: RegExpExecArray):
  string | undefined {
  const code = unit ?? point ?? byte;
  if (code !== undefined) {
    const value = Number.parseInt(code, 16);
    return value > 0x10ffff ? undefined : String.fromCodePoint(value);
  }
  if (named !== undefined) return LETTER_ESCAPES[named] ?? named;
  if (percent === undefined) return whole[0];
  try {
    return decodeURIComponent(percent);
  } catch {
    // Bytes that are not UTF-8.
    return undefined;
  }
}
