import { readFileSync } from 'node:fs';
import { countLines } from '../report/sql-excerpt';
import { readLiterals } from '../source/source-literal';

/**
 * The line of a migration's file on which a character of an SQL string stands, where the string is exactly one literal of the file.
 *
 * @param at index into `sql`
 * @returns the line, and that of the string's first character, from 1; `undefined` where they are not known
 */
export function locateSql(
  path: string,
  sql: string,
  at: number,
): { readonly line: number; readonly firstLine: number } | undefined {
  const source = readSource(path);
  // A literal has at least its own length: most files need no scan.
  if (source === undefined || source.length < sql.length || sql === '') return undefined;
  const found = [];
  for (const literal of readLiterals(source)) {
    if (literal.text === sql) found.push(literal);
    if (found.length > 1) return undefined;
  }
  const [literal] = found;
  if (literal === undefined) return undefined;
  const lineOf = (index: number) => countLines(source.slice(0, literal.indexOf(index))) + 1;
  return { line: lineOf(at), firstLine: lineOf(0) };
}

function readSource(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Removed since it was loaded: the error is reported without the line.
    return undefined;
  }
}
