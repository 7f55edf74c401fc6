import type { Session } from '../database/database';
import type { BegunStatement, FinishedStatement, HistoryAction, StatementRecord } from './entry';
import { explainDenied } from './permission';
import type { HistoryTables } from './tables';

/** Which attempts are asked for. */
export interface UnfinishedQuery {
  readonly environment: string;
  readonly project: string;
  readonly version: string;
  readonly action: HistoryAction;
}

/** A statement of `db.script` that the history says has finished. */
export interface RecordedStatement extends FinishedStatement {
  /** Checksum of the migration's file when the statement ran. */
  readonly checksum: string;
}

/** A statement that the newest row of its call says was begun: whether it has finished is not known. */
export interface UnendedStatement extends BegunStatement {
  /** Checksum of the migration's file when the statement was sent. */
  readonly checksum: string;
}

/** What the attempts of a migration since the last one that ended them (applied, retired or reverted) have left. */
export interface UnfinishedAttempts {
  /** In the order in which they were recorded. */
  readonly statements: readonly RecordedStatement[];
  /** At most one for each call. */
  readonly begun: readonly UnendedStatement[];
  /** The highest number of finished statements that a row claims. More than {@link statements} covers: written by format 1. */
  readonly finishedStatements: number;
  /** JSON text of the rollback data that was saved last; `undefined` where none was saved. */
  readonly rollbackData: string | undefined;
  /** `interrupted`: at least one of the runs never recorded how it ended. */
  readonly ended: 'failed' | 'interrupted';
  /** Number of the newest row of the migration, whatever its action; 0 where there is none. */
  readonly lastAttempt: number;
}

interface FoundRow {
  readonly checksum: string;
  readonly finished_statements: number;
  readonly finished_statement: StatementRecord | null;
}

/** Reads {@link UnfinishedAttempts} in one round trip. */
export async function readUnfinished(
  session: Session,
  tables: HistoryTables,
  { environment, project, version, action }: UnfinishedQuery,
): Promise<UnfinishedAttempts> {
  const of = 'r.environment = $1 AND r.project = $2 AND r.version = $3';
  const { rows } = await session
    .query<Record<'found' | 'rollback_data' | 'ended' | 'last_attempt', string | null>>(
      `WITH unfinished AS MATERIALIZED (
        SELECT r.* FROM ${tables.history} r
        WHERE ${of} AND r.action = $4 AND r.attempt > (
          SELECT COALESCE(pg_catalog.max(r.attempt), 0) FROM ${tables.history} r
          WHERE ${of} AND r.state NOT IN ('running', 'failed'))
      )
      SELECT
        (SELECT pg_catalog.json_agg(pg_catalog.json_build_object('checksum', u.checksum,
            'finished_statements', u.finished_statements, 'finished_statement', u.finished_statement) ORDER BY u.attempt)
          FROM unfinished u WHERE u.finished_statements > 0 OR u.finished_statement IS NOT NULL)::text AS found,
        (SELECT u.rollback_data::text FROM unfinished u WHERE u.rollback_data IS NOT NULL
          ORDER BY u.attempt DESC LIMIT 1) AS rollback_data,
        CASE WHEN EXISTS (SELECT FROM unfinished u GROUP BY u.run_id
            HAVING (pg_catalog.array_agg(u.state ORDER BY u.attempt DESC))[1] = 'running')
          THEN 'interrupted' ELSE 'failed' END AS ended,
        (SELECT COALESCE(pg_catalog.max(r.attempt), 0)::text FROM ${tables.history} r WHERE ${of}) AS last_attempt`,
      [environment, project, version, action],
    )
    .catch((error: unknown) => {
      throw explainDenied(error, session, tables);
    });
  const [row] = rows;
  const found = JSON.parse(row?.found ?? '[]') as FoundRow[];
  const records = found.flatMap(({ checksum, finished_statement }) =>
    finished_statement === null ? [] : [{ ...finished_statement, checksum }],
  );
  return {
    statements: records.filter((record) => record.state !== 'begun'),
    begun: unended(records),
    finishedStatements: Math.max(0, ...found.map((each) => each.finished_statements)),
    rollbackData: row?.rollback_data ?? undefined,
    ended: row?.ended === 'interrupted' ? 'interrupted' : 'failed',
    lastAttempt: Number(row?.last_attempt ?? 0),
  };
}

/**
 * The calls whose newest row says that a statement began. A statement of its kind that a corrected file began later, in
 * another call, has taken its place.
 */
function unended(records: readonly (RecordedStatement | UnendedStatement)[]): UnendedStatement[] {
  const newest = new Map(records.map((record) => [record.call, record]));
  return [...newest.values()]
    .filter((record) => record.state === 'begun')
    .filter((record) => {
      const later = records.slice(records.indexOf(record) + 1);
      return !later.some(
        (other) =>
          other.state === 'begun' &&
          other.kind === record.kind &&
          other.checksum !== record.checksum,
      );
    });
}
