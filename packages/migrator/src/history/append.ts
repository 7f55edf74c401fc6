import { queryAsLogin } from '../database/as-login';
import type { Session } from '../database/database';
import { sqlState } from '../database/failure';
import { lockCondition } from '../database/lock';
import { IS_MARK } from '../database/transaction-mark';
import { MigratorError } from '../errors';
import { rowHash } from './chain';
import {
  changedColumns,
  historyColumns,
  insertNames,
  insertPlaceholders,
  insertValues,
  placeholderOf,
} from './columns';
import type { NewHistoryEntry } from './entry';
import { interferenceFlag, proveWritten, rowLost } from './interference';
import { explainDenied } from './permission';
import type { HistoryTables } from './tables';

/** What must still be true when a row is written inside a migration's transaction. */
export interface AppendGuard {
  /** The project's advisory lock, a bigint as decimal text. */
  readonly lockKey: string;
}

/** A query for one row with the two conditions of {@link AppendGuard}. */
interface GuardSql {
  readonly conditions: string;
}

const NO_GUARD: GuardSql = { conditions: 'SELECT true AS same_transaction, true AS lock_held' };

/**
 * Appends a row with its witness in one statement, and proves that it was written as it was sent. Secrets are removed from
 * its error and its claims.
 *
 * @throws {MigratorError} `CONCURRENT_RUN` when the attempt's number is taken: another runner was faster;
 *   `HISTORY_CORRUPT` when a trigger, a rule or row security keeps the row out or changes it; `PERMISSION_DENIED`
 */
export async function appendEntry(
  session: Session,
  tables: HistoryTables,
  entry: NewHistoryEntry,
): Promise<void> {
  await append(session, tables, entry, NO_GUARD);
}

/**
 * Appends a row in one round trip, provided that the transaction still is the one that was marked at its begin (a migration that
 * ends it itself would otherwise look successful) and that this session still holds the project's lock.
 *
 * @returns `appended`, or which of the two no longer holds; then nothing was written
 * @throws {MigratorError} as {@link appendEntry}
 */
export function appendGuarded(
  session: Session,
  tables: HistoryTables,
  entry: NewHistoryEntry,
  guard: AppendGuard,
): Promise<'appended' | 'transactionEscaped' | 'lockLost'> {
  return append(session, tables, entry, {
    conditions: `SELECT coalesce(pg_catalog.bool_or(${IS_MARK}), false) AS same_transaction,
        coalesce(pg_catalog.bool_or(${lockCondition(guard.lockKey)}), false) AS lock_held
      FROM pg_catalog.pg_locks held WHERE held.pid = pg_catalog.pg_backend_pid()`,
  });
}

async function append(
  session: Session,
  tables: HistoryTables,
  entry: NewHistoryEntry,
  guard: GuardSql,
): Promise<'appended' | 'transactionEscaped' | 'lockLost'> {
  try {
    const { rows } = await queryAsLogin<{
      outcome: 'appended' | 'transactionEscaped' | 'lockLost' | 'swallowed';
      row_id: string | null;
      watched: boolean;
    }>(session, appendSql(tables, guard), insertValues(entry));
    const [written] = rows;
    if (written === undefined || written.outcome === 'swallowed') {
      throw await rowLost(session, tables, entry, 'was not written');
    }
    if (written.outcome === 'appended' && written.watched && written.row_id !== null) {
      await proveWritten(session, tables, entry, written.row_id);
    }
    return written.outcome;
  } catch (error) {
    throw explainRefusal(error, session, tables, entry);
  }
}

/** What the message of a cast begins with that fails on purpose, so that a row which was changed on its way is not kept. */
const CHANGED = 'flashfusion: changed ';

/**
 * One statement: reads the newest hash of the chain, inserts the row, compares what the server stored with what was sent,
 * and inserts the witness. The project's lock keeps other writers of the chain away.
 */
