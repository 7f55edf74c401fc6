import { describeValue, MigratorError } from '../errors';
import { serializeRollbackData } from '../migration/rollback-data';
import type { Migration, MigrationContext } from '../migration/types';
import type { PlanStep } from '../plan/types';
import { scriptProgress, type Change } from './change';
import { NO_EARLIER_ATTEMPTS, type EarlierAttempts } from './earlier-attempts';
import { MessageLog } from './message-log';
import type { MigrationHandle } from './migration-handle';

/**
 * The change that applies a migration: `up`, then `validate`.
 *
 * @param earlier what earlier attempts have left: their finished statements are skipped, their rollback data is kept
 * @throws {MigratorError} `SCRIPT_CHANGED` if it cannot be told which statements have finished
 */
export function applyChange(
  { migration, attempt }: PlanStep<Migration>,
  earlier: EarlierAttempts = NO_EARLIER_ATTEMPTS,
): Change {
  const change: Change = {
    action: 'apply',
    migration,
    attempt,
    earlier,
    messages: new MessageLog(migration.id),
    recorded: { executionTimeMs: undefined },
    acceptsTruncated: () => false,
    states: { done: 'applied', failed: 'failed' },
    call: (handle, context) => applyAndValidate(migration, handle, context),
  };
  scriptProgress(change);
  return change;
}

async function applyAndValidate(
  migration: Migration,
  handle: MigrationHandle,
  context: MigrationContext,
): Promise<string | undefined> {
  // Checked before `validate`, so that data which JSON cannot hold undoes the change it belongs to.
  const rollbackData = serializeRollbackData(await migration.up(handle, context));
  await handle.drain();
  if (migration.validate === undefined) return rollbackData;
  const valid = await migration.validate(handle, context);
  // Files of the original agent may return anything that is true enough.
  if (valid) return rollbackData;
  throw new MigratorError(
    'VALIDATION_FAILED',
    `validate of ${migration.id} returned ${describeValue(valid)}: the database is not as the migration promises.`,
    { hint: 'Correct up or validate, then migrate again.', where: migration.file.path },
  );
}
