import { MigratorError, type Problem } from '../errors';
import type { Migration } from '../migration/types';
import type { PlanStep } from '../plan/types';
import type { Change } from './change';
import { NOTHING_FINISHED } from './script-progress';

/**
 * The change that reverts a migration: its `down`, with the data that its `up` had stored.
 *
 * @throws {MigratorError} `NO_DOWN`
 */
export function revertChange(step: PlanStep<Migration>, rollbackData: unknown): Change {
  const { migration, attempt } = step;
  const { down } = migration;
  if (down === undefined) throw MigratorError.fromProblems([noDown(migration)]);
  return {
    action: 'revert',
    migration,
    attempt,
    finished: NOTHING_FINISHED,
    // A revert that fails inside its transaction leaves the migration applied.
    states: {
      done: 'reverted',
      failed: migration.mode === 'transaction' ? 'applied' : 'failed',
    },
    async call(handle, context) {
      await down(handle, context, rollbackData);
      return undefined;
    },
  };
}

/** What is wrong with reverting a migration that has no `down`. */
export function noDown({ id, name, file }: Migration): Problem {
  return {
    code: 'NO_DOWN',
    message: `${id} (${name}) has no down function, so it cannot be reverted.`,
    hint: 'Write a new migration that undoes it. (Adding down changes the file: repair then accepts its new checksum.)',
    where: file.path,
  };
}
