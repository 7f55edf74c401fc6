import { MigratorError } from '../errors';
import { nameHint } from '../plan/nearest';
import { quoteGiven } from './connection-text';
import { originOf, type EnvironmentVariables, type VariableFiles } from './environment-variables';
import type { DatabaseEntry, ProjectConfig, ProjectEnvironment } from './project-config';

/** The environment that is meant, and who said so, for messages. */
function wantedEnvironment(
  option: string | undefined,
  env: EnvironmentVariables,
  files: VariableFiles | undefined,
): { name: string; saidBy: string } {
  if (option !== undefined) return { name: option, saidBy: '' };
  if (env['NODE_ENV'] !== undefined)
    return { name: env['NODE_ENV'], saidBy: ` (from NODE_ENV${originOf('NODE_ENV', files)})` };
  return { name: 'development', saidBy: ' (the default, as NODE_ENV is not set)' };
}

/**
 * The environment to work on: the one asked for, else `NODE_ENV`, else `development`. Never a silent fall-back.
 *
 * @param config a loaded configuration
 * @param options what was asked for, and the environment variables
 * @throws {MigratorError} `UNKNOWN_ENVIRONMENT`, naming those there are and the nearest
 */
export function chooseEnvironment(
  config: ProjectConfig,
  options: { environment?: string; env: EnvironmentVariables; variableFiles?: VariableFiles },
): ProjectEnvironment {
  const { name, saidBy } = wantedEnvironment(
    options.environment,
    options.env,
    options.variableFiles,
  );
  const environment = config.environments.find((candidate) => candidate.name === name);
  if (environment !== undefined) return environment;
  const known = config.environments.map((candidate) => candidate.name);
  const where = config.configPath ?? `${config.projectRoot} (it has no db.config file)`;
  throw new MigratorError(
    'UNKNOWN_ENVIRONMENT',
    name.trim() === ''
      ? `The name of the environment is empty${saidBy}.`
      : `There is no environment ${quoteGiven(name)}${saidBy} in ${where}.`,
    { where, hint: nameHint(name, known, 'environments') },
  );
}

/**
 * The databases of an environment to work on: all of them, or the one asked for.
 *
 * @param environment an environment of the configuration
 * @param name one of its named databases
 * @throws {MigratorError} `UNKNOWN_DATABASE`, naming those there are and the nearest
 */
export function chooseDatabases(
  environment: ProjectEnvironment,
  name: string | undefined,
): readonly DatabaseEntry[] {
  if (name === undefined) return environment.databases;
  const chosen = environment.databases.filter((database) => database.name === name);
  if (chosen.length > 0) return chosen;
  const known = environment.databases.flatMap((database) => database.name ?? []);
  throw new MigratorError(
    'UNKNOWN_DATABASE',
    known.length === 0
      ? `The environment ${environment.name} has one database without a name, and none called ${quoteGiven(name)}.`
      : `The environment ${environment.name} has no database ${quoteGiven(name)}.`,
    {
      where: `environments.${environment.name}`,
      hint:
        known.length === 0
          ? 'Leave the database out, or name databases in the configuration.'
          : nameHint(name, known, 'databases'),
    },
  );
}
