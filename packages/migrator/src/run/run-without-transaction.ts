import { isConnectionLost } from '../database/failure';
import { lockHeldSql } from '../database/lock';
import { MigratorError } from '../errors';
import { serializeRollbackData } from '../migration/rollback-data';
import { count } from '../report/wording';
import { AttemptLog } from './attempt-log';
import { callMigration, cancellation, migrationContext, type CallOptions } from './call-migration';
import {
  scriptProgress,
  type Change,
  type ChangeFailure,
  type ChangeOutcome,
  type RunScope,
} from './change';
import { isConcurrent } from './concurrent-index';
import { explainRunFailure } from './explain-run-failure';
import { IndexWatch } from './index-watch';
import { MigrationHandle } from './migration-handle';
import type { StatementPolicy } from './statement-sender';
import { changesSession, footingOf, kindOf } from './statement-footing';
import { Turns } from './turns';
import { resolveLostCommit } from './record';
import { revertChange } from './revert-change';
import { finished, lockLost, runInTransaction } from './run-in-transaction';
import { exchangeLimits, hasOpenTransaction, resetSession, rollback } from './transaction';

/**
 * Carries a change out statement by statement, each committed as it runs. A `running` row goes first and its progress is
 * recorded, so that an interruption is seen by the next runner and work that is done is not done again.
 */
export async function runWithoutTransaction(
  scope: RunScope,
  change: Change,
): Promise<ChangeOutcome> {
  const log = new AttemptLog(scope, change);
  const { session } = scope.connection;
  let indexes: IndexWatch | undefined;
  let handle: MigrationHandle | undefined;
  const stopServer = () => void session.cancel();
  scope.signal.addEventListener('abort', stopServer, { once: true });
  try {
    const entered = await resetSession(session, scope.limitsOf(change.migration));
    await log.running();
    entered.refuseNowhere();
    indexes = await IndexWatch.begin(session);
    if (scope.signal.aborted) throw cancellation();
    const turns = new Turns();
    const policy = statementPolicy(scope, change, { log, indexes, turns });
    handle = new MigrationHandle(session, policy);
    const rollbackData = await call(scope, change, handle, { log, turns });
    await refuseOpenTransaction(scope, change);
    policy.progress.refuseAbandoned();
    handle.refuseTruncated();
    await resetSession(session, scope.limitsOf(change.migration));
    await indexes.refuseInvalid();
    await refuseWithoutLock(scope, change);
    await recordDone(scope, change, () => log.done(rollbackData));
    return { kind: 'done' };
  } catch (thrown) {
    handle?.close(finished(change));
    await handle?.drain().catch(() => undefined);
    // The record must not share the fate of a transaction that the migration began itself.
    await rollback(session);
    const { path } = change.migration.file;
    const { signal } = scope;
    const context = { path, mode: 'no-transaction', session, signal } as const;
    const plain = await explainRunFailure(thrown, context);
    // Nor may what the migration has set affect the record, or the revert.
    await resetSession(session, scope.limitsOf(change.migration)).catch(() => undefined);
    const error = indexes ? await indexes.explain(plain) : plain;
    await log.failed(error);
    // Where its code was never called there is nothing of it to revert.
    if (handle === undefined) return { kind: 'failed', error };
    return { kind: 'failed', error, aftermath: await revertIfWanted(scope, change, log) };
  } finally {
    scope.signal.removeEventListener('abort', stopServer);
  }
}

/**
 * Runs `down` with what `agent.saveRollbackData` had recorded, for a migration that asks for it. Without a connection nothing
 * is tried: the half that is there is a person's to look at.
 */
async function revertIfWanted(
  scope: RunScope,
  change: Change,
  log: AttemptLog,
): Promise<ChangeFailure['aftermath']> {
  const { migration, action } = change;
  if (action === 'revert' || migration.onFailure !== 'revert') return undefined;
  if (scope.connection.session.closed) return 'revertFailed';
  const saved = log.savedRollbackData;
  const revert = revertChange(
    { migration, reason: { kind: 'requested' }, attempt: log.nextAttempt },
    saved === undefined ? undefined : JSON.parse(saved),
  );
  // A cancelled run still cleans up behind itself.
  const cleanup = { ...scope, signal: new AbortController().signal };
  const { messages } = change;
  const outcome =
    migration.downMode === 'transaction'
      ? // Rolled back, it leaves what the failed `up` had left: the migration is not applied.
        await runInTransaction(cleanup, {
          ...revert,
          messages,
          states: { ...revert.states, failed: 'failed' },
        })
      : await runWithoutTransaction(cleanup, { ...revert, messages });
  return outcome.kind === 'done' ? 'reverted' : 'revertFailed';
}

