import { randomUUID } from 'node:crypto';
import type { Session } from '../database/database';
import { lockKey } from '../database/lock';
import { History } from '../history/history';
import type { HistoryState, ReadOptions } from '../history/state';
import type { RunScope } from '../run/change';
import { claimedRunner } from '../run/claimed-runner';
import { LockedConnection } from '../run/connection';
import { explainLoss } from '../run/explain-failure';
import { openOptions, refuseOtherEnvironment, type ProjectDatabase } from './project-database';

/** What a command works with while it holds the project's lock. */
export interface Owned {
  readonly connection: LockedConnection;
  /** Read after the lock was taken. */
  readonly state: HistoryState;
}

/** How a project is owned. */
export interface OwnOptions {
  /** A damaged history: refuse to go on, or report it within the state. */
  readonly damage: ReadOptions['damage'];
  /**
   * Runners of other projects in the same history: let in, or kept out, so that none of them applies what depends on
   * something that is about to be reverted.
   */
  readonly others: 'let-in' | 'keep-out';
}

/** Stands for all projects in the key of the lock that runners share and a rollback has alone. No project has this name. */
const EVERY_PROJECT = '';

/**
 * Takes the project's lock, reads the history under it, and frees both at the end.
 *
 * @throws {MigratorError} `LOCK_HELD`, `CANCELLED`, `CONNECTION_LOST`, `ENVIRONMENT_MISMATCH`, `HISTORY_CORRUPT`, and what
 *   connecting throws
 */
export async function own<T>(
  { context, database }: ProjectDatabase,
  { damage, others }: OwnOptions,
  work: (owned: Owned) => Promise<T>,
): Promise<T> {
  const { settings, onEvent, signal } = context;
  const { project, environment, schema } = settings;
  return explainLoss(database.target.source, async () => {
    const connection = await LockedConnection.open({
      database,
      open: openOptions(settings, 'read-write'),
      locks: [
        { key: lockKey({ schema, environment, project }), waitMs: settings.lockWaitMs, project },
        {
          key: lockKey({ schema, environment, project: EVERY_PROJECT }),
          mode: others === 'let-in' ? 'shared' : 'exclusive',
          waitMs: settings.lockWaitMs,
          project: 'other projects',
          obstacle:
            others === 'let-in'
              ? 'A rollback or repair of another project has this history to itself'
              : 'Another project is at work, and this command must have the history to itself',
        },
      ],
      signal,
      onWaiting: (waitingFor, holder) =>
        onEvent({ type: 'waiting-for-runner', project: waitingFor, holder }),
    });
    try {
      const history = new History(connection.session, schema);
      const state = await history.read(environment, { project, damage });
      refuseOtherEnvironment(settings, state);
      return await work({ connection, state });
    } finally {
      await connection.close();
    }
  });
}

/** Makes the history table ready to be written: created, upgraded, stamped. */
export async function prepareHistory(
  { context: { settings } }: ProjectDatabase,
  { connection, state }: Owned,
): Promise<void> {
  await new History(connection.session, settings.schema).prepare(settings, state);
}

/** What a run shares among its changes. */
export function runScope({ context, database }: ProjectDatabase, { connection }: Owned): RunScope {
  const { settings, onEvent, signal } = context;
  return {
    runId: randomUUID(),
    environment: settings.environment,
    claimed: claimedRunner(),
    connection,
    database,
    openHistory: (session: Session) => new History(session, settings.schema),
    limitsOf: (migration) => ({
      searchPath: settings.searchPath,
      lockTimeoutMs: migration.lockTimeoutMs ?? settings.lockTimeoutMs,
      statementTimeoutMs: migration.statementTimeoutMs ?? settings.statementTimeoutMs,
    }),
    lockRetries: settings.lockRetries,
    reconnectMs: settings.reconnectTimeoutMs,
    onEvent,
    signal,
  };
}
