import type { EnvironmentVariables, VariableFiles } from '../config/environment-variables';
import type { TimeOverrides } from '../config/resolve-settings';
import type { Settings } from '../config/settings';
import { createDatabase, type CreateDatabaseOptions } from '../database/create-database';
import type { Database, OpenOptions } from '../database/database';
import { MigratorError } from '../errors';
import { findEnvironmentMismatch, findForeignStamps } from '../history/environment';
import { History } from '../history/history';
import type { DatabaseStamps } from '../history/stamps';
import type { HistoryState, ReadOptions } from '../history/state';
import { confirmationProblem, wrongConfirmation } from '../plan/confirmation';
import { unchangedId } from '../plan/project-names';
import type { Planned } from '../plan/types';
import type { RunListener } from '../run/events';
import { explainLoss } from '../run/explain-failure';
import type { ResultContext } from '../run/result';
import type { Turns } from '../run/turns';
import { targetPath } from '../target';
import type { ProjectSources } from './project-sources';
import { readProjectHistory, type ProjectHistory } from './read-project-history';

/** What every command of the agent is given. */
export interface CommandContext {
  readonly settings: Settings;
  readonly onEvent: RunListener;
  readonly signal: AbortSignal;
  /** Where files are read; shared by commands that run the same migrations many times. */
  readonly sources: ProjectSources;
  /** Environment variables: the urls of other projects are looked up there too. */
  readonly env: EnvironmentVariables;
  /** The files that some of `env` are from. */
  readonly variableFiles: VariableFiles | undefined;
  /** What was said over the configuration; other projects are worked on with the same limits. */
  readonly limits: TimeOverrides;
  /** Shared by commands that run at the same time: see {@link RunScope.retryTurns}. */
  readonly retryTurns?: Turns;
}

/** A project's database: known, not yet connected to. */
export interface ProjectDatabase {
  readonly context: CommandContext;
  readonly database: Database;
  readonly result: ResultContext;
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
  { context, database }: ProjectDatabase,
  damage: ReadOptions['damage'],
  look: (state: ProjectHistory, history: History | undefined) => Promise<T>,
): Promise<T> {
  const { settings } = context;
  if (!(await database.exists())) return look(NO_HISTORY, undefined);
  const session = await database.open(openOptions(settings, 'read-only'));
  try {
    const history = new History(session, settings.schema);
    return await explainLoss(database.target.source, async () =>
      look(await readProjectHistory(context, history, damage), history),
    );
  } finally {
    await session.close();
  }
}

/** @throws {MigratorError} `ENVIRONMENT_MISMATCH` */
export function refuseOtherEnvironment(settings: Settings, state: HistoryState): void {
  const problem = findEnvironmentMismatch(state, settings);
  if (problem) throw MigratorError.fromProblems([problem]);
}

/**
 * Refuses in a dry run what the run would refuse: another schema of the database is stamped with another environment.
 *
 * @returns the stamps of the database; none where it does not exist yet
 * @throws {MigratorError} `ENVIRONMENT_MISMATCH`
 */
export async function refuseOtherStamps(
  settings: Settings,
  history: History | undefined,
): Promise<DatabaseStamps> {
  const stamps = history === undefined ? { read: [], unread: [] } : await history.stamps();
  refuseForeignStamps(settings, stamps);
  return stamps;
}

/**
 * Applies the one rule of protection.
 *
 * @param would the changes, each as a phrase after "this would"
 * @throws {MigratorError} `CONFIRMATION_REQUIRED`
 */
export function refuseUnconfirmed(
  settings: Settings,
  stamps: DatabaseStamps,
  confirm: string | undefined,
  would: readonly string[],
): void {
  const facts = { configured: settings.protected, stamps };
  const problem = confirmationProblem(facts, {
    expected: settings.environment,
    target: `${settings.project} in ${targetPath(settings)}`,
    confirm,
    would,
  });
  if (problem !== undefined) throw MigratorError.fromProblems([problem]);
}

/** @throws {MigratorError} `ENVIRONMENT_MISMATCH` if the stamp of any schema names another environment */
export function refuseForeignStamps(settings: Settings, stamps: DatabaseStamps): void {
  const problems = findForeignStamps(stamps, settings);
  if (problems.length > 0) throw MigratorError.fromProblems(problems);
}

/** @throws {MigratorError} `CONFIRMATION_REQUIRED` if `confirm` names something other than the environment */
export function refuseWrongConfirmation(
  { environment }: Settings,
  confirm: string | undefined,
): void {
  const problem = wrongConfirmation(environment, confirm);
  if (problem !== undefined) throw MigratorError.fromProblems([problem]);
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

const NO_HISTORY: ProjectHistory = {
  entries: [],
  renamedFrom: undefined,
  stamp: undefined,
  elsewhere: [],
  format: undefined,
  table: 'absent',
  environments: [],
  damage: [],
  formerRows: [],
  currentId: unchangedId,
};
