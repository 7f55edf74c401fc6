import { randomUUID } from 'node:crypto';
import type { Session } from '../database/database';
import { isConnectionLost } from '../database/failure';
import { databaseLockKey, lockKey } from '../database/lock';
import { History } from '../history/history';
import type { ReadOptions } from '../history/state';
import type { RunScope } from '../run/change';
import { claimedRunner } from '../run/claimed-runner';
import { LockedConnection } from '../run/connection';
import { explainLoss } from '../run/explain-failure';
import { Turns } from '../run/turns';
import { targetOf } from '../target';
import { carryOver } from './carry-over';
import {
  openOptions,
  refuseForeignStamps,
  refuseOtherEnvironment,
  refuseUnconfirmed,
  type ProjectDatabase,
} from './project-database';
import { readProjectHistory, type ProjectHistory } from './read-project-history';

/** What a command works with while it holds the project's lock. */
export interface Owned {
  readonly connection: LockedConnection;
  /** Read after the lock was taken. */
  readonly state: ProjectHistory;
}

/** What a command works with while it has the whole database to itself. */
export interface OwnedDatabase extends Owned {
  /**
   * Applies the one rule of protection. To be called before the first write.
   *
   * @param would the changes, each as a phrase after "this would"
   * @throws {MigratorError} `CONFIRMATION_REQUIRED` listing them, if the database is protected and `confirm` is missing, or
   *   if `confirm` names something else
   */
  permit(would: readonly string[]): void;
}

/** How a project is owned. */
export interface OwnOptions {
  /** A damaged history: refuse to go on, or report it within the state. */
  readonly damage: ReadOptions['damage'];
}

type LockMode = 'shared' | 'exclusive';

interface LockedOptions extends OwnOptions {
  readonly mode: LockMode;
}

/** How a database is owned by a command that undoes or rewrites. */
export interface OwnDatabaseOptions extends OwnOptions {
  /** The environment's name as the caller passed it. */
  readonly confirm: string | undefined;
}

/**
 * Takes the project's lock, reads the history under it, and frees both at the end. Runners of other projects may work at the
 * same time, but no command that undoes or rewrites, in any schema of the database.
 *
 * @throws {MigratorError} `LOCK_HELD`, `CANCELLED`, `CONNECTION_LOST`, `ENVIRONMENT_MISMATCH`, `HISTORY_CORRUPT`, and what
 *   connecting throws
 */
export function own<T>(
  project: ProjectDatabase,
  { damage }: OwnOptions,
  work: (owned: Owned) => Promise<T>,
): Promise<T> {
  return locked(project, { damage, mode: 'shared' }, work);
}

/**
 * Takes the project's lock and the whole database, whichever schemas its histories are in: no other runner applies what
 * depends on something that is about to be undone. Reads the history and all stamps of the database.
 *
 * @throws {MigratorError} as {@link own}; `ENVIRONMENT_MISMATCH` also if the stamp of another schema names another
 *   environment
 */
export function ownDatabase<T>(
  project: ProjectDatabase,
  { damage, confirm }: OwnDatabaseOptions,
  work: (owned: OwnedDatabase) => Promise<T>,
): Promise<T> {
  const { settings } = project.context;
  return locked(project, { damage, mode: 'exclusive' }, async (owned) => {
    const stamps = await new History(owned.connection.session, settings.schema).stamps();
    refuseForeignStamps(settings, stamps);
    return work({
      ...owned,
      permit: (would) => refuseUnconfirmed(settings, stamps, confirm, would),
    });
  });
}

async function locked<T>(
  project: ProjectDatabase,
  { damage, mode }: LockedOptions,
  work: (owned: Owned) => Promise<T>,
): Promise<T> {
  const { settings } = project.context;
  let lockMode = mode;
  let losses = 0;
  for (;;) {
    const next = await withLocks(project, lockMode, async (connection) => {
      const history = new History(connection.session, settings.schema);
      const state = await readProjectHistory(project.context, history, damage);
      refuseOtherEnvironment(settings, state);
      // The history may have to be carried over, and no other runner may write to it meanwhile.
      if (state.renamedFrom !== undefined && lockMode === 'shared') return 'exclusive';
      try {
        return { result: await work({ connection, state }) };
      } catch (error) {
        if (!(error instanceof HistoryCarriedOver)) throw error;
        if (error.outcome === 'unknown' && (losses += 1) > MOST_LOSSES) throw error.cause;
        return mode;
      }
    });
    if (typeof next === 'object') return next.result;
    lockMode = next;
  }
}

