import { describeValue, MigratorError } from '../errors';
import type { HistoryEntry } from '../history/entry';
import { serializeRollbackData } from '../migration/rollback-data';
import type { Migration, MigrationContext } from '../migration/types';
import type { PlanStep } from '../plan/types';
import type { Change } from './change';
import type { MigrationHandle } from './migration-handle';
import { NOTHING_FINISHED } from './script-progress';

/**
 * The change that applies a migration: `up`, then `validate`.
 *
 * @param entries latest history rows, to go on behind the statements that an earlier attempt had finished
 */
export function applyChange(step: PlanStep<Migration>, entries: readonly HistoryEntry[]): Change {
  const { migration, attempt } = step;
  const before = entries.find(({ id }) => id === migration.id);
  const unfinished = before?.state === 'failed' || before?.state === 'running';
  return {
    action: 'apply',
    migration,
    attempt,
    finished: unfinished
      ? { count: before.finishedStatements, digest: before.finishedDigest }
      : NOTHING_FINISHED,
    states: { done: 'applied', failed: 'failed' },
    call: (handle, context) => applyAndValidate(migration, handle, context),
  };
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
