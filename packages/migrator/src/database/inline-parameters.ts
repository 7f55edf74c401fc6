import { quoteAscii, toAsciiIdentifier } from './identifier';

/** Quoted identifiers and strings, in which nothing is a placeholder, and placeholders. */
const TOKENS = /"(?:[^"]|"")*"|'(?:[^']|'')*'|\$(\d+)/g;

/**
 * Writes parameters into a statement of the runner as literals, in ASCII only: the statement then means the same under every
 * setting, and can be one of several in a message.
 *
 * @param sql without comments, dollar quotes and backslashes in strings; every placeholder has a cast, as in `$1::text`
 */
export function inlineParameters(sql: string, params: readonly (string | null)[]): string {
  return sql.replace(TOKENS, (token, position: string | undefined) => {
    if (position === undefined) return token.startsWith('"') ? toAsciiIdentifier(token) : token;
    const value = params[Number(position) - 1];
    return value === null || value === undefined ? 'NULL' : quoteAscii(value);
  });
}
