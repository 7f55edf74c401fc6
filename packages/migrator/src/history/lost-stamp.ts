import type { Session } from '../database/database';
import { MigratorError } from '../errors';
import { renderOption } from '../remedy';
import { latestFormat, type Upgrade } from './formats';
import { writeStamp } from './prepare';
import type { HistoryTables } from './tables';

/**
 * Stamps a history whose stamps were all deleted. It becomes protected, because the lost stamp may have been.
 *
 * @param environment the environment of its rows
 * @throws {MigratorError} `ENVIRONMENT_MISMATCH` if its newest row belongs to another environment
 */
export async function restoreStamp(
  session: Session,
  tables: HistoryTables,
  environment: string,
  steps: readonly Upgrade[],
): Promise<void> {
  const { rows } = await session.query<{ environment: string | null; chained: boolean }>(
    `SELECT (SELECT environment FROM ${tables.history} ORDER BY id DESC LIMIT 1) AS environment,
      pg_catalog.to_regclass($1) IS NOT NULL AS chained`,
    [tables.chain],
  );
  const found = rows[0]?.environment ?? environment;
  if (found !== environment) {
    throw new MigratorError(
      'ENVIRONMENT_MISMATCH',
      `The newest row of ${tables.history} belongs to '${found}', not to '${environment}'. Nothing was changed.`,
      { hint: `Add ${renderOption('adopt-environment', found)} to the command.` },
    );
  }
  // The format was deleted with the stamp. Format 2 added the chain.
  const present = steps.filter(({ format }) => rows[0]?.chained === true || format === 1);
  await writeStamp(
    session,
    tables,
    { environment, protected: true },
    present,
    `restored a stamp of format ${latestFormat(present)} that was deleted`,
  );
}
