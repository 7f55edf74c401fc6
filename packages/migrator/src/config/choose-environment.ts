import { MigratorError } from '../errors';
import { nameHint } from '../plan/nearest';
import { selectNames, type GivenNames } from '../plan/select-names';
import { renderOption } from '../remedy';
import { DEFAULT_ENVIRONMENT } from '../target';
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
  return { name: DEFAULT_ENVIRONMENT, saidBy: ' (the default, as NODE_ENV is not set)' };
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
 * The databases of an environment to work on: all of them, or those asked for, in the order of the configuration.
 *
 * @param environment an environment of the configuration
 * @param given names of its databases, or patterns for them
 * @throws {MigratorError} `UNKNOWN_DATABASE` for each name that does not exist and each pattern that matches nothing;
 *   `INVALID_ARGUMENT` for an empty name
 */
export function chooseDatabases(
  environment: ProjectEnvironment,
  given: GivenNames | undefined,
): readonly DatabaseEntry[] {
  if (given === undefined) return environment.databases;
  const known = environment.databases.flatMap((database) => database.name ?? []);
  const where = `environments.${environment.name}`;
  if (known.length === 0) {
    throw new MigratorError(
      'UNKNOWN_DATABASE',
      `The environment ${environment.name} has one database without a name, and none called ${quoteGiven(String(given))}.`,
      { where, hint: 'Leave the database out, or name databases in the configuration.' },
    );
  }
  const { names, problems } = selectNames(given, known, {
    code: 'UNKNOWN_DATABASE',
    noun: 'database',
    where,
    option: renderOption('database'),
    quote: quoteGiven,
  });
  if (problems.length > 0) throw MigratorError.fromProblems(problems);
  return environment.databases.filter(({ name }) => name !== undefined && names.includes(name));
}
