import { readFileSync } from 'node:fs';
import { readSqlCalls } from '../source/read-sql-calls';

/**
 * Which names a revert may have truncated: those in the SQL of the `up` of its file. An older version has applied that, and Postgres
 * truncates both the same way. Reads the file only when asked.
 */
export function namesInUp(path: string): (name: string) => boolean {
  let sql: readonly string[] | undefined;
  return (name) => {
    sql ??= sqlOfUp(path);
    return name !== '' && sql.some((text) => text.includes(name));
  };
}

function sqlOfUp(path: string): string[] {
  try {
    const calls = readSqlCalls(readFileSync(path, 'utf8'));
    return calls.filter((call) => call.in !== 'down').map(({ literal }) => literal.text);
  } catch {
    // Removed since it was loaded.
    return [];
  }
}
