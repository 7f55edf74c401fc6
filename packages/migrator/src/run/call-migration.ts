import { describeThrown, describeValue, MigratorError, readProperty } from '../errors';
import { reviveRollbackData } from '../migration/stored-json';
import type { Migration, MigrationContext, MigrationLogger } from '../migration/types';
import { foreignText } from '../text/inert';
import { withExitGuard } from '../source/guard-exit';
import type { EarlierAttempts } from './earlier-attempts';
import type { RunListener } from './events';
import type { MigrationHandle } from './migration-handle';
import { failOnStrayErrors } from './stray-errors';

/** What the code of a migration is called with, and what may end it early. */
export interface CallOptions {
  readonly migration: Migration;
  readonly handle: MigrationHandle;
  readonly environment: string;
  readonly onEvent: RunListener;
  readonly signal: AbortSignal;
  readonly earlier: EarlierAttempts;
  readonly saveRollbackData: (data: unknown) => Promise<void>;
}

/** The `agent` argument of `up`, `down` and `validate`. */
export function migrationContext(options: CallOptions): MigrationContext {
  const { migration, onEvent } = options;
  const log = (level: 'debug' | 'info' | 'warn' | 'error') => (message: unknown) =>
    onEvent({ type: 'migration-log', id: migration.id, level, message: textOf(message) });
  const logger: MigrationLogger = {
    debug: log('debug'),
    info: log('info'),
    warn: log('warn'),
    error: log('error'),
  };
  return {
    environment: options.environment,
    project: migration.project,
    logger,
    signal: options.signal,
    saveRollbackData: options.saveRollbackData,
    savedRollbackData: parsed(options.earlier.rollbackData),
  };
}

/** Migrations in JavaScript log anything, of any size. */
function textOf(message: unknown): string {
  if (typeof message === 'string') return foreignText(message);
  return typeof readProperty(message, 'message') === 'string'
    ? describeThrown(message)
    : describeValue(message);
}

function parsed(json: string | undefined): unknown {
  return json === undefined ? undefined : reviveRollbackData(JSON.parse(json));
}

/**
 * Runs a function of a migration: until it has settled and every query it started is answered, or until the run is
 * cancelled. `process.exit` in it becomes an error, since it would skip the rollback's record; so does an error that it leaves
 * uncaught.
 *
 * @throws what the function throws; {@link MigratorError} `CANCELLED`, `PROCESS_EXIT`
 */
export async function callMigration<T>(
  options: CallOptions,
  body: () => T | Promise<T>,
): Promise<T> {
  const { migration, handle, signal, onEvent } = options;
  const owner = { id: migration.id, path: migration.file.path, onEvent };
  return withExitGuard(() =>
    failOnStrayErrors(owner, () =>
      untilCancelled(signal, async () => {
        const value = await body();
        await handle.drain();
        return value;
      }),
    ),
  );
}

function untilCancelled<T>(signal: AbortSignal, body: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const refuse = () => reject(cancellation());
    if (signal.aborted) return refuse();
    signal.addEventListener('abort', refuse, { once: true });
    // A cancelled body may settle late or never; by then nobody listens any more.
    body()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', refuse));
  });
}

/** The error of a run that was asked to stop. */
export function cancellation(): MigratorError {
  return new MigratorError('CANCELLED', 'The run was cancelled.', {
    hint: 'What was applied before stays applied. Migrate again to go on.',
  });
}
