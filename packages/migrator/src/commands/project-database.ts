import { randomUUID } from 'node:crypto';
import type { TimeOverrides } from '../config/resolve-settings';
import type { Settings } from '../config/settings';
import { createDatabase, type CreateDatabaseOptions } from '../database/create-database';
import type { Database, OpenOptions, Session } from '../database/database';
import { lockKey } from '../database/lock';
import { MigratorError } from '../errors';
import { findEnvironmentMismatch } from '../history/environment';
import { History } from '../history/history';
import type { HistoryState, ReadOptions } from '../history/state';
import { historyTables } from '../history/tables';
import type { Planned } from '../plan/types';
import type { RunScope } from '../run/change';
import { claimedRunner } from '../run/claimed-runner';
import { LockedConnection } from '../run/connection';
import type { RunListener } from '../run/events';
import { explainLoss } from '../run/explain-failure';
import type { ResultContext } from '../run/result';
import type { ProjectSources } from './project-sources';

/** What every command of the agent is given. */
export interface CommandContext {
  readonly settings: Settings;
  readonly onEvent: RunListener;
  readonly signal: AbortSignal;
  /** Where files are read; shared by commands that run the same migrations many times. */
  readonly sources: ProjectSources;
  /** Environment variables: the urls of other projects are looked up there too. */
  readonly env: NodeJS.ProcessEnv;
  /** What was said over the configuration; other projects are worked on with the same limits. */
  readonly limits: TimeOverrides;
}

/** A project's database: known, not yet connected to. */
export interface ProjectDatabase {
  readonly context: CommandContext;
  readonly database: Database;
  readonly result: ResultContext;
}

/** What a command works with while it holds the project's lock. */
export interface Owned {
  readonly connection: LockedConnection;
  /** Read after the lock was taken. */
  readonly state: HistoryState;
}

/** Finds the driver and says where the command is about to connect. */
export async function projectDatabase(context: CommandContext): Promise<ProjectDatabase> {
  const { settings, onEvent } = context;
  const database = await createDatabase(settings.connection, databaseOptions(context));
  const { project, environment, databaseName, tenant } = settings;
  const { target } = database;
  const result = { project, environment, databaseName, tenant, target };
  onEvent({ type: 'connecting', ...result });
  return { context, database, result };
}

/** What the connections of a command mean besides themselves. */
export function databaseOptions({ settings, env }: CommandContext): CreateDatabaseOptions {
  const { workspaceRoot, protected: isProtected } = settings;
  return { workspaceRoot, protected: isProtected, env };
}

/**
 * Looks at the history on a read-only session and without a lock: creates nothing, not even an embedded database.
 *
 * @param look what to do with the session and the state; not called with a session where there is no database yet
 */
export async function lookAtHistory<T>(
  { context: { settings }, database }: ProjectDatabase,
  damage: ReadOptions['damage'],
  look: (state: HistoryState, history: History | undefined) => Promise<T>,
): Promise<T> {
  if (!(await database.exists())) return look(NO_HISTORY, undefined);
  const session = await database.open(openOptions(settings, 'read-only'));
  try {
    const history = new History(session, settings.schema);
    const { environment, project } = settings;
    return await explainLoss(database.target.source, async () =>
      look(await history.read(environment, { project, damage }), history),
    );
  } finally {
    await session.close();
  }
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

/** @throws {MigratorError} `ENVIRONMENT_MISMATCH` */
export function refuseOtherEnvironment(settings: Settings, state: HistoryState): void {
  const { environment, schema } = settings;
  const problem = findEnvironmentMismatch(state, environment, historyTables(schema));
  if (problem) throw MigratorError.fromProblems([problem]);
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

/** The plan, or everything that stands in its way as one error. */
export function orThrow<P>(planned: Planned<P>): P {
  if (planned.ok) return planned.plan;
  throw MigratorError.fromProblems(planned.problems);
}

/** How a session of this project is opened. */
export function openOptions(settings: Settings, access: OpenOptions['access']): OpenOptions {
  return {
    access,
    searchPath: settings.searchPath,
    lockTimeoutMs: settings.lockTimeoutMs,
    statementTimeoutMs: settings.statementTimeoutMs,
    waitMs: settings.lockWaitMs,
    applicationName: `flashfusion ${settings.project}`,
  };
}

const NO_HISTORY: HistoryState = {
  entries: [],
  stamp: undefined,
  format: undefined,
  table: 'absent',
  environments: [],
  damage: [],
};
