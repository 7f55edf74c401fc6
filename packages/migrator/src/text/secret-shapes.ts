import type { TextRange } from './secret-finder';

/** User and password of a URL, up to the last `@` before the path: a password that was not encoded may contain one. */
const CREDENTIALS = /[^\s:/@?#]*:([^\s/?#]*)@/y;

/** The keyword of a setting that is a password: `PGPASSWORD`, `sslpassword`, `db_password`, `pwd`. */
const KEYWORD = /(?:password|passwd|passphrase|pwd)/gi;

/** What follows the keyword of `password=secret`, `password = 'my secret'`, `"password": "secret"` and `PASSWORD 'secret'`. */
// A token that is used as a password has thousands of characters.
const SETTING =
  /\s{0,20}=\s{0,20}("(?:[^"\\]|\\[^]){0,10000}"|'(?:[^'\\]|\\[^]){0,10000}'|[^\s&;,]+)/y;
const FIELD =
  /["']?\s{0,20}:\s{0,20}(?:"((?:[^"\\]|\\[^]){0,10000})"|'((?:[^'\\]|\\[^]){0,10000})'|`((?:[^`\\]|\\[^]){0,10000})`)/y;
const SQL = /\s{1,20}(?:e?'((?:[^'\\]|''|\\[^]){0,10000})'?|\$(\w{0,60})\$([^]{0,1000}?)\$\2\$)/iy;

/** The parts of a text that are passwords by their place: in a URL, behind `password=`, in `PASSWORD '…'` of SQL. */
export function passwordsByPlace(text: string): TextRange[] {
  return [...passwordsInUrls(text), ...passwordsInSettings(text)];
}

function passwordsInUrls(text: string): TextRange[] {
  const found: TextRange[] = [];
  for (let at = text.indexOf(':/'); at !== -1; at = text.indexOf(':/', at + 2)) {
    if (!/[a-z0-9]/i.test(text.charAt(at - 1))) continue;
    // `path.resolve` makes one slash of two.
    CREDENTIALS.lastIndex = text.charAt(at + 2) === '/' ? at + 3 : at + 2;
    const match = CREDENTIALS.exec(text);
    if (match === null) continue;
    const end = CREDENTIALS.lastIndex - 1;
    found.push({ start: end - (match[1] ?? '').length, end });
  }
  return found;
}

function passwordsInSettings(text: string): TextRange[] {
  const found: TextRange[] = [];
  KEYWORD.lastIndex = 0;
  for (let match = KEYWORD.exec(text); match !== null; match = KEYWORD.exec(text)) {
    const at = KEYWORD.lastIndex;
    const range = [SETTING, FIELD, SQL]
      .map((shape) => valueAt(shape, text, at))
      .find((value) => value !== undefined);
    if (range === undefined) continue;
    found.push(range);
    // A value is not searched again: many keywords in one long word would take quadratic time.
    KEYWORD.lastIndex = range.end;
  }
  return found;
}

/** Where the captured value stands. It ends the match, but for a quote or the mark of a dollar-quoted string. */
function valueAt(shape: RegExp, text: string, at: number): TextRange | undefined {
  shape.lastIndex = at;
  const match = shape.exec(text);
  if (match === null) return undefined;
  const value = match.slice(1).findLast((group) => group !== undefined && group !== '') ?? '';
  if (value === '') return undefined;
  const start = at + match[0].lastIndexOf(value);
  return { start, end: start + value.length };
}
