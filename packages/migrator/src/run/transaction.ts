import type { Session } from '../database/database';
import { isConnectionLost } from '../database/failure';
import { quoteLiteral } from '../database/identifier';
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
 * Begins a transaction with fresh settings in one round trip.
 *
 * @returns the id of the transaction, to be compared before history is written: a migration that ends its own
 * transaction would otherwise look successful
 * @throws {MigratorError} `PERMISSION_DENIED` where no schema of the path can be used
 */
export async function begin(session: Session, limits: MigrationLimits): Promise<string> {
  const { rows } = await session.query<{ transaction_id: string; schema: string | null }>(
    `RESET ROLE; BEGIN; SELECT ${settings(limits, 'transaction')}; ` +
      'SELECT pg_catalog.pg_current_xact_id()::text AS transaction_id, pg_catalog.current_schema() AS schema',
  );
  const [row] = rows;
  refuseNowhere(row?.schema, limits);
  return String(row?.transaction_id);
}

/** Where no schema of the path can be used, tables would be created among the temporary ones and vanish with the session. */
function refuseNowhere(schema: string | null | undefined, { searchPath }: MigrationLimits): void {
  if (schema && !schema.startsWith('pg_temp')) return;
  throw new MigratorError(
    'PERMISSION_DENIED',
    `None of the schemas ${searchPath.join(', ')} can be used by this database user: they do not exist, or USAGE is not granted.`,
    { hint: 'Create the schema, or grant USAGE and CREATE on it.' },
  );
}

/** Puts the settings of one migration in force inside a transaction that holds several. */
export async function limitTransaction(session: Session, limits: MigrationLimits): Promise<void> {
  await session.query(`RESET ROLE; SELECT ${settings(limits, 'transaction')}`);
}

/**
 * Puts the settings in force for a migration that runs without a transaction.
 *
 * @throws {MigratorError} `PERMISSION_DENIED` where no schema of the path can be used
 */
export async function enterSession(session: Session, limits: MigrationLimits): Promise<void> {
  await resetSession(session, limits);
  const { rows } = await session.query<{ schema: string | null }>(
    'SELECT pg_catalog.current_schema() AS schema',
  );
  refuseNowhere(rows[0]?.schema, limits);
}

/** Puts the session's settings back behind a migration that ran without a transaction. */
export async function resetSession(session: Session, limits: MigrationLimits): Promise<void> {
  await session.query(`RESET ROLE; SELECT ${settings(limits, 'session')}`);
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
export async function commit(session: Session): Promise<CommitOutcome> {
  try {
    const { command } = await session.query('COMMIT');
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
 * Whether a transaction is open: a setting that is local to a transaction is still there for the next statement only then.
 * (Comparing clocks does not do: PGlite's goes in milliseconds.)
 */
export async function hasOpenTransaction(session: Session): Promise<boolean> {
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

function settings(limits: MigrationLimits, scope: 'transaction' | 'session'): string {
  const local = scope === 'transaction' ? 'true' : 'false';
  // pg_temp last, so that a temporary table can never take the place of a real one.
  const path = [
    ...limits.searchPath.map((schema) => `"${schema.replaceAll('"', '""')}"`),
    'pg_temp',
  ];
  const values = {
    search_path: path.join(', '),
    lock_timeout: String(limits.lockTimeoutMs),
    statement_timeout: String(limits.statementTimeoutMs),
  };
  return Object.entries(values)
    .map(([name, value]) => `pg_catalog.set_config('${name}', ${quoteLiteral(value)}, ${local})`)
    .join(', ');
}
