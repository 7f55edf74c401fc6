import type { Session } from '../database/database';
import { sqlState } from '../database/failure';
import { lockHeldSql } from '../database/lock';
import { MigratorError } from '../errors';
import { insertCount, insertNames, insertPlaceholders, insertValues } from './columns';
import type { NewHistoryEntry } from './entry';
import { explainDenied } from './permission';
import type { HistoryTables } from './tables';

/** What must still be true when a row is written inside a migration's transaction. */
export interface AppendGuard {
  /** `pg_current_xact_id()` as text, taken right after BEGIN. */
  readonly transactionId: string;
  /** The project's advisory lock, a bigint as decimal text. */
  readonly lockKey: string;
}

/**
 * Appends a row. Secrets are removed from its error and its claims.
 *
 * @throws {MigratorError} `CONCURRENT_RUN` when the attempt's number is taken: another runner was faster;
 *   `PERMISSION_DENIED`
 */
export async function appendEntry(
  session: Session,
  tables: HistoryTables,
  entry: NewHistoryEntry,
): Promise<void> {
  try {
    await session.query(
      `INSERT INTO ${tables.history} (${insertNames}) VALUES (${insertPlaceholders})`,
      insertValues(entry),
    );
  } catch (error) {
    throw explainRefusal(error, session, tables, entry);
  }
}

/**
 * Appends a row in one round trip, provided that the transaction still is the one that was begun (a migration that ends it
 * itself would otherwise look successful) and that this session still holds the project's lock.
 *
 * @returns `appended`, or which of the two no longer holds; then nothing was written
 * @throws {MigratorError} as {@link appendEntry}
 */
export async function appendGuarded(
  session: Session,
  tables: HistoryTables,
  entry: NewHistoryEntry,
  guard: AppendGuard,
): Promise<'appended' | 'transactionEscaped' | 'lockLost'> {
  const sql = `WITH guard AS MATERIALIZED (
      SELECT pg_catalog.pg_current_xact_id()::text = $${insertCount + 1}::text AS same_transaction,
        (${lockHeldSql(guard.lockKey)}) AS lock_held
    ), appended AS (
      INSERT INTO ${tables.history} (${insertNames})
      SELECT ${insertPlaceholders} FROM guard WHERE same_transaction AND lock_held RETURNING id
    )
    SELECT CASE
      WHEN NOT same_transaction THEN 'transactionEscaped'
      WHEN NOT lock_held THEN 'lockLost'
      WHEN EXISTS (SELECT FROM appended) THEN 'appended'
    END AS outcome FROM guard`;
  try {
    const { rows } = await session.query<{
      outcome: 'appended' | 'transactionEscaped' | 'lockLost' | null;
    }>(sql, [...insertValues(entry), guard.transactionId]);
    const outcome = rows[0]?.outcome;
    if (outcome === undefined || outcome === null) {
      throw new MigratorError(
        'HISTORY_CORRUPT',
        `${tables.history} swallowed the row of ${entry.id}: a rule or trigger on it keeps rows from being written.`,
        { hint: `Remove rules and triggers from ${tables.history}.` },
      );
    }
    return outcome;
  } catch (error) {
    throw explainRefusal(error, session, tables, entry);
  }
}

function explainRefusal(
  error: unknown,
  session: Session,
  tables: HistoryTables,
  entry: NewHistoryEntry,
): unknown {
  const constraint = (error as { constraint?: unknown } | null)?.constraint;
  if (sqlState(error) !== '23505' || constraint !== 'migration_history_attempt_key') {
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
