import { isNativeError } from 'node:util/types';
import { MigratorError, type Problem } from '../errors';
import { reviveRollbackData } from '../migration/stored-json';
import type { Migration } from '../migration/types';
import type { PlanStep } from '../plan/types';
import { scriptProgress, type Change } from './change';
import { NO_EARLIER_ATTEMPTS, type EarlierAttempts } from './earlier-attempts';
import { explainNoRollbackData } from './explain-failure';
import { namesInUp } from './long-names-of-up';
import { MessageLog } from './message-log';

/**
 * The change that reverts a migration: its `down`, with the data that its `up` had stored.
 *
 * @param earlier what earlier attempts to revert it have left
 * @throws {MigratorError} `NO_DOWN`; `SCRIPT_CHANGED` if it cannot be told which statements have finished
 */
export function revertChange(
  step: PlanStep<Migration>,
  rollbackData: unknown,
  earlier: EarlierAttempts = NO_EARLIER_ATTEMPTS,
): Change {
  const { migration, attempt } = step;
  const { down } = migration;
  if (down === undefined) throw MigratorError.fromProblems([noDown(migration)]);
  const change: Change = {
    action: 'revert',
    migration,
    attempt,
    earlier,
    messages: new MessageLog(migration.id),
    recorded: { executionTimeMs: undefined },
    acceptsTruncated: namesInUp(migration.file.path),
    // A revert that fails inside its transaction leaves the migration applied.
    states: {
      done: 'reverted',
      failed: migration.downMode === 'transaction' ? 'applied' : 'failed',
    },
    async call(handle, context) {
      try {
        await down(handle, context, reviveRollbackData(rollbackData));
      } catch (error) {
        const lacksData = rollbackData === undefined && isTypeError(error);
        throw lacksData ? explainNoRollbackData(error, migration.file.path) : error;
      }
      return undefined;
    },
  };
  scriptProgress(change);
  return change;
}

/** By its kind and name: the migration's may be of another realm. */
function isTypeError(error: unknown): error is TypeError {
  return isNativeError(error) && error.name === 'TypeError';
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
