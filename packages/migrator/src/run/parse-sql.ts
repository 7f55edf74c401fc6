import type { ParseResult } from 'libpg-query';

/** One statement of a script as Postgres's own parser sees it. */
export interface ParsedStatement {
  /** The statement's text, without its semicolon. */
  readonly sql: string;
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
  const { parse } = await import('libpg-query');
  const result: ParseResult = await parse(sql);
  // Positions count bytes, JavaScript's strings count UTF-16 units.
  const bytes = Buffer.from(sql, 'utf8');
  return (result.stmts ?? []).map(({ stmt, stmt_location = 0, stmt_len }) => ({
    sql: bytes
      .subarray(stmt_location, stmt_len ? stmt_location + stmt_len : undefined)
      .toString('utf8')
      .trim(),
    node: (stmt ?? {}) as ParsedStatement['node'],
  }));
}

/** As {@link parseSql}, but `undefined` where the text is no valid SQL: the server will say it better. */
export async function tryParseSql(sql: string): Promise<ParsedStatement[] | undefined> {
  try {
    return await parseSql(sql);
  } catch {
    return undefined;
  }
}
