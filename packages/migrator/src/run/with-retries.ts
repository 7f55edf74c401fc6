import { setTimeout as sleep } from 'node:timers/promises';
import type { MigratorError } from '../errors';
import type { Change, ChangeFailure, RunScope } from './change';
import { recordFailure } from './record';

/** Milliseconds before the first retry; doubled each time, with up to as much again at random. */
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 30_000;

/** A transaction that failed, and the change that the failure is laid to. */
export type FailedAttempt = ChangeFailure & { readonly change: Change };

/**
 * Runs a transaction, again and again while a lock timeout or a deadlock ends it and retries are left, and records the
 * failure that remains. One whose outcome is unknown is not recorded: the row may be there already.
 *
 * @param attempt runs the whole transaction once; is given the moment when it was begun, by `performance.now()`
 */
export async function withRetries<Done extends { readonly kind: 'done' }>(
  scope: RunScope,
  attempt: (started: number) => Promise<Done | FailedAttempt>,
): Promise<Done | FailedAttempt> {
  for (let retry = 1; ; retry += 1) {
    const started = performance.now();
    const outcome = await attempt(started);
    if (outcome.kind === 'done') return outcome;
    const { change, error } = outcome;
    if (mayRetry(scope, error, retry)) {
      await pauseBefore(scope, change, retry, error);
      continue;
    }
    if (error.code !== 'OUTCOME_UNKNOWN') {
      const executionTimeMs = performance.now() - started;
      await recordFailure(scope, change, () =>
        Promise.resolve({
          state: change.states.failed,
          success: false,
          attempt: change.attempt,
          executionTimeMs,
          rollbackData: undefined,
          error,
          finishedStatements: 0,
        }),
      );
    }
    return outcome;
  }
}

/** Whether a failure goes away by itself: a lock timeout or a deadlock, as long as there are retries left. */
function mayRetry({ lockRetries, signal }: RunScope, error: MigratorError, retry: number) {
  return error.code === 'LOCK_TIMEOUT' && retry <= lockRetries && !signal.aborted;
}

/** Tells that the transaction is run again, and waits: the longer, the more often it was tried. */
async function pauseBefore(
  scope: RunScope,
  change: Change,
  retry: number,
  error: MigratorError,
): Promise<void> {
  const pauseMs = Math.round(
    Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (retry - 1)) * (1 + Math.random()),
  );
  scope.onEvent({
    type: 'migration-retrying',
    id: change.migration.id,
    error,
    retry,
    retries: scope.lockRetries,
    pauseMs,
  });
  // Aborting ends the pause; the next attempt then reports the cancellation.
  await sleep(pauseMs, undefined, { signal: scope.signal }).catch(() => undefined);
}
