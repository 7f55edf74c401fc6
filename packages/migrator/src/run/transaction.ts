import type { QueryOptions, QueryResult, Session } from '../database/database';
import { isConnectionLost } from '../database/failure';
import { searchPath, setConfigCalls } from '../database/session-settings';
import { MARK_TRANSACTION } from '../database/transaction-mark';
import { MigratorError } from '../errors';

/** How long a statement may wait and run. In milliseconds, 0 = no limit. */
export interface StatementLimits {
  readonly lockTimeoutMs: number;
  readonly statementTimeoutMs: number;
}

/** Settings that hold inside a migration, whatever an earlier one has set. */
export interface MigrationLimits extends StatementLimits {
  readonly searchPath: readonly string[];
}

/** Whether a change that was sent with its COMMIT is in the database. */
export type CommitOutcome =
  | { readonly kind: 'committed' }
  | { readonly kind: 'rolled-back'; readonly error: unknown }
  /** The connection died before the answer: Postgres may or may not have committed. */
  | { readonly kind: 'unknown'; readonly error: unknown };

/**
 * Returns the session to its initial state, applies the migration's limits and begins a transaction, in one message. The new
 * transaction has no snapshot yet, so that `SET TRANSACTION` works as the migration's first statement.
 *
 * @throws {MigratorError} `PERMISSION_DENIED` where no schema of the path can be used, `POOLED_CONNECTION`
 */
export async function begin(session: Session, limits: MigrationLimits): Promise<void> {
  // The first BEGIN makes one transaction of all resets, which COMMIT keeps if the migration is rolled back.
  const results = await session.batch(
    `BEGIN; ${restored(session, limits)}; COMMIT; BEGIN; ${MARK_TRANSACTION}`,
  );
  refuseNowhere(schemaOf(results), limits);
}

/** Where no schema of the path can be used, tables would be created among the temporary ones and vanish with the session. */
function refuseNowhere(schema: unknown, { searchPath }: MigrationLimits): void {
  if (typeof schema === 'string' && !schema.startsWith('pg_temp')) return;
  throw new MigratorError(
    'PERMISSION_DENIED',
    `None of the schemas ${searchPath.join(', ')} can be used by this database user: they do not exist, or USAGE is not granted.`,
    { hint: 'Create the schema, or grant USAGE and CREATE on it.' },
  );
}

/**
 * Returns the session to its initial state between two migrations of one transaction. The isolation level and the state of
 * SET CONSTRAINTS belong to the transaction and stay.
 */
export async function limitTransaction(session: Session, limits: MigrationLimits): Promise<void> {
  await session.batch(restored(session, limits));
}

/**
 * Returns the session to its initial state, outside a transaction, and applies the limits of a migration.
 *
 * @returns throws {@link MigratorError} `PERMISSION_DENIED` where no schema of the path can be used
 */
export async function resetSession(
  session: Session,
  limits: MigrationLimits,
): Promise<{ refuseNowhere(): void }> {
  const schema = schemaOf(await session.batch(`BEGIN; ${restored(session, limits)}; COMMIT`));
  return { refuseNowhere: () => refuseNowhere(schema, limits) };
}

/** Returns the session to its initial state, outside a transaction. */
export async function restoreSession(session: Session): Promise<void> {
  await session.batch(`BEGIN; ${session.restoreSql}; COMMIT`);
}

/** Exchanges the limits of a session for others. One that the migration has set by itself stays as it is. */
export async function exchangeLimits(
  session: Session,
  inForce: StatementLimits,
  wanted: StatementLimits,
): Promise<void> {
  await session.query(
    `SELECT pg_catalog.set_config(name, wanted, false) FROM pg_catalog.pg_settings
      JOIN (VALUES ('lock_timeout', $1, $2), ('statement_timeout', $3, $4)) AS exchanged (name, in_force, wanted)
      USING (name) WHERE setting = in_force`,
    [
      inForce.lockTimeoutMs,
      wanted.lockTimeoutMs,
      inForce.statementTimeoutMs,
      wanted.statementTimeoutMs,
    ].map(String),
  );
}

/** Commits and says what is known of the outcome. Never rejects. */
export async function commit(session: Session, options?: QueryOptions): Promise<CommitOutcome> {
  try {
    const { command } = await session.query('COMMIT', undefined, options);
    // Postgres answers the COMMIT of an aborted transaction with success and the tag ROLLBACK.
    if (command === 'COMMIT') return { kind: 'committed' };
    return {
      kind: 'rolled-back',
      error: new MigratorError(
        'TRANSACTION_ABORTED',
        `The database answered COMMIT with ${command}: a statement of the transaction had failed.`,
        {
          hint: 'Let errors of db.query pass, or put the statement that may fail behind a SAVEPOINT.',
        },
      ),
    };
  } catch (error) {
    // An SQLSTATE such as 23503 (a deferred constraint) is the server's word that nothing was committed.
    return { kind: isConnectionLost(error) ? 'unknown' : 'rolled-back', error };
  }
}

/**
 * Whether a transaction is open. Sends no query where the driver knows the answer. Otherwise: a setting that is local to a
 * transaction is still there for the next statement only inside one.
 */
export async function hasOpenTransaction(session: Session): Promise<boolean> {
  if (session.transactionStatus !== 'unknown') return session.transactionStatus !== 'idle';
  await session.query("SELECT pg_catalog.set_config('flashfusion.open', 'yes', true)");
  const { rows } = await session.query<{ open: boolean | null }>(
    "SELECT pg_catalog.current_setting('flashfusion.open', true) = 'yes' AS open",
  );
  return rows[0]?.open === true;
}

/** Rolls back if the connection still lives; a dead one has rolled back by itself. Never rejects. */
export async function rollback(session: Session): Promise<void> {
  if (session.closed) return;
  try {
    await session.query('ROLLBACK');
  } catch {
    // The connection went away with its transaction: the state that was asked for.
  }
}

function restored(session: Session, limits: MigrationLimits): string {
  const values = setConfigCalls({
    search_path: searchPath(limits.searchPath),
    lock_timeout: String(limits.lockTimeoutMs),
    statement_timeout: String(limits.statementTimeoutMs),
  });
  return `${session.restoreSql}; SELECT ${values}, pg_catalog.current_schema() AS schema`;
}

function schemaOf(results: readonly QueryResult<Record<string, unknown>>[]): unknown {
  return results.flatMap(({ rows }) => rows).find((row) => 'schema' in row)?.['schema'];
}
