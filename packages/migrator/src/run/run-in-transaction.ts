import type { ServerNotice } from '../database/server-message';
import { MigratorError } from '../errors';
import { serializeRollbackData } from '../migration/rollback-data';
import { callMigration, cancellation, migrationContext, type CallOptions } from './call-migration';
import {
  historyRow,
  scriptProgress,
  type Change,
  type ChangeOutcome,
  type RunScope,
} from './change';
import { keepRollbackData } from './earlier-attempts';
import { explainFailure } from './explain-failure';
import { explainRunFailure } from './explain-run-failure';
import { MigrationHandle } from './migration-handle';
import { resolveLostCommit } from './record';
import { refuseStrayErrors } from './stray-errors';
import { begin, commit, rollback, type CommitOutcome } from './transaction';
import { withRetries } from './with-retries';

/**
 * Carries one change out in a transaction of its own, which holds the change, its validation and its history row
 * together. A lock timeout, a deadlock or a concurrent change runs the whole transaction
 * again.
 */
export async function runInTransaction(scope: RunScope, change: Change): Promise<ChangeOutcome> {
  return withRetries(scope, async (started) => {
    const body = () => carryOut(scope, change, started);
    const outcome = await attemptInTransaction(scope, [change], () => change, body);
    return outcome.kind === 'done' ? outcome : { ...outcome, change };
  });
}

/**
 * BEGIN, body, COMMIT; rolled back when anything fails, resolved when the answer to COMMIT is lost.
 *
 * @param blame the change that a failure is laid to
 */
export async function attemptInTransaction(
  scope: RunScope,
  changes: readonly [Change, ...Change[]],
  blame: () => Change,
  body: () => Promise<void>,
): Promise<ChangeOutcome> {
  const [first] = changes;
  const { session } = scope.connection;
  try {
    if (scope.signal.aborted) throw cancellation();
    await begin(session, scope.limitsOf(first.migration));
    await refuseStrayErrors(
      { id: first.migration.id, path: first.migration.file.path, onEvent: scope.onEvent },
      body,
    );
  } catch (thrown) {
    await rollback(session);
    const { path } = blame().migration.file;
    const { signal } = scope;
    const context = { path, mode: 'transaction', session, signal } as const;
    return { kind: 'failed', error: await explainRunFailure(thrown, context) };
  }
  const last = changes.at(-1) ?? first;
  // Deferred constraint triggers run now.
  const onNotice = (notice: ServerNotice) => last.messages.add(notice, scope.onEvent);
  return settleCommit(scope, last, await commit(session, { onNotice }));
}

async function settleCommit(
  scope: RunScope,
  change: Change,
  outcome: CommitOutcome,
): Promise<ChangeOutcome> {
  const where = change.migration.file.path;
  switch (outcome.kind) {
    case 'committed':
      return { kind: 'done' };
    case 'rolled-back':
      return { kind: 'failed', error: explainFailure(outcome.error, where) };
    case 'unknown':
      try {
        if ((await resolveLostCommit(scope, change)) === 'committed') return { kind: 'done' };
        return { kind: 'failed', error: explainFailure(outcome.error, where) };
      } catch (unresolved) {
        return { kind: 'failed', error: explainFailure(unresolved, where) };
      }
  }
}

/** Calls the migration and writes its row, all inside the transaction that is open. */
export async function carryOut(scope: RunScope, change: Change, started: number): Promise<void> {
  const { session } = scope.connection;
  const { earlier } = change;
  const progress = scriptProgress(change);
  const handle = new MigrationHandle(session, {
    mode: 'transaction',
    path: change.migration.file.path,
    progress,
    onNotice: (notice) => change.messages.add(notice, scope.onEvent),
    acceptsTruncated: change.acceptsTruncated,
  });
  let saved = earlier.rollbackData;
  const call: CallOptions = {
    migration: change.migration,
    handle,
    environment: scope.environment,
    onEvent: scope.onEvent,
    signal: scope.signal,
    earlier,
    saveRollbackData: async (data) => {
      saved = keepRollbackData(earlier.rollbackData, serializeRollbackData(data));
    },
  };
  const stopServer = () => void session.cancel();
  scope.signal.addEventListener('abort', stopServer, { once: true });
  let rollbackData: string | undefined;
  try {
    rollbackData = await callMigration(call, () => change.call(handle, migrationContext(call)));
    progress.refuseAbandoned();
    handle.refuseTruncated();
  } finally {
    handle.close(finished(change));
    scope.signal.removeEventListener('abort', stopServer);
    // A cancelled statement has to be answered before the connection can roll back.
    await handle.drain().catch(() => undefined);
  }
  const row = historyRow(scope, change, {
    state: change.states.done,
    success: true,
    attempt: change.attempt,
    executionTimeMs: performance.now() - started,
    rollbackData:
      rollbackData === undefined ? saved : keepRollbackData(earlier.rollbackData, rollbackData),
    error: undefined,
    finishedStatements: 0,
  });
  const written = await scope
    .openHistory(session)
    .appendGuarded(row, { lockKey: scope.connection.lockKey });
  if (written === 'transactionEscaped') throw escaped(change);
  if (written === 'lockLost') throw lockLost(change);
}

/** The error of a query that is sent after the migration's function has settled. */
export function finished(change: Change): MigratorError {
  return new MigratorError(
    'UNAWAITED_QUERY',
    `${change.migration.id} used its database after its function had finished.`,
    { hint: 'Await every query.', where: change.migration.file.path },
  );
}

/** The error of a run whose lock is gone. */
export function lockLost(change: Change): MigratorError {
  return new MigratorError(
    'LOCK_LOST',
    `${change.migration.id} gave up the advisory lock that keeps other runners out, so it was rolled back.`,
    { hint: 'Remove pg_advisory_unlock_all() (or DISCARD ALL) from the migration.' },
  );
}

function escaped(change: Change): MigratorError {
  return new MigratorError(
    'TRANSACTION_ESCAPED',
    `${change.migration.id} ended the transaction that it ran in: what it did before that is committed, what it did after is rolled back, and nothing is recorded as applied.`,
    {
      hint: 'Look at the schema, undo what is left by hand, and remove the COMMIT or ROLLBACK (also from functions and procedures it calls).',
      where: change.migration.file.path,
    },
  );
}
