import type { ParseResult } from 'libpg-query';

/** One statement of a script as Postgres's own parser sees it. */
export interface ParsedStatement {
  /** The statement's text, without its semicolon. */
  readonly sql: string;
  /** Index of the statement's first character in the script. */
  readonly offset: number;
  /** Length of the statement in the script, without its semicolon. */
  readonly length: number;
  /** Kind of statement → its fields, e.g. `{ IndexStmt: { concurrent: true, idxname: 'i' } }`. */
  readonly node: Record<string, Record<string, unknown>>;
}

/**
 * Splits a script with the parser of Postgres itself, so that dollar quoting, comments and semicolons in strings are
 * understood. Loads the parser (WebAssembly) when first called.
 *
 * @throws the parser's error where the SQL is not valid
 */
export async function parseSql(sql: string): Promise<ParsedStatement[]> {
  // The parser refuses a text without anything in it.
  if (sql.trim() === '') return [];
  const { parse } = await import('libpg-query');
  const result: ParseResult = await parse(sql);
  const indexOf = byteIndex(sql);
  return (result.stmts ?? []).map(({ stmt, stmt_location = 0, stmt_len }) => {
    const start = indexOf(stmt_location);
    const end = stmt_len ? indexOf(stmt_location + stmt_len) : sql.length;
    const raw = sql.slice(start, end);
    const text = raw.trim();
    return {
      sql: text,
      offset: start + raw.length - raw.trimStart().length,
      length: text.length,
      node: (stmt ?? {}) as ParsedStatement['node'],
    };
  });
}

/** Turns positions of the parser, which count bytes of UTF-8, into indexes. To be asked in ascending order: linear in all. */
function byteIndex(sql: string): (byte: number) => number {
  let index = 0;
  let bytes = 0;
  return (byte) => {
    while (bytes < byte && index < sql.length) {
      const code = sql.codePointAt(index) ?? 0;
      bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
      index += code > 0xffff ? 2 : 1;
    }
    return index;
  };
}

/** As {@link parseSql}, but `undefined` where the text is no valid SQL: the server will say it better. */
export async function tryParseSql(sql: string): Promise<ParsedStatement[] | undefined> {
  try {
    return await parseSql(sql);
  } catch {
    return undefined;
  }
}
