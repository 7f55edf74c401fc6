import {
  formatError,
  formatEvent,
  MigrationAgent,
  MigratorError,
  toJson,
} from '@flashfusion/migrator';
import type { ExecutorContext } from '@nx/devkit';
import { join } from 'node:path';
import { chooseEnvironment } from './environment';
import type { CommonOptions, DurationOptions } from './options';

type LoadOptions = Parameters<typeof MigrationAgent.load>[0];

/** What one executor does differently from the others. */
export interface Task<Result> {
  readonly options: CommonOptions;
  readonly context: ExecutorContext;
  readonly overrides?: LoadOptions['overrides'];
  /** Runs on one database. */
  run(agent: MigrationAgent): Promise<Result>;
  /** The result, for people. */
  format(result: Result): string;
  succeeded(result: Result): boolean;
  /** `stop`: a failure on one database leaves the ones behind it alone. */
  readonly afterFailure: 'stop' | 'continue';
  /** Told once, with what there is, also when a database failed. */
  report?(results: readonly Result[]): Promise<void>;
}

/**
 * The common part of the executors: choose the environment, load the agents, say where each connects to before it acts, run
 * them one after the other, print. Never throws: what went wrong is printed with its code, and the task fails.
 */
export async function runTask<Result>(task: Task<Result>): Promise<{ success: boolean }> {
  const { options, context } = task;
  const cancel = cancelOnSignals();
  const results: Result[] = [];
  try {
    const agents = await loadAgents(task, cancel.signal);
    for (const agent of agents) {
      const result = await task.run(agent);
      results.push(result);
      if (options.json !== true) print(task.format(result));
      if (!task.succeeded(result) && task.afterFailure === 'stop') break;
    }
    if (options.json === true) print(toJson(results.length === 1 ? results[0] : results));
    return { success: results.every((result) => task.succeeded(result)) };
  } catch (error) {
    const detail = options.verbose === true || context.isVerbose ? 'verbose' : 'short';
    tell(formatError(error, { detail }));
    if (options.json === true) print(toJson(error));
    return { success: false };
  } finally {
    cancel.dispose();
    await reportQuietly(task, results);
  }
}

/** What the command line says over the configuration; what it does not say is not there. */
export function durationsOf(options: DurationOptions): NonNullable<LoadOptions['overrides']> {
  const { lockWait, lockTimeout, statementTimeout } = options;
  return {
    ...(lockWait === undefined ? {} : { lockWait }),
    ...(lockTimeout === undefined ? {} : { lockTimeout }),
    ...(statementTimeout === undefined ? {} : { statementTimeout }),
  };
}

async function loadAgents<Result>(
  { options, context, overrides }: Task<Result>,
  signal: AbortSignal,
): Promise<MigrationAgent[]> {
  const project = context.projectName ?? '';
  const root = context.projectsConfigurations.projects[project]?.root ?? '.';
  try {
    return await MigrationAgent.load({
      projectRoot: join(context.root, root),
      project,
      environment: chooseEnvironment(options.environment, context),
      database: options.database,
      overrides,
      signal,
      onEvent: (event) => {
        const line = formatEvent(event);
        if (line === undefined) return;
        if (options.json === true) tell(line);
        else print(line);
      },
    });
  } catch (error) {
    const skip = error instanceof MigratorError && error.code === 'UNKNOWN_DATABASE';
    if (!skip || options.unknownDatabase !== 'skip') throw error;
    tell(`${error.message} Nothing to do.`);
    return [];
  }
}

/** A report that cannot be written must not turn a migration that succeeded into a task that failed. */
async function reportQuietly<Result>(
  task: Task<Result>,
  results: readonly Result[],
): Promise<void> {
  try {
    if (results.length > 0) await task.report?.(results);
  } catch (error) {
    tell(`The report could not be written. ${formatError(error)}`);
  }
}

/** Ctrl+C and a stopped CI job cancel the running statement and roll back, instead of leaving it to the server. */
function cancelOnSignals(): { readonly signal: AbortSignal; dispose(): void } {
  const controller = new AbortController();
  const abort = () => controller.abort();
  process.on('SIGINT', abort);
  process.on('SIGTERM', abort);
  return {
    signal: controller.signal,
    dispose() {
      process.off('SIGINT', abort);
      process.off('SIGTERM', abort);
    },
  };
}

function print(text: string): void {
  process.stdout.write(`${text.trimEnd()}\n`);
}

function tell(text: string): void {
  process.stderr.write(`${text.trimEnd()}\n`);
}