/** How often a history is read again after the connection was lost while it was carried over. */
const MOST_LOSSES = 2;

/**
 * The history was carried over to the present name of the environment or project, or may have been: what was read before no
 * longer holds. If the outcome is unknown, the cause is a lost connection.
 */
class HistoryCarriedOver extends Error {
  constructor(
    readonly outcome: 'done' | 'unknown',
    options?: ErrorOptions,
  ) {
    super(`Carried over: ${outcome}.`, options);
  }
}

/**
 * Takes the project's lock and the database-wide lock, and frees both at the end.
 *
 * @throws {MigratorError} `LOCK_HELD`, `CANCELLED`, `CONNECTION_LOST`, and what connecting throws
 */
export async function withLocks<T>(
  { context, database }: ProjectDatabase,
  mode: LockMode,
  work: (connection: LockedConnection) => Promise<T>,
): Promise<T> {
  const { settings, onEvent, signal } = context;
  const { project, formerNames, schema } = settings;
  return explainLoss(database.target.source, async () => {
    const connection = await LockedConnection.open({
      database,
      open: openOptions(settings, 'read-write'),
      projectLocks: [
        { key: lockKey({ schema, project }), waitMs: settings.lockWaitMs, project },
        // A runner on a checkout from before a rename takes the lock of the old name only.
        ...formerNames.map((name) => ({
          key: lockKey({ schema, project: name }),
          waitMs: settings.lockWaitMs,
          project: name,
        })),
      ],
      databaseLock: {
        key: databaseLockKey(),
        mode,
        waitMs: settings.lockWaitMs,
        project: 'other projects',
        obstacle:
          mode === 'shared'
            ? 'A command that undoes or rewrites (rollback, repair or baseline) has this database to itself'
            : 'Another runner is at work on this database, and this command needs the database to itself',
      },
      signal,
      onWaiting: (waitingFor, holder) =>
        onEvent({ type: 'waiting-for-runner', project: waitingFor, holder }),
    });
    try {
      return await work(connection);
    } finally {
      await connection.close();
    }
  });
}

/**
 * Makes the history ready to be written: created, upgraded, stamped, and what is under former names of the project carried
 * over by rows of this run. If the environment was renamed, its history is carried over first, and the command starts again
 * with what it is now.
 */
export async function prepareHistory(
  { context: { settings } }: ProjectDatabase,
  { connection, state }: Owned,
  scope: RunScope,
): Promise<void> {
  if (state.renamedFrom !== undefined) {
    const { renameEnvironment } = await import('./change-environment.js');
    await carryAgainAfterLoss(() => renameEnvironment(settings, connection.session, state));
    throw new HistoryCarriedOver('done');
  }
  await new History(connection.session, settings.schema).prepare(settings, state);
  const carried = await carryAgainAfterLoss(() => carryOver(scope, state.formerRows));
  if (carried === 'renumbered') throw new HistoryCarriedOver('done');
}

/**
 * A history is carried over in one transaction. If the connection is lost, also at COMMIT, all of it is done or nothing: the
 * command starts again on a new connection, once the lock proves that the old one is gone.
 */
async function carryAgainAfterLoss<T>(carry: () => Promise<T>): Promise<T> {
  try {
    return await carry();
  } catch (error) {
    if (!isConnectionLost(error)) throw error;
    throw new HistoryCarriedOver('unknown', { cause: error });
  }
}

/** What a run shares among its changes. */
export function runScope({ context, database }: ProjectDatabase, { connection }: Owned): RunScope {
  const { settings, onEvent, signal } = context;
  return {
    runId: randomUUID(),
    environment: settings.environment,
    target: targetOf(settings),
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
    retryTurns: context.retryTurns ?? new Turns(),
    reconnectMs: settings.reconnectTimeoutMs,
    onEvent,
    signal,
  };
}
