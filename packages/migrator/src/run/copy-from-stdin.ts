import { MigratorError } from '../errors';
import { COPY_HINT } from './server-errors';
import { tryParseSql, type ParsedStatement } from './parse-sql';

/** Without these words nothing reads from the client. */
const SUSPECT = /\bfrom\s+stdin\b/i;
/** How far before FROM stdin its COPY may stand, in characters. */
const LONGEST_COPY = 4_000;

/**
 * Refuses SQL that would read rows from the client, before it is sent: a migration has none to give, and the embedded database does
 * not survive it. The parser is asked only where the words are there.
 *
 * @throws {MigratorError} `COPY_FROM_STDIN`
 */
export async function refuseCopyFromStdin(sql: string): Promise<void> {
  if (!SUSPECT.test(sql)) return;
  const statements = await tryParseSql(sql);
  const copies = statements ? statements.some(isCopyFromStdin) : hasInlineData(sql);
  if (copies) throw copyFromStdin();
}

/** Whether a statement reads rows from the client. */
export function isCopyFromStdin({ node }: ParsedStatement): boolean {
  const copy = node['CopyStmt'];
  return (
    copy !== undefined &&
    copy['is_from'] === true &&
    copy['filename'] === undefined &&
    copy['is_program'] !== true
  );
}

/** Whether text that the parser refuses is COPY with its rows behind it, as pg_dump writes it. */
export function hasInlineData(sql: string): boolean {
  const stdin = SUSPECT.exec(sql);
  if (stdin === null) return false;
  const before = sql.slice(Math.max(0, stdin.index - LONGEST_COPY), stdin.index);
  const statement = before.slice(before.lastIndexOf(';') + 1);
  return /^(?:\s|--[^\n]*\n)*copy\s/i.test(statement);
}

function copyFromStdin(): MigratorError {
  return new MigratorError(
    'COPY_FROM_STDIN',
    'The migration runs COPY … FROM stdin. It was not sent.',
    { hint: COPY_HINT },
  );
}
