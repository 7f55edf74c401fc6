import { MigratorError, type Problem } from '../errors';
import { parseDuration } from '../migration/duration';
import type { GivenNames } from '../plan/select-names';
import { chooseDatabases, chooseEnvironment } from './choose-environment';
import type { Duration } from './config';
import type { EnvironmentVariables, VariableFiles } from './environment-variables';
import { lookUpUrl } from './look-up-url';
import type { DatabaseEntry, ProjectConfig } from './project-config';
import type { ClientPool, Connection, DatabaseService, Settings } from './settings';

/** What the command line says over the configuration. */
export interface SettingsOverrides {
  readonly lockWait?: Duration;
  readonly lockTimeout?: Duration;
  readonly statementTimeout?: Duration;
  readonly outOfOrder?: 'allow' | 'refuse';
}

/** What the caller says about time: it holds for every project that a command works on. */
export type TimeOverrides = Omit<SettingsOverrides, 'outOfOrder'>;

export interface ResolveSettingsOptions {
  /** Else `NODE_ENV`, else `development`. */
  readonly environment?: string;
  /** Names of the environment's databases, or patterns for them; all of them when absent. */
  readonly database?: GivenNames;
  /** Environment variables. */
  readonly env: EnvironmentVariables;
  /** The files that some of `env` are from. */
  readonly variableFiles?: VariableFiles;
  /** The application's own connections, used instead of a url. */
  readonly connection?: ClientPool | DatabaseService;
  readonly overrides?: SettingsOverrides;
}

/**
 * Chooses an environment and makes the settings of each of its databases. Pure: it opens and reads nothing. Only the
 * chosen environment's urls are looked up.
 *
 * @param config a loaded configuration
 * @param options what was chosen
 * @returns one element per database of the environment, so one in most projects
 * @throws {MigratorError} `UNKNOWN_ENVIRONMENT`, `UNKNOWN_DATABASE`, `INVALID_CONNECTION` (all databases' urls at once),
 *   `INVALID_ARGUMENT` for a bad override, or a connection given for several databases
 */
export function resolveSettings(
  config: ProjectConfig,
  options: ResolveSettingsOptions,
): Settings[] {
  const environment = chooseEnvironment(config, options);
  const databases = chooseDatabases(environment, options.database);
  const durations = checkOverrides(options.overrides ?? {});
  const connections = connectionsOf(databases, config, options);
  return databases.map((database, index) => ({
    project: config.project,
    formerNames: config.formerNames,
    otherNames: config.otherNames,
    projectRoot: config.projectRoot,
    workspaceRoot: config.workspaceRoot,
    configPath: config.configPath,
    migrationsFolder: config.migrationsFolder,
    schema: environment.schema,
    searchPath: [...new Set([environment.schema, ...config.searchPath])],
    furtherSchemas: config.searchPath,
    environment: environment.name,
    formerEnvironments: environment.formerNames,
    databaseName: database.name,
    tenant: undefined,
    connection: connections[index] as Connection,
    protected: environment.protected,
    outOfOrder: options.overrides?.outOfOrder ?? environment.outOfOrder,
    lockTimeoutMs: durations.lockTimeout ?? environment.lockTimeoutMs,
    statementTimeoutMs: durations.statementTimeout ?? environment.statementTimeoutMs,
    lockWaitMs: durations.lockWait ?? environment.lockWaitMs,
    lockRetries: environment.lockRetries,
    reconnectTimeoutMs: environment.reconnectTimeoutMs,
    loadTimeoutMs: config.loadTimeoutMs,
    tenants: environment.tenants,
  }));
}

function connectionsOf(
  databases: readonly DatabaseEntry[],
  config: ProjectConfig,
  options: ResolveSettingsOptions,
): Connection[] {
  if (options.connection !== undefined) {
    if (databases.length > 1) {
      throw new MigratorError(
        'INVALID_ARGUMENT',
        `One connection was given for ${databases.length} databases: ${databases.map(({ name }) => name).join(', ')}.`,
        { hint: 'Choose one of them with `database`.' },
      );
    }
    const { connection } = options;
    return [
      isPool(connection)
        ? { kind: 'pool', pool: connection }
        : { kind: 'service', service: connection },
    ];
  }
  const problems: Problem[] = [];
  const connections: Connection[] = [];
  for (const database of databases) {
    try {
      connections.push(lookUpUrl(database, config, options.env, options.variableFiles));
    } catch (error) {
      if (!(error instanceof MigratorError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw MigratorError.fromProblems(problems);
  return connections;
}

/**
 * A pool hands out clients. A service only runs SQL, though some have a `connect` that gives nothing back: where both
 * `connect` and `query` are there, the count of clients tells a pool.
 */
function isPool(connection: ClientPool | DatabaseService): connection is ClientPool {
  const { connect, query, totalCount } = connection as {
    connect?: unknown;
    query?: unknown;
    totalCount?: unknown;
  };
  return typeof connect === 'function' && (query === undefined || typeof totalCount === 'number');
}

const DURATIONS = ['lockTimeout', 'statementTimeout', 'lockWait'] as const;

function checkOverrides(
  overrides: SettingsOverrides,
): Partial<Record<(typeof DURATIONS)[number], number>> {
  const durations: Partial<Record<(typeof DURATIONS)[number], number>> = {};
  const problems: Problem[] = [];
  for (const key of DURATIONS) {
    const given = overrides[key];
    if (given === undefined) continue;
    const milliseconds = parseDuration(given);
    if (milliseconds !== undefined) durations[key] = milliseconds;
    else {
      problems.push({
        code: 'INVALID_ARGUMENT',
        message: `${key} ${JSON.stringify(given)} is not a duration.`,
        hint: "Write '5s', '500ms', '2m' or a number of milliseconds.",
        where: key,
      });
    }
  }
  if (problems.length > 0) throw MigratorError.fromProblems(problems);
  return durations;
}
