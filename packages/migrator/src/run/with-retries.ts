import { setTimeout as sleep } from 'node:timers/promises';
import type { ErrorCode, MigratorError } from '../errors';
import type { Change, ChangeFailure, RunScope } from './change';
import { recordFailure } from './record';

/** How failures that go away by themselves are retried. Pauses are in milliseconds, with up to as much again at random. */
interface RetryRule {
  /** Doubled with each retry. */
  readonly firstPause: number;
  readonly longestPause: number;
  /** How many retries one `lockRetries` stands for. */
  readonly factor: number;
}

const RULES: Partial<Record<ErrorCode, RetryRule>> = {
  LOCK_TIMEOUT: { firstPause: 500, longestPause: 30_000, factor: 1 },
  // Of several sessions that change one object, one succeeds each time: many of them need many short rounds.
  CONCURRENT_CHANGE: { firstPause: 50, longestPause: 2_000, factor: 5 },
};

/** A transaction that failed, and the change that the failure is laid to. */
export type FailedAttempt = ChangeFailure & { readonly change: Change };

/**
 * Runs a transaction, again and again while a lock timeout, a deadlock or a concurrent change ends it and retries are left, and
 * records the failure that remains. One whose outcome is unknown is not recorded: the row may be there already.
 *
 * @param attempt runs the whole transaction once; is given the moment when it was begun, by `performance.now()`
 */
export async function withRetries<Done extends { readonly kind: 'done' }>(
  scope: RunScope,
  attempt: (started: number) => Promise<Done | FailedAttempt>,
): Promise<Done | FailedAttempt> {
  const retries = new Map<ErrorCode, number>();
  let previous: MigratorError | undefined;
  for (;;) {
    let started = performance.now();
    const begin = () => attempt((started = performance.now()));
    // Those that met on one object meet again if all of them retry at once.
    const outcome =
      previous?.code === 'CONCURRENT_CHANGE' ? await scope.retryTurns.take(begin) : await begin();
    if (outcome.kind === 'done') return outcome;
    const { change, error } = outcome;
    const retry = (retries.get(error.code) ?? 0) + 1;
    retries.set(error.code, retry);
    if (mayRetry(scope, error, retry)) {
      await pauseBefore(scope, change, retry, error);
      previous = error;
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

/** Whether a failure goes away by itself, as long as there are retries left. */
function mayRetry(scope: RunScope, { code }: MigratorError, retry: number): boolean {
  return RULES[code] !== undefined && retry <= retriesFor(scope, code) && !scope.signal.aborted;
}

function retriesFor({ lockRetries }: RunScope, code: ErrorCode): number {
  return lockRetries * (RULES[code]?.factor ?? 0);
}

/** Tells that the transaction is run again, and waits: the longer, the more often it was tried. */
async function pauseBefore(
  scope: RunScope,
  change: Change,
  retry: number,
  error: MigratorError,
): Promise<void> {
  const { firstPause, longestPause } = RULES[error.code] ?? { firstPause: 0, longestPause: 0 };
  const pauseMs = Math.round(
    Math.min(longestPause, firstPause * 2 ** (retry - 1)) * (1 + Math.random()),
  );
  scope.onEvent({
    type: 'migration-retrying',
    id: change.migration.id,
    error,
    retry,
    retries: retriesFor(scope, error.code),
    pauseMs,
  });
  // Aborting ends the pause; the next attempt then reports the cancellation.
  await sleep(pauseMs, undefined, { signal: scope.signal }).catch(() => undefined);
}
