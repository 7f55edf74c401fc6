import type { Session } from '../database/database';
import { sqlState } from '../database/failure';
import type { MigratorError } from '../errors';
import type { MigrationMode } from '../migration/types';
import { cancellation } from './call-migration';
import { explainFailure } from './explain-failure';
import { failedStatement } from './failed-statement';

/** Where and how a migration ran when it failed. */
export interface FailureContext {
  /** The migration's file. */
  readonly path: string;
  readonly mode: MigrationMode;
  /** The run's session, rolled back: a server is asked what a failure cannot say. */
  readonly session: Session;
  readonly signal: AbortSignal;
}

/**
 * As {@link explainFailure}, with the statement that failed, and with causes that only the server or the run knows: a statement
 * that this run canceled itself, and why a transaction is read-only. Never rejects.
 */
export async function explainRunFailure(
  thrown: unknown,
  { path, mode, session, signal }: FailureContext,
): Promise<MigratorError> {
  const state = sqlState(thrown);
  if (state === '57014' && signal.aborted) return cancellation();
  const statement = await failedStatement(thrown, path);
  const error = explainFailure(thrown, path, mode, statement);
  if (state !== '25006') return error;
  const hint = await readOnlyHint(session);
  return hint === undefined ? error : error.with({ hint });
}

/** Why the server refuses writes; `undefined` where it cannot be asked. */
async function readOnlyHint(session: Session): Promise<string | undefined> {
  if (session.closed) return undefined;
  try {
    const { rows } = await session.query<{ standby: boolean; setting: string }>(
      `SELECT pg_catalog.pg_is_in_recovery() AS standby,
              pg_catalog.current_setting('default_transaction_read_only') AS setting`,
    );
    const [row] = rows;
    if (row === undefined) return undefined;
    if (row.standby) {
      return 'The server is a standby, which accepts no writes. Use the url of the primary server.';
    }
    return row.setting === 'on'
      ? 'default_transaction_read_only is on for this session. Find what sets it (the migration, or ALTER ROLE or ALTER DATABASE) and remove it.'
      : 'The migration made its own transaction read-only. Remove SET TRANSACTION READ ONLY, or do the write before it.';
  } catch {
    return undefined;
  }
}
