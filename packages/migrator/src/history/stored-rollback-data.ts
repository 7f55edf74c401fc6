import type { Session } from '../database/database';
import { MigratorError } from '../errors';
import { explainDenied } from './permission';
import { damageHint } from './row';
import type { HistoryTables } from './tables';

interface FoundRow {
  readonly row_id: string;
  readonly malformed: boolean;
  readonly data: string | null;
}

/**
 * The rollback data that holds for a row: its own, or that of the apply it goes back to. A failed revert, a repair and the
 * end of a run that was interrupted add rows without data behind the one that has them.
 *
 * @param rowId `migration_history.id` as text
 * @returns `undefined` when there is none
 * @throws {MigratorError} `HISTORY_CORRUPT` when the data is not JSON, or the row is gone
 */
export async function readRollbackData(
  session: Session,
  tables: HistoryTables,
  rowId: string,
): Promise<unknown> {
  const found = await findRow(session, tables, rowId);
  if (found.malformed) throw corrupt(tables, found.row_id, 'has rollback data that is not JSON');
  return found.data === null ? undefined : (JSON.parse(found.data) as unknown);
}

/** The same as {@link readRollbackData}, as the text that is stored; also where it is not JSON. */
export async function readStoredRollbackData(
  session: Session,
  tables: HistoryTables,
  rowId: string,
): Promise<string | undefined> {
  return (await findRow(session, tables, rowId)).data ?? undefined;
}

async function findRow(session: Session, tables: HistoryTables, rowId: string): Promise<FoundRow> {
  const { rows } = await session
    .query<FoundRow>(
      `SELECT COALESCE(source.id, asked.id)::text AS row_id, source.data,
        COALESCE(source.malformed, false) AS malformed
      FROM ${tables.history} asked
      LEFT JOIN LATERAL (
        SELECT r.id, r.checksum_algorithm = 'legacy' AND r.error_code = 'HISTORY_CORRUPT' AS malformed,
          CASE WHEN r.id = asked.id OR r.state <> 'reverted' THEN r.rollback_data::text END AS data
        FROM ${tables.history} r
        WHERE r.environment = asked.environment AND r.project = asked.project
          AND r.version = asked.version AND r.attempt <= asked.attempt
          AND (r.rollback_data IS NOT NULL OR r.state = 'reverted'
            OR (r.state = 'applied' AND r.action IN ('apply', 'baseline'))
            OR (r.checksum_algorithm = 'legacy' AND r.error_code = 'HISTORY_CORRUPT'))
        ORDER BY r.attempt DESC LIMIT 1) source ON true
      WHERE asked.id = $1::text::bigint`,
      [rowId],
    )
    .catch((error: unknown) => {
      throw explainDenied(error, session, tables);
    });
  const found = rows[0];
  if (found === undefined) throw corrupt(tables, rowId, 'is not there any more');
  return found;
}

function corrupt(tables: HistoryTables, rowId: string, what: string): MigratorError {
  const where = `${tables.history} row ${rowId}`;
  return new MigratorError('HISTORY_CORRUPT', `Row ${rowId} of ${tables.history} ${what}.`, {
    hint: damageHint,
    where,
  });
}
