import type { Session } from '../database/database';
import { selectColumns } from './columns';
import type { HistoryEntry } from './entry';
import { explainDenied } from './permission';
import { toEntry, type RawRow } from './row';
import type { HistoryTables } from './tables';

/** A row that holds a part of a migration's state. */
export interface RowToCarry {
  readonly entry: HistoryEntry;
  /** `settled`: the newest finished attempt; `unfinished`: a failed or running one after it. */
  readonly kind: 'settled' | 'unfinished';
  /** Whether rollback data may hold for the row, so that it has to be asked for. */
  readonly hasData: boolean;
}

/**
 * Reads the rows that hold the state of every migration of an environment. Rollback data is left out: it may be large.
 *
 * @param format format of the table
 */
export async function readRowsToCarry(
  session: Session,
  tables: HistoryTables,
  environment: string,
  format: number,
): Promise<RowToCarry[]> {
  const { rows } = await session
    .query<{ row: string; kind: RowToCarry['kind']; has_data: boolean }>(
      `SELECT pg_catalog.row_to_json(r)::text AS row, kind, has_data FROM (
        SELECT ${selectColumns('full', format)}, project AS by_project, version AS by_version, attempt AS by_attempt,
          CASE WHEN attempt = settled THEN 'settled' ELSE 'unfinished' END AS kind,
          rollback_data IS NOT NULL OR (attempt = settled AND attempt > 1) AS has_data
        FROM (SELECT h.*, pg_catalog.max(attempt) FILTER (WHERE state NOT IN ('running', 'failed'))
            OVER (PARTITION BY project, version) AS settled
          FROM ${tables.history} h WHERE environment = $1) h
        WHERE attempt >= COALESCE(settled, 1)) r
      ORDER BY by_project, by_version, by_attempt`,
      [environment],
    )
    .catch((error: unknown) => {
      throw explainDenied(error, session, tables);
    });
  return rows.map(({ row, kind, has_data }) => ({
    entry: toEntry(JSON.parse(row) as RawRow),
    kind,
    hasData: has_data,
  }));
}
