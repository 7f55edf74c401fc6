import { MigratorError, nameHint } from '@flashfusion/migrator';
import type { ExecutorContext } from '@nx/devkit';
import { REQUEST_VARIABLE, requestOf, type NxRequest } from '../../request';

/** What the choice of an environment is made from. */
export type EnvironmentContext = Pick<
  ExecutorContext,
  'projectName' | 'targetName' | 'configurationName' | 'target' | 'projectsConfigurations'
>;

/**
 * The environment that a task is to work on; `undefined` leaves it to `NODE_ENV` and the default. Never another one than
 * was asked for: Nx runs a target *without* a configuration when the one asked for does not exist, and gives a hand-written
 * configuration whatever options it has.
 *
 * @throws {MigratorError} `UNKNOWN_ENVIRONMENT` naming the known ones; `INVALID_ARGUMENT` for two that contradict each other
 */
export function chooseEnvironment(
  given: string | undefined,
  context: EnvironmentContext,
  env: NodeJS.ProcessEnv = process.env,
): string | undefined {
  const { configurationName } = context;
  const requested = requestedConfiguration(requestOf(env), context);
  if (requested !== undefined && requested !== configurationName && requested !== given) {
    throw unknown(requested, context);
  }
  if (configurationName === undefined) {
    if (given === undefined && isUntoldAgent(env)) throw untold(context);
    return given;
  }
  const configured = environmentOf(context.target?.configurations?.[configurationName]);
  if (configured === undefined) throw unknown(configurationName, context);
  if (given !== undefined && given !== configured) {
    throw new MigratorError(
      'INVALID_ARGUMENT',
      `The configuration ${configurationName} is the environment ${configured}, and --environment=${given} says another.`,
      { where: taskOf(context), hint: 'Give one of the two.' },
    );
  }
  return configured;
}

/**
 * Whether this is a machine of a distributed run that was not told what was typed. Nx starts no hook of plugins there, and
 * each agent has a name: https://nx.dev/docs/guides/nx-cloud/bring-your-own-compute
 */
function isUntoldAgent(env: NodeJS.ProcessEnv): boolean {
  return env['NX_AGENT_NAME'] !== undefined && env[REQUEST_VARIABLE] === undefined;
}

function untold(context: EnvironmentContext): MigratorError {
  return new MigratorError(
    'UNKNOWN_ENVIRONMENT',
    `${taskOf(context)} came to an agent without a configuration, which Nx drops when it does not exist: nothing was run, on no database.`,
    { where: taskOf(context), hint: 'Say the environment as an option: --environment=<name>.' },
  );
}

/** The environment that the options of a configuration name. */
function environmentOf(options: unknown): string | undefined {
  const environment = (options as { environment?: unknown } | undefined)?.environment;
  return typeof environment === 'string' ? environment : undefined;
}

/** The configuration in what was typed. */
function requestedConfiguration(
  request: NxRequest,
  context: EnvironmentContext,
): string | undefined {
  return request.configuration ?? typedTarget(request, context)?.configuration;
}

/** A target that was typed after `nx run`, as the graph understands it. */
interface TypedTarget {
  readonly project: string | undefined;
  readonly configuration: string | undefined;
}

function typedTarget(
  { specs = [] }: NxRequest,
  context: EnvironmentContext,
): TypedTarget | undefined {
  for (const spec of specs) {
    const typed = readSpec(spec.split(':'), context);
    if (typed !== undefined) return typed;
  }
  return undefined;
}

/** Names of projects and targets may hold colons, so the graph decides where one ends. */
function readSpec(
  parts: readonly string[],
  { projectName, projectsConfigurations: { projects } }: EnvironmentContext,
): TypedTarget | undefined {
  for (let count = parts.length; count >= 1; count -= 1) {
    const project = parts.slice(0, count).join(':');
    const found = behindTarget(parts.slice(count), projects[project]?.targets);
    if (found !== undefined) return { project, ...found };
  }
  // `nx run migrate:staging` in a project's folder.
  const found = behindTarget(parts, projects[projectName ?? '']?.targets);
  return found && { project: projectName, ...found };
}

/** What stands behind a target that exists; `undefined` where none does. */
function behindTarget(
  parts: readonly string[],
  targets: Readonly<Record<string, unknown>> | undefined,
): Pick<TypedTarget, 'configuration'> | undefined {
  for (let count = parts.length; count >= 1; count -= 1) {
    if (targets?.[parts.slice(0, count).join(':')] === undefined) continue;
    return { configuration: parts.slice(count).join(':') || undefined };
  }
  return undefined;
}

function unknown(name: string, context: EnvironmentContext): MigratorError {
  const known = Object.entries(context.target?.configurations ?? {})
    .filter(([, options]) => environmentOf(options) !== undefined)
    .map(([configuration]) => configuration);
  return new MigratorError(
    'UNKNOWN_ENVIRONMENT',
    `${context.projectName} has no environment "${name}": nothing was run, on no database.`,
    {
      where: taskOf(context),
      hint:
        known.length === 0
          ? 'Its db.config has no environments that can be read. NX_VERBOSE_LOGGING=true nx show projects tells why.'
          : nameHint(name, known, 'environments'),
    },
  );
}

function taskOf({ projectName, targetName, configurationName }: EnvironmentContext): string {
  return [projectName, targetName, configurationName].filter(Boolean).join(':');
}

/**
 * Whether options given on the command line were meant for this task, and not for a task that depends on it and hands
 * all of them on.
 */
export function isInitiator(
  context: EnvironmentContext,
  env: NodeJS.ProcessEnv = process.env,
): boolean {
  const typed = typedTarget(requestOf(env), context);
  return typed === undefined || typed.project === context.projectName;
}
