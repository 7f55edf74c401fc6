/** A name in SQL that Postgres would truncate. */
export interface LongIdentifier {
  /** The name as Postgres reads it, without quotes. */
  readonly name: string;
  readonly bytes: number;
  /** Index of its first character in the SQL. */
  readonly at: number;
}

const IDENTIFIER = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y;
const DOLLAR_QUOTE = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y;
const NUMBER = /\d[\w.]*/y;
/** What comes before the next part that matters. */
const BLANK = /[^A-Za-z_\u0080-\uffff'"$\d/-]*/y;

/**
 * Finds the names in SQL that are longer than Postgres keeps, outside of strings, comments and dollar-quoted bodies. Reports
 * only what is certain: it stops where it cannot tell how the server reads on. Linear in the length of the SQL.
 *
 * @param longest in bytes of UTF-8
 */
export function findLongIdentifiers(sql: string, longest: number): LongIdentifier[] {
  if (!mayHaveLongIdentifier(sql, longest)) return [];
  const found: LongIdentifier[] = [];
  for (const { name, at } of readIdentifiers(sql)) {
    // A character has at most three bytes for each of its UTF-16 units.
    if (name.length * 3 <= longest) continue;
    const bytes = Buffer.byteLength(name);
    if (bytes > longest) found.push({ name, bytes, at });
  }
  return found;
}

/** Whether any run of characters that could be a name is long enough. Most SQL has none, and is not read further. */
function mayHaveLongIdentifier(sql: string, longest: number): boolean {
  const units = Math.floor(longest / 3) + 1;
  if (sql.length < units) return false;
  return new RegExp(`[\\w$\\u0080-\\uffff]{${units}}|"[^"]{${units}}`).test(sql);
}

function* readIdentifiers(sql: string): Generator<{ readonly name: string; readonly at: number }> {
  let index = 0;
  while (index < sql.length) {
    index += match(BLANK, sql, index).length;
    const character = sql[index];
    if (character === undefined) return;
    if (character === "'") {
      const end = endOfString(sql, index, 'plain');
      if (end === undefined) return;
      index = end;
    } else if (character === '"') {
      const end = endOfQuoted(sql, index);
      if (end === undefined) return;
      yield { name: sql.slice(index + 1, end - 1).replaceAll('""', '"'), at: index };
      index = end;
    } else if (character === '$') {
      const tag = match(DOLLAR_QUOTE, sql, index);
      const close = tag === '' ? index : sql.indexOf(tag, index + tag.length);
      if (close === -1) return;
      index = close + (tag.length || 1);
    } else if (character === '-' || character === '/') {
      const end = endOfComment(sql, index);
      if (end === undefined) return;
      index = end;
    } else if (character >= '0' && character <= '9') {
      index += match(NUMBER, sql, index).length;
    } else {
      const name = match(IDENTIFIER, sql, index);
      const next = index + name.length;
      if (/^e$/i.test(name) && sql[next] === "'") {
        const end = endOfString(sql, next, 'escaped');
        if (end === undefined) return;
        index = end;
      } else if (/^u$/i.test(name) && sql.startsWith('&"', next)) {
        const end = endOfQuoted(sql, next + 1);
        // UESCAPE may come behind it, with an escape character of its own.
        if (end === undefined || /^\s*uescape/i.test(sql.slice(end, end + 100))) return;
        yield { name: unescaped(sql.slice(next + 2, end - 1)), at: index };
        index = end;
      } else {
        yield { name, at: index };
        index = next;
      }
    }
  }
}

function match(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}

/** Index behind a string; `undefined` if it has none, or if its end depends on `standard_conforming_strings`. */
function endOfString(sql: string, start: number, kind: 'plain' | 'escaped'): number | undefined {
  let index = start + 1;
  for (;;) {
    const quote = sql.indexOf("'", index);
    if (quote === -1) return undefined;
    const escaped = backslashesBefore(sql, quote, index) % 2 === 1;
    if (escaped && kind === 'plain') return undefined;
    if (escaped) index = quote + 1;
    else if (sql[quote + 1] === "'") index = quote + 2;
    else return quote + 1;
  }
}

function backslashesBefore(sql: string, at: number, from: number): number {
  let count = 0;
  while (at - 1 - count >= from && sql[at - 1 - count] === '\\') count += 1;
  return count;
}

function endOfQuoted(sql: string, start: number): number | undefined {
  let index = start + 1;
  for (;;) {
    const quote = sql.indexOf('"', index);
    if (quote === -1) return undefined;
    if (sql[quote + 1] !== '"') return quote + 1;
    index = quote + 2;
  }
}

/** Index behind a comment, or behind the character if none begins here. Comments of SQL may be nested. */
function endOfComment(sql: string, start: number): number | undefined {
  if (sql.startsWith('--', start)) {
    const lineEnd = /[\r\n]/g;
    lineEnd.lastIndex = start;
    return lineEnd.exec(sql)?.index;
  }
  if (!sql.startsWith('/*', start)) return start + 1;
  const mark = /\/\*|\*\//g;
  mark.lastIndex = start;
  let depth = 0;
  for (let found = mark.exec(sql); found !== null; found = mark.exec(sql)) {
    depth += found[0] === '/*' ? 1 : -1;
    if (depth === 0) return mark.lastIndex;
  }
  return undefined;
}

/** The inside of `U&"…"` with its escapes: `\0061`, `\+000061`, `\\`. */
function unescaped(text: string): string {
  return text
    .replaceAll('""', '"')
    .replace(/\\(?:\\|\+([\da-f]{6})|([\da-f]{4}))/gi, (_all, long?: string, short?: string) => {
      const code = long ?? short;
      return code === undefined
        ? '\\'
        : String.fromCodePoint(Math.min(0x10ffff, parseInt(code, 16)));
    });
}
