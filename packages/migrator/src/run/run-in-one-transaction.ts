import type { Change, RunScope } from './change';
import { watchProgress } from './progress';
import { attemptInTransaction, carryOut } from './run-in-transaction';
import { limitTransaction } from './transaction';
import { withRetries, type FailedAttempt } from './with-retries';

/** How all changes of a run together ended. */
export type OneTransactionOutcome =
  | { readonly kind: 'done' }
  /** The change that the failure is laid to: the first one if none was begun, the last one if COMMIT failed. */
  | FailedAttempt;

/**
 * Carries several changes out in one transaction: all of them or none. A lock timeout, a deadlock or a concurrent
 * change runs the whole transaction again.
 *
 * @param onStarted called before each change, and again when it is retried
 */
export async function runInOneTransaction(
  scope: RunScope,
  changes: readonly [Change, ...Change[]],
  onStarted: (change: Change) => void,
): Promise<OneTransactionOutcome> {
  return withRetries(scope, () => attemptAll(scope, changes, onStarted));
}

async function attemptAll(
  scope: RunScope,
  changes: readonly [Change, ...Change[]],
  onStarted: (change: Change) => void,
): Promise<OneTransactionOutcome> {
  // What fails before the first change is begun, as BEGIN itself, is laid to that one.
  let current = changes[0];
  const outcome = await attemptInTransaction(
    scope,
    changes,
    () => current,
    async () => {
      for (const change of changes) {
        current = change;
        const started = performance.now();
        onStarted(change);
        // `begin` has just done this for the first one.
        if (change !== changes[0])
          await limitTransaction(scope.connection.session, scope.limitsOf(change.migration));
        await carryOutWatched(scope, change, started);
      }
    },
  );
  return outcome.kind === 'done' ? { kind: 'done' } : { ...outcome, change: current };
}

async function carryOutWatched(scope: RunScope, change: Change, started: number): Promise<void> {
  const watch = watchProgress(scope, change.migration.id);
  try {
    await carryOut(scope, change, started);
  } finally {
    await watch.stop();
  }
}
