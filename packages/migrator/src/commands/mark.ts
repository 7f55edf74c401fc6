import type { HistoryAction, NewHistoryEntry } from '../history/entry';
import type { RunScope } from '../run/change';
import { commit, rollback } from '../run/transaction';

/** What a row says that is written without running anything. */
export type Mark = Pick<
  NewHistoryEntry,
  | 'id'
  | 'project'
  | 'version'
  | 'name'
  | 'description'
  | 'checksum'
  | 'dependencies'
  | 'state'
  | 'attempt'
>;

/**
 * Appends rows that only say something: all of them or none, by one transaction.
 *
 * @throws {MigratorError} `CONCURRENT_RUN`, `TRANSACTION_ABORTED` where COMMIT did not commit; and what the driver throws
 */
export async function appendMarks(
  scope: RunScope,
  action: HistoryAction,
  marks: readonly Mark[],
): Promise<void> {
  const { session } = scope.connection;
  const history = scope.openHistory(session);
  await session.query('BEGIN');
  try {
    for (const mark of marks) {
      await history.append({
        ...mark,
        action,
        success: true,
        runId: scope.runId,
        environment: scope.environment,
        executionTimeMs: 0,
        error: undefined,
        // An earlier row's data stays in force: History.rollbackData finds it behind rows that have none.
        rollbackData: undefined,
        claimed: scope.claimed,
        finishedStatements: 0,
      });
    }
  } catch (error) {
    await rollback(session);
    throw error;
  }
  const outcome = await commit(session);
  if (outcome.kind !== 'committed') throw outcome.error;
}
