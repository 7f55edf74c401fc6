import { readFileSync } from 'node:fs';
import { describeThrown, MigratorError, readProperty, type Problem } from '../errors';
import { DEFAULT_ENVIRONMENTS, DEFAULT_MIGRATIONS } from './defaults';
import { evaluateConfig, type EvaluatedConfig } from './evaluate-config';
import { readJsonConfig } from './config-file';
import { readPlainOutline, type PlainOutline } from './plain-outline';

/** What can be said of a configuration without looking up a url or opening a database. */
export interface ConfigOutline extends PlainOutline {
  /** Absolute paths of all files that this was read from: what a cache has to watch. */
  readonly files: readonly string[];
  /**
   * Why the configuration could not be read, the first of possibly several things that are wrong; then there are no
   * environments. What the outline does not show, such as urls and durations, is not checked.
   */
  readonly problem: Problem | undefined;
}

/**
 * Reads the outline of a configuration: cheap enough for a look at every project of a workspace, and it never throws.
 * Packages that the file imports are not loaded, and neither is anything of them: environments that come from one are not
 * seen. A configuration with top-level `await` is reported as a problem.
 *
 * @param configPath absolute path of a `db.config.*`
 * @example
 * ```ts
 * const { environments, problem } = await readEnvironmentNames('/repo/apps/api/db.config.ts');
 * Object.keys(environments); // ['development', 'staging', 'production']
 * ```
 */
export async function readEnvironmentNames(configPath: string): Promise<ConfigOutline> {
  try {
    const { value, files } = await evaluate(configPath);
    return {
      ...(readPlainOutline(value) ?? (await readCheckedOutline(value, configPath))),
      files,
      problem: undefined,
    };
  } catch (error) {
    return {
      environments: {},
      migrations: DEFAULT_MIGRATIONS,
      project: undefined,
      formerNames: [],
      files: [configPath],
      problem: problemOf(error, configPath),
    };
  }
}

/** The long way, for a configuration that is unusual or wrong: its schema knows which, and what to say. */
async function readCheckedOutline(value: unknown, configPath: string): Promise<PlainOutline> {
  const { checkConfig } = await import('./check-config.js');
  const config = checkConfig(value, configPath);
  const environments = Object.entries(config.environments ?? DEFAULT_ENVIRONMENTS);
  return {
    environments: Object.fromEntries(
      environments.map(([name, environment]) => [
        name,
        {
          databases: Object.keys(environment.databases ?? {}),
          protected: environment.protected ?? false,
        },
      ]),
    ),
    migrations: config.migrations ?? DEFAULT_MIGRATIONS,
    project: config.project,
    formerNames: config.renamedFrom ?? [],
  };
}

async function evaluate(configPath: string): Promise<EvaluatedConfig> {
  if (configPath.endsWith('.json')) {
    return { value: await readJsonConfig(configPath), files: [configPath] };
  }
  // Hundreds of small files are read faster one by one than by as many promises.
  return evaluateConfig(configPath, readFileSync(configPath, 'utf8'));
}

function problemOf(error: unknown, configPath: string): Problem {
  if (error instanceof MigratorError && error.problems[0] !== undefined) return error.problems[0];
  const message = readProperty(error, 'message');
  return {
    code: 'LOAD_FAILED',
    message: `${configPath} could not be read: ${typeof message === 'string' ? message : describeThrown(error)}`,
    where: configPath,
  };
}
