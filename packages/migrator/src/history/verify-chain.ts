import type { Session } from '../database/database';
import { sqlState } from '../database/failure';
import type { Problem } from '../errors';
import { rowHash } from './chain';
import { historyProblem } from './gaps';
import { explainDenied } from './permission';
import type { HistoryTables } from './tables';

/** Which chain, and how many of its rows are named at most. */
export interface VerifyOptions {
  readonly environment: string;
  readonly project: string;
  readonly limit: number;
}

interface BrokenRow {
  readonly row_id: string;
  readonly version: string | null;
  readonly attempt: number | null;
  readonly fault: 'deleted' | 'edited' | 'unlinked' | 'foreign';
}

/**
 * Verifies a project's chain on the server, in one statement and without shipping rows: every row must have the hash that
 * its witness holds, and every witness must follow the one before it.
 *
 * A `repair` row of a migration settles what is broken in the rows before it. It is verified like any other row.
 *
 * @returns the rows that do not fit, first one first; empty where the history has no chain yet
 */
export async function verifyChain(
  session: Session,
  tables: HistoryTables,
  { environment, project, limit }: VerifyOptions,
): Promise<Problem[]> {
  try {
    const { rows } = await session.query<BrokenRow>(verifySql(tables), [
      environment,
      project,
      String(limit),
    ]);
    return rows.map((row) =>
      historyProblem(`${project}:${row.version ?? ''}`, tables.history, faultOf(row, tables)),
    );
  } catch (error) {
    // Not there yet, or still of a format without witnesses.
    if (sqlState(error) === '42P01') return [];
    throw explainDenied(error, session, tables);
  }
}

function faultOf({ row_id, attempt, fault }: BrokenRow, tables: HistoryTables): string {
  const row = `row ${row_id} (attempt ${attempt ?? 'NULL'})`;
  switch (fault) {
    case 'deleted':
      return `${row} was deleted`;
    case 'edited':
      return `${row} was edited: it does not have the hash that was recorded when it was written`;
    case 'unlinked':
      return `${row} does not follow the row before it: rows between them were deleted from both tables, or two runners without a common lock wrote them`;
    case 'foreign':
      return `${row} was not written by the migrator, or its witness in ${tables.chain} was deleted`;
  }
}

/** Both parts read their table in the order of the ids, and only the first rows that do not fit are kept in memory. */
function verifySql(tables: HistoryTables): string {
  return `WITH chained AS (
      SELECT c.*, pg_catalog.lag(c.hash) OVER (ORDER BY c.row_id) AS newest
      FROM ${tables.chain} c WHERE c.environment = $1::text AND c.project = $2::text
    ), broken AS (
      SELECT c.row_id, c.version, c.attempt,
        CASE WHEN h.id IS NULL THEN 'deleted'
          WHEN (h.environment, h.project, h.version, h.attempt) IS DISTINCT FROM (c.environment, c.project, c.version, c.attempt)
            OR ${rowHash('h', 'c.previous')} IS DISTINCT FROM c.hash THEN 'edited'
          WHEN c.previous IS DISTINCT FROM c.newest THEN 'unlinked' END AS fault
      FROM chained c LEFT JOIN ${tables.history} h ON h.id = c.row_id
      UNION ALL
      SELECT h.id, h.version, h.attempt, 'foreign' FROM ${tables.history} h
      WHERE h.environment = $1::text AND h.project = $2::text
        AND NOT EXISTS (SELECT FROM ${tables.chain} c WHERE c.row_id = h.id)
    )
    SELECT b.row_id::text AS row_id, b.version, b.attempt, b.fault FROM broken b
    WHERE b.fault IS NOT NULL AND NOT EXISTS (
      SELECT FROM ${tables.history} r WHERE r.environment = $1::text AND r.project = $2::text
        AND r.version = b.version AND r.action = 'repair' AND r.id > b.row_id)
    ORDER BY b.row_id LIMIT $3::text::bigint`;
}