async function call(
  scope: RunScope,
  change: Change,
  handle: MigrationHandle,
  { log, turns }: { readonly log: AttemptLog; readonly turns: Turns },
): Promise<string | undefined> {
  const options: CallOptions = {
    migration: change.migration,
    handle,
    environment: scope.environment,
    onEvent: scope.onEvent,
    signal: scope.signal,
    earlier: change.earlier,
    saveRollbackData: async (data) => {
      // Now, and not when its turn comes: the migration may change the data by then.
      const json = serializeRollbackData(data);
      await turns.take(() => log.saved(json));
    },
  };
  try {
    return await callMigration(options, () => change.call(handle, migrationContext(options)));
  } finally {
    handle.close(finished(change));
  }
}

/** What statements go through on their way. */
interface Recording {
  readonly log: AttemptLog;
  readonly indexes: IndexWatch;
  readonly turns: Turns;
}

function statementPolicy(
  scope: RunScope,
  change: Change,
  { log, indexes, turns }: Recording,
): StatementPolicy {
  const { session } = scope.connection;
  const limits = scope.limitsOf(change.migration);
  // A concurrent build waits for every older transaction, and nobody who reads or writes waits for it: limits that are meant
  // for queries would only leave an invalid index behind. Where the migration itself has a limit for locks, that holds.
  const patient = { lockTimeoutMs: change.migration.lockTimeoutMs ?? 0, statementTimeoutMs: 0 };
  const say = (message: string) =>
    scope.onEvent({ type: 'migration-log', id: change.migration.id, level: 'info', message });
  const progress = scriptProgress(change);
  if (progress.unclaimed > 0) {
    say(`Resuming: an earlier attempt finished ${count(progress.unclaimed, 'statement')}.`);
  }
  let waiting = false;
  return {
    mode: 'no-transaction',
    path: change.migration.file.path,
    progress,
    onNotice: (notice) => change.messages.add(notice, scope.onEvent),
    acceptsTruncated: change.acceptsTruncated,
    inTurn: (work) => turns.take(work),
    noteSent: (sql) => log.noteSent(sql),
    async sendRecorded(statement, record, send) {
      switch (footingOf(statement)) {
        case 'together':
          return log.together(record, send);
        case 'before':
          await log.finished(record);
          return send();
        case 'after':
          // What changes only the session is gone when the attempt ends: it leaves nothing that could be half done.
          if (!changesSession(statement)) await log.begun(record, kindOf(statement));
          await send();
          return log.finished(record);
        case 'covered':
          return send();
      }
    },
    async beforeStatement(statement) {
      const dropped = await indexes.beforeStatement(statement);
      if (dropped) say(`Dropped the invalid index ${dropped.name}, to build it anew.`);
      const concurrent = isConcurrent(statement);
      if (concurrent === waiting || session.transactionStatus === 'open') return;
      if (concurrent) await exchangeLimits(session, limits, patient);
      else await exchangeLimits(session, patient, limits);
      waiting = concurrent;
    },
  };
}

/** If the answer to the last row is lost, the history says whether the change is done. */
async function recordDone(
  scope: RunScope,
  change: Change,
  write: () => Promise<void>,
): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!isConnectionLost(error)) throw error;
    if ((await resolveLostCommit(scope, change)) !== 'committed') throw error;
  }
}

/** A transaction that the migration began and did not end would take its own record with it when the session closes. */
async function refuseOpenTransaction(scope: RunScope, change: Change): Promise<void> {
  if (!(await hasOpenTransaction(scope.connection.session))) return;
  throw new MigratorError(
    'TRANSACTION_CONTROL',
    `${change.migration.id} began a transaction and did not end it, so that what it did in it is rolled back.`,
    { hint: 'Commit it, or leave BEGIN out.', where: change.migration.file.path },
  );
}

async function refuseWithoutLock(scope: RunScope, change: Change): Promise<void> {
  const { session, lockKey } = scope.connection;
  const { rows } = await session.query<{ held: boolean }>(`SELECT ${lockHeldSql(lockKey)} AS held`);
  if (rows[0]?.held !== true) throw lockLost(change);
}
