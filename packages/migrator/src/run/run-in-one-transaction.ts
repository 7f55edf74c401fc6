import type { Change, ChangeFailure, RunScope } from './change';
import { watchProgress } from './progress';
import { recordFailure } from './record';
import { attemptInTransaction, carryOut, mayRetry, pauseBefore } from './run-in-transaction';
import { NOTHING_FINISHED } from './script-progress';
import { limitTransaction } from './transaction';

/** How all changes of a run together ended. */
export type OneTransactionOutcome =
  /** Milliseconds that each change took, in their order. */
  | { readonly kind: 'done'; readonly durationsMs: readonly number[] }
  /** The change that the failure is laid to: the first one if none was begun, the last one if COMMIT failed. */
  | (ChangeFailure & { readonly change: Change });

/**
 * Carries several changes out in one transaction: all of them or none. A lock timeout or a deadlock runs the whole
 * transaction again.
 *
 * @param onStarted called before each change, and again when it is retried
 */
export async function runInOneTransaction(
  scope: RunScope,
  changes: readonly [Change, ...Change[]],
  onStarted: (change: Change) => void,
): Promise<OneTransactionOutcome> {
  for (let retry = 1; ; retry += 1) {
    const started = performance.now();
    const outcome = await attemptAll(scope, changes, onStarted);
    if (outcome.kind === 'done') return outcome;
    const { change, error } = outcome;
    if (mayRetry(scope, error, retry)) {
      await pauseBefore(scope, change, retry, error);
      continue;
    }
    if (error.code !== 'OUTCOME_UNKNOWN') {
      await recordFailure(scope, change, {
        state: change.states.failed,
        success: false,
        attempt: change.attempt,
        executionTimeMs: performance.now() - started,
        rollbackData: undefined,
        error,
        finished: NOTHING_FINISHED,
      });
    }
    return outcome;
  }
}

async function attemptAll(
  scope: RunScope,
  changes: readonly [Change, ...Change[]],
  onStarted: (change: Change) => void,
): Promise<OneTransactionOutcome> {
  // What fails before the first change is begun, as BEGIN itself, is laid to that one.
  let current = changes[0];
  const durationsMs: number[] = [];
  const outcome = await attemptInTransaction(
    scope,
    changes,
    () => current,
    async (transactionId) => {
      for (const change of changes) {
        current = change;
        const started = performance.now();
        onStarted(change);
        await limitTransaction(scope.connection.session, scope.limitsOf(change.migration));
        await carryOutWatched(scope, change, transactionId, started);
        durationsMs.push(performance.now() - started);
      }
    },
  );
  return outcome.kind === 'done' ? { kind: 'done', durationsMs } : { ...outcome, change: current };
}

async function carryOutWatched(
  scope: RunScope,
  change: Change,
  transactionId: string,
  started: number,
): Promise<void> {
  const watch = watchProgress(scope, change.migration.id);
  try {
    await carryOut(scope, change, transactionId, started);
  } finally {
    await watch.stop();
  }
}
