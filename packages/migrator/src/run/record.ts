import { setTimeout as sleep } from 'node:timers/promises';
import { MigratorError } from '../errors';
import { isConnectionLost, sqlState } from '../database/failure';
import { historyRow, type Change, type RowFacts, type RunScope } from './change';

/** Pauses between attempts to reach the server again, in milliseconds; the last one repeats. */
const PAUSES = [100, 250, 500, 1_000];

/**
 * Writes the row of a failure, on a new connection if the old one is gone, so that a failed attempt outlives its own
 * rollback.
 *
 * @param facts asked for when the connection is there
 * @returns whether it could be written
 */
export async function recordFailure(
  scope: RunScope,
  change: Change,
  facts: () => Promise<RowFacts>,
): Promise<'recorded' | 'notRecorded'> {
  // The runner that has the lock now counts its attempts from what it has read: a row of ours would make it fail.
  if (scope.connection.overtaken) return 'notRecorded';
  for (let tries = 0; tries < 2; tries += 1) {
    try {
      if (scope.connection.session.closed) {
        await within(scope, change, 'to record the failure', () => scope.connection.reconnect());
      }
      const row = historyRow(scope, change, await facts());
      await scope.openHistory(scope.connection.session).append(row);
      return 'recorded';
    } catch (error) {
      // A cancel request that arrives late hits the statement after the one it was meant for.
      if (sqlState(error) !== '57014' && !isConnectionLost(error)) return 'notRecorded';
    }
  }
  return 'notRecorded';
}

/**
 * Finds out whether a change is in the database whose COMMIT was sent but not answered. The lock is the barrier: the old
 * backend held it until it had committed or rolled back.
 *
 * 1. Connect and take the lock, or see that another runner has it. 2. Read the rows of this run. 3. The row is there exactly if the change is.
 *
 * @throws {MigratorError} `OUTCOME_UNKNOWN` when the server does not come back in time
 */
export async function resolveLostCommit(
  scope: RunScope,
  change: Change,
): Promise<'committed' | 'rolled-back'> {
  try {
    const why = 'to see whether the change was committed';
    const { connection, environment, runId } = scope;
    const { rows, newest } = await within(scope, change, why, () =>
      connection.lookAfterLoss(async (session) => {
        const history = scope.openHistory(session);
        const [last] = await history.recent(environment, change.migration.project, 1);
        return { rows: await history.attemptsOf(runId), newest: last };
      }),
    );
    // Rows that the run wrote before, to carry a former name over, say nothing of the change.
    const done = rows.some(
      ({ id, action, success }) =>
        id === change.migration.id && action === change.action && success,
    );
    // Had nobody come in between, the newest row would be this change's own.
    if (done && newest?.runId !== runId) connection.markOvertaken();
    return done ? 'committed' : 'rolled-back';
  } catch (cause) {
    throw new MigratorError(
      'OUTCOME_UNKNOWN',
      `The connection was lost while ${change.migration.id} was being committed, and the server did not come back: it may be ${change.states.done} or not.`,
      {
        hint: `Run status when the server is back: a row of run ${scope.runId} in migration_history means that it was committed.`,
        where: change.migration.file.path,
        cause,
      },
    );
  }
}

/** Tries until it works, as long as a server that went away is waited for. */
async function within<T>(
  scope: RunScope,
  change: Change,
  why: string,
  attempt: () => Promise<T>,
): Promise<T> {
  scope.onEvent({ type: 'reconnecting', id: change.migration.id, why });
  const deadline = performance.now() + scope.reconnectMs;
  for (let tries = 0; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      const pause = PAUSES[Math.min(tries, PAUSES.length - 1)] ?? 0;
      if (performance.now() + pause > deadline) throw error;
      await sleep(pause);
    }
  }
}
