import { isAbsolute, resolve } from 'node:path';
import { isNativeError } from 'node:util/types';
import { MigratorError } from '../errors';
import { loadModule } from '../source/load-module';
import { checkConfig } from './check-config';
import { findConfigFile, readJsonConfig } from './config-file';
import type { CheckedConfig, CheckedEnvironment } from './config-schema';
import type { DatabaseEntry, ProjectConfig, ProjectEnvironment } from './project-config';
import { DEFAULT_ENVIRONMENTS, DEFAULT_MIGRATIONS, DEFAULTS } from './defaults';
import { findProjectName } from './project-name';
import { findWorkspaceRoot } from './workspace-root';

/** Before the configuration is loaded nothing can say otherwise. */
const CONFIG_LOAD_TIMEOUT_MS = 30_000;

export interface LoadProjectConfigOptions {
  /** The project's folder. */
  readonly projectRoot: string;
  /**
   * The caller's name for the project, used if the configuration sets no `project`. Default: the name in project.json or
   * package.json, else the name of the folder.
   */
  readonly project?: string;
  /** Default: found from the project's folder, see {@link findWorkspaceRoot}. */
  readonly workspaceRoot?: string;
}

/**
 * Finds `db.config.{ts,mts,cts,js,mjs,cjs,json}` in a project's folder, loads and checks it. Without one, the defaults
 * apply: `./migrations` and an embedded database for `development`. No environment is chosen and no url looked up, so
 * that an unset production url harms nobody who works in development.
 *
 * @throws {MigratorError} `PROJECT_NOT_FOUND`; `INVALID_CONFIG`, `IDENTIFIER_TOO_LONG` with every mistake in `problems`;
 *   `COMPILE_FAILED`, `LOAD_FAILED` when the file cannot be loaded
 */
export async function loadProjectConfig(options: LoadProjectConfigOptions): Promise<ProjectConfig> {
  const projectRoot = resolve(options.projectRoot);
  const workspaceRoot = resolve(options.workspaceRoot ?? findWorkspaceRoot(projectRoot));
  const configPath = await findConfigFile(projectRoot);
  const checked =
    configPath === undefined
      ? {}
      : checkConfig(await exportOf(configPath, workspaceRoot), configPath);
  // The configuration comes first: Nx, `ff` and programs know the project by different names, and it has one history.
  const project = checked.project ?? options.project ?? (await findProjectName(projectRoot));
  if (project.trim() === '') {
    throw new MigratorError('INVALID_NAME', 'The name of the project is empty.', {
      where: projectRoot,
      hint: 'Give its name, or leave it out to use the one in project.json or package.json.',
    });
  }
  return complete(checked, { project, projectRoot, workspaceRoot, configPath });
}

async function exportOf(configPath: string, workspaceRoot: string): Promise<unknown> {
  if (configPath.endsWith('.json')) return readJsonConfig(configPath);
  try {
    return await loadModule(configPath, { workspaceRoot, timeoutMs: CONFIG_LOAD_TIMEOUT_MS });
  } catch (error) {
    if (isNativeError(error) && error.name === 'MigratorError') throw error;
    throw new MigratorError('LOAD_FAILED', `${configPath} could not be loaded.`, {
      where: configPath,
      cause: error,
    });
  }
}

type Place = Pick<ProjectConfig, 'project' | 'projectRoot' | 'workspaceRoot' | 'configPath'>;

/** Fills in every default, so that nothing is optional behind this line. */
function complete(checked: CheckedConfig, place: Place): ProjectConfig {
  const migrations = checked.migrations ?? DEFAULT_MIGRATIONS;
  return {
    ...place,
    migrationsFolder: isAbsolute(migrations) ? migrations : resolve(place.projectRoot, migrations),
    // A list that holds the present name is left over from a rename that was taken back.
    formerNames: [...new Set(checked.renamedFrom)].filter((name) => name !== place.project),
    otherNames: checked.notRenamedFrom ?? [],
    searchPath: checked.searchPath ?? [],
    loadTimeoutMs: checked.loadTimeout ?? DEFAULTS.loadTimeoutMs,
    environments: Object.entries(checked.environments ?? DEFAULT_ENVIRONMENTS).map(
      ([name, environment]) => completeEnvironment(name, environment, checked),
    ),
  };
}

function completeEnvironment(
  name: string,
  environment: CheckedEnvironment,
  project: CheckedConfig,
): ProjectEnvironment {
  return {
    name,
    databases: databasesOf(name, environment),
    formerNames: environment.renamedFrom ?? [],
    protected: environment.protected ?? false,
    outOfOrder: environment.outOfOrder ?? project.outOfOrder ?? DEFAULTS.outOfOrder,
    schema: environment.schema ?? project.schema ?? DEFAULTS.schema,
    lockTimeoutMs: environment.lockTimeout ?? DEFAULTS.lockTimeoutMs,
    statementTimeoutMs: environment.statementTimeout ?? DEFAULTS.statementTimeoutMs,
    lockWaitMs: environment.lockWait ?? DEFAULTS.lockWaitMs,
    lockRetries: environment.lockRetries ?? DEFAULTS.lockRetries,
    reconnectTimeoutMs: environment.reconnectTimeout ?? DEFAULTS.reconnectTimeoutMs,
    tenants: environment.tenants,
  };
}

function databasesOf(name: string, environment: CheckedEnvironment): DatabaseEntry[] {
  if (environment.databases === undefined) {
    return [{ name: undefined, url: environment.url, key: `environments.${name}.url` }];
  }
  return Object.entries(environment.databases).map(([database, { url }]) => ({
    name: database,
    url,
    key: `environments.${name}.databases.${database}.url`,
  }));
}
