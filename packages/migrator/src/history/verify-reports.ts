import type { Session } from '../database/database';
import { sqlState } from '../database/failure';
import { explainDenied } from './permission';
import type { HistoryTables } from './tables';

/** One migration that a report says was applied or reverted: the history has a row of it. */
export interface ReportClaim {
  readonly file: string;
  readonly runId: string;
  readonly project: string;
  readonly environment: string;
  readonly databaseName?: string | undefined;
  readonly tenant?: string | undefined;
  readonly version: string;
  readonly action: 'apply' | 'revert';
  /** ISO 8601, UTC. */
  readonly finishedAt: string;
}

/**
 * Compares the history with what earlier runs reported: every migration that a run applied or reverted has a row of that run.
 * It finds rows that were deleted together with their witnesses, which the history alone cannot show.
 *
 * A run that ended before the history was created belongs to an earlier database. A `repair` row written after the run settles
 * what is missing.
 *
 * @returns the claims without their row, in the given order
 */
export async function verifyReports(
  session: Session,
  tables: HistoryTables,
  claims: readonly ReportClaim[],
): Promise<ReportClaim[]> {
  if (claims.length === 0) return [];
  try {
    const { rows } = await session.query<{ place: number }>(
      `SELECT c.place FROM pg_catalog.jsonb_to_recordset($1::text::jsonb)
          AS c(place integer, "runId" text, project text, environment text, version text, action text, "finishedAt" timestamptz)
        WHERE c."finishedAt" >= (SELECT pg_catalog.min(d.recorded_at) FROM ${tables.database} d)
          AND NOT EXISTS (SELECT FROM ${tables.history} h WHERE h.project = c.project AND h.version = c.version
            AND h.run_id = c."runId" AND h.action = c.action AND h.success)
          AND NOT EXISTS (SELECT FROM ${tables.history} r WHERE r.environment = c.environment AND r.project = c.project
            AND r.version = c.version AND r.action = 'repair' AND r.executed_at > c."finishedAt")
        ORDER BY c.place`,
      [JSON.stringify(claims.map((claim, place) => ({ place, ...claim })))],
    );
    return rows.flatMap(({ place }) => claims[place] ?? []);
  } catch (error) {
    // Not there yet, or still the original agent's table: no run of a report has written to it.
    if (['42P01', '42703', '3F000'].includes(sqlState(error) ?? '')) return [];
    throw explainDenied(error, session, tables);
  }
}