function appendSql(tables: HistoryTables, guard: GuardSql): string {
  const stored = historyColumns.map(({ name }) => name).join(', ');
  const witness = 'row_id, environment, project, version, attempt, previous, hash';
  return `WITH guard AS MATERIALIZED (
      ${guard.conditions}
    ), newest AS MATERIALIZED (
      SELECT row_id, hash FROM ${tables.chain}
        WHERE environment = ${placeholderOf('environment')} AND project = ${placeholderOf('project')}
        ORDER BY row_id DESC LIMIT 1
    ), written AS (
      INSERT INTO ${tables.history} (${insertNames})
      SELECT ${insertPlaceholders} FROM guard WHERE same_transaction AND lock_held RETURNING ${stored}
    ), proof AS MATERIALIZED (
      SELECT w.id AS row_id, w.environment, w.project, w.version, w.attempt, n.hash AS previous,
        ${rowHash('w', 'n.hash')} AS hash,
        pg_catalog.concat_ws(', ', CASE WHEN w.id <= n.row_id THEN 'id' END, NULLIF(${changedColumns('w')}, ''),
          CASE WHEN w.database_user IS DISTINCT FROM SESSION_USER THEN 'database_user' END,
          CASE WHEN w.executed_at IS NULL OR w.executed_at < pg_catalog.statement_timestamp() - interval '1 minute'
            OR w.executed_at > pg_catalog.clock_timestamp() + interval '1 minute' THEN 'executed_at' END) AS changed
      FROM written w LEFT JOIN newest n ON true
    ), chained AS (
      INSERT INTO ${tables.chain} (${witness}) SELECT ${witness} FROM proof RETURNING ${witness}
    ), intact AS (
      SELECT p.row_id, CASE WHEN p.changed <> '' THEN p.changed
        WHEN NOT EXISTS (SELECT FROM chained c WHERE (c.*) IS NOT DISTINCT FROM
          (p.row_id, p.environment, p.project, p.version, p.attempt, p.previous, p.hash)) THEN 'hash' ELSE '' END AS changed
      FROM proof p
    )
    SELECT CASE
        WHEN NOT same_transaction THEN 'transactionEscaped'
        WHEN NOT lock_held THEN 'lockLost'
        WHEN i.row_id IS NULL THEN 'swallowed'
        WHEN i.changed = '' THEN 'appended'
        ELSE ('${CHANGED}' || i.changed)::integer::text
      END AS outcome, i.row_id::text AS row_id, ${interferenceFlag(tables)} AS watched
    FROM guard LEFT JOIN intact i ON true`;
}

function explainRefusal(
  error: unknown,
  session: Session,
  tables: HistoryTables,
  entry: NewHistoryEntry,
): unknown {
  const { constraint, routine, message } = (error ?? {}) as Record<string, unknown>;
  const state = sqlState(error);
  const text = typeof message === 'string' ? message : '';
  if (state === '22P02' && text.includes(CHANGED)) {
    const names = /changed ([\w, ]+)/.exec(text)?.[1] ?? 'it';
    return refused(entry, tables, `a trigger changed ${names} of it`, error);
  }
  // A rule cannot be combined with a statement that proves what it wrote.
  if (state === '0A000' || routine === 'RewriteQuery')
    return refused(entry, tables, 'a rule rewrites what is inserted', error);
  if (state === '42501' && routine === 'ExecWithCheckOptions')
    return refused(entry, tables, 'a row security policy refuses it', error);
  if (state !== '23505' || constraint !== 'migration_history_attempt_key') {
    return explainDenied(error, session, tables);
  }
  return new MigratorError(
    'CONCURRENT_RUN',
    `Attempt ${entry.attempt} of ${entry.id} in ${entry.environment} is already in the history: another runner wrote it after this one had looked.`,
    {
      hint: 'Run status, then the command again. If it happens twice, two runners do not share a lock: connect both directly, not through a pooler.',
      where: entry.id,
      cause: error,
    },
  );
}

function refused(
  entry: NewHistoryEntry,
  tables: HistoryTables,
  why: string,
  cause: unknown,
): MigratorError {
  return new MigratorError(
    'HISTORY_CORRUPT',
    `The row of ${entry.id} was not written to ${tables.history}: ${why}.`,
    {
      hint: `Remove triggers, rules and row security policies from ${tables.history} and ${tables.chain}, then run status.`,
      where: entry.id,
      cause,
    },
  );
}
