import type { HistoryEntry, NewHistoryEntry } from '../history/entry';
import type { FormerRow } from '../plan/former-names';
import type { RunScope } from '../run/change';
import { commit, rollback } from '../run/transaction';

/**
 * Writes what is under former names of a project under its present name, all of it or nothing: one row for each migration,
 * and for one that did not finish each row since its last finished attempt, since they tell what is done. The old rows stay.
 *
 * @returns `renumbered` if a migration got several rows, so that the history has to be read again before anything is planned
 * @throws {MigratorError} `CONCURRENT_RUN`, `TRANSACTION_ABORTED` where COMMIT did not commit; and what the driver throws
 */
export async function carryOver(
  scope: RunScope,
  formerRows: readonly FormerRow[],
): Promise<'carried' | 'renumbered'> {
  if (formerRows.length === 0) return 'carried';
  const { session } = scope.connection;
  const history = scope.openHistory(session);
  const unfinished = formerRows.some(({ row }) => !isFinished(row));
  const all = unfinished ? await history.rowsToCarry(scope.environment) : [];
  let outcomeOfNumbers: 'carried' | 'renumbered' = 'carried';
  await session.query('BEGIN');
  try {
    for (const { row, entry } of formerRows) {
      const parts = isFinished(row) ? [] : all.filter((part) => part.entry.id === row.id);
      if (parts.length > 1) outcomeOfNumbers = 'renumbered';
      const { id, project, dependencies } = entry;
      const rows =
        parts.length === 0
          ? [entry]
          : parts.map((part, index) => ({
              ...part.entry,
              ...{ id, project, dependencies },
              attempt: entry.attempt + index,
            }));
      for (const each of rows) {
        const part = parts.find((one) => one.entry.rowId === each.rowId);
        const data =
          part?.hasData === false ? undefined : await history.storedRollbackData(each.rowId);
        await history.append(carriedRow(scope, each, data));
      }
    }
  } catch (error) {
    await rollback(session);
    throw error;
  }
  const outcome = await commit(session);
  if (outcome.kind !== 'committed') throw outcome.error;
  return outcomeOfNumbers;
}

function isFinished({ state }: HistoryEntry): boolean {
  return state !== 'failed' && state !== 'running';
}

/**
 * The row under the present name, with all that a later revert or resume needs. A finished attempt becomes a repair in the
 * same state. An unfinished one keeps its action: whether a revert or an apply has to be resumed is told by nothing else.
 */
function carriedRow(
  scope: RunScope,
  entry: HistoryEntry,
  rollbackData: string | undefined,
): NewHistoryEntry {
  const finished = isFinished(entry);
  return {
    ...entry,
    action: finished ? 'repair' : entry.action,
    success: finished,
    runId: scope.runId,
    claimed: scope.claimed,
    executionTimeMs: 0,
    rollbackData,
  };
}
