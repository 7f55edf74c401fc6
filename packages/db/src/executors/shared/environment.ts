import { MigratorError, nameHint } from '@flashfusion/migrator';
import type { ExecutorContext } from '@nx/devkit';
import { requestOf, type NxRequest } from '../../request';
import { awaitedTasks } from './task-dependencies';
import { readTypedTarget, type TypedTarget, type WorkspaceContext } from './typed-target';

/** What the choice of an environment is made from. */
export type EnvironmentContext = WorkspaceContext &
  Pick<
    ExecutorContext,
    'projectName' | 'targetName' | 'configurationName' | 'target' | 'taskGraph'
  >;

/**
 * The environment that a task works on; `undefined` leaves it to `NODE_ENV` and the default. That happens only when it is known
 * that nothing was typed which could be an environment: Nx runs a target *without* a configuration, or with the default one,
 * when the one that was typed does not exist.
 *
 * @throws {MigratorError} `UNKNOWN_ENVIRONMENT` naming the known ones; `INVALID_ARGUMENT` for two that contradict each other
 */
export function chooseEnvironment(
  given: string | undefined,
  context: EnvironmentContext,
  env: NodeJS.ProcessEnv = process.env,
): string | undefined {
  const { configurationName, target } = context;
  const invocation = readInvocation(context, env);
  const typed = [...new Set(invocation.configurations)];
  if (typed.length > 1) throw contradiction(typed, context);
  const [only] = typed;
  if (only !== undefined && only !== configurationName && only !== given) {
    throw unknown(only, context);
  }
  const isDefault = only === undefined && configurationName === target?.defaultConfiguration;
  const chosen =
    configurationName === undefined ? given : isDefault ? undefined : configurationName;
  if (chosen === undefined && invocation.kind !== 'understood') {
    throw notUnderstood(invocation.kind, context);
  }
  if (configurationName === undefined) return given;
  const configured = environmentOf(target?.configurations?.[configurationName]);
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
 * Whether options given on the command line were meant for this task's project, and not only passed on by a task that depends on
 * it. The project of a command for many targets is always meant.
 */
export function isInitiator(
  context: EnvironmentContext,
  env: NodeJS.ProcessEnv = process.env,
): boolean {
  const request = requestOf(env, context.root);
  if (request?.kind !== 'one') return true;
  const { taskGraph, projectName } = context;
  if (taskGraph !== undefined) {
    // One target was typed: the task that no other one waits for.
    const awaited = awaitedTasks(taskGraph);
    const last = Object.values(taskGraph.tasks).filter(({ id }) => !awaited.has(id));
    if (last.length > 0) return last.some(({ target }) => target.project === projectName);
  }
  const [typed] = targetsOf(request, context);
  return typed?.project === undefined || typed.project === projectName;
}

/** What is known of the command that started a task. */
interface Invocation {
  /** `no-hook`: Nx started the task and did not run the plugin's hook. `unclear`: no word of the command names a target. */
  readonly kind: 'understood' | 'unclear' | 'no-hook';
  /** Every configuration that it may name. */
  readonly configurations: readonly string[];
}

function readInvocation(context: EnvironmentContext, env: NodeJS.ProcessEnv): Invocation {
  const request = requestOf(env, context.root);
  if (request === undefined) {
    // Nx sets this variable for each of its tasks. Without it a program has called the executor, and nothing was typed.
    const isTask =
      env['NX_TASK_TARGET_PROJECT'] !== undefined || env['NX_AGENT_NAME'] !== undefined;
    return { kind: isTask ? 'no-hook' : 'understood', configurations: [] };
  }
  const targets = targetsOf(request, context);
  const environments = new Set(environmentsOf(context));
  return {
    kind: request.kind === 'many' || targets.length > 0 ? 'understood' : 'unclear',
    configurations: [
      ...request.configurations,
      ...targets.flatMap(({ configuration }) => configuration ?? []),
      ...request.options.filter((option) => environments.has(option)),
    ],
  };
}

function targetsOf(request: NxRequest, context: EnvironmentContext): TypedTarget[] {
  return request.words.flatMap((word) => readTypedTarget(word, context));
}

/** The environment that the options of a configuration name. */
function environmentOf(options: unknown): string | undefined {
  const environment = (options as { environment?: unknown } | undefined)?.environment;
  return typeof environment === 'string' ? environment : undefined;
}

/** The configurations of a target that name an environment. */
function environmentsOf({ target }: EnvironmentContext): string[] {
  return Object.entries(target?.configurations ?? {})
    .filter(([, options]) => environmentOf(options) !== undefined)
    .map(([configuration]) => configuration);
}

function notUnderstood(kind: 'unclear' | 'no-hook', context: EnvironmentContext): MigratorError {
  const reason =
    kind === 'unclear'
      ? 'and the command line does not show whether one was typed'
      : "and the plugin's hook, which reads the command line, did not run here";
  const hook =
    'The hook runs where nx.json lists "@flashfusion/db" under plugins, and not on agents.';
  return new MigratorError(
    'UNKNOWN_ENVIRONMENT',
    `${taskOf(context)} got no configuration that was typed, ${reason}. Nx drops a configuration that does not exist: nothing was run, on no database.`,
    {
      where: taskOf(context),
      hint: [
        'Name the environment as an option: --environment=<name>.',
        ...(kind === 'no-hook' ? [hook] : []),
      ].join(' '),
    },
  );
}

function contradiction(typed: readonly string[], context: EnvironmentContext): MigratorError {
  const names = typed.map((name) => `"${name}"`).join(' and ');
  return new MigratorError(
    'UNKNOWN_ENVIRONMENT',
    `The command line names ${typed.length} configurations, ${names}: nothing was run, on no database.`,
    { where: taskOf(context), hint: 'Give one configuration.' },
  );
}

function unknown(name: string, context: EnvironmentContext): MigratorError {
  const known = environmentsOf(context);
  return new MigratorError(
    'UNKNOWN_ENVIRONMENT',
    name.trim() === ''
      ? 'The configuration that was typed is empty: nothing was run, on no database.'
      : `${context.projectName} has no environment "${name}": nothing was run, on no database.`,
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
