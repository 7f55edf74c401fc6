import {
  formatError,
  formatEvent,
  MigrationAgent,
  MigratorError,
  nameCommandsFor,
} from '@flashfusion/migrator';
import type { ExecutorContext } from '@nx/devkit';
import { join } from 'node:path';
import { refuseCachedTarget } from './cached-target';
import { isForAnotherDatabase } from './chosen-database';
import { chooseEnvironment } from './environment';
import { documentOf, onEachDatabase, type Finding, type Place } from './on-each-database';
import type { CommonOptions, DurationOptions } from './options';
import { print, printJson, tell } from './output';
import { cancelOnSignals } from './signals';
import { targetNames } from './target-names';

type LoadOptions = Parameters<typeof MigrationAgent.load>[0];

/** How much is told of an error. */
export type Detail = 'short' | 'verbose';

/** What one executor does differently from the others. */
export interface Task<Result> {
  readonly options: CommonOptions;
  readonly context: ExecutorContext;
  readonly overrides?: LoadOptions['overrides'];
  /** `one`: where the environment has several databases, the command has to name one. Default `each`. */
  readonly targets?: 'each' | 'one';
  /** Runs on one database. */
  run(agent: MigrationAgent): Promise<Result>;
  /** The result, for people; `verbose` with causes and stacks. */
  format(result: Result, detail: Detail): string;
  succeeded(result: Result): boolean;
  /** `stop`: a failure on one database leaves the ones behind it alone. */
  readonly afterFailure: 'stop' | 'continue';
  readonly reporter?: Reporter<Result>;
}

/** Keeps what a task did, for those who come later. */
export interface Reporter<Result> {
  /** Told before anything else: what an earlier task has left is no longer so. */
  begin(place: Place): Promise<void>;
  /** Told once, with what there is, also when the task was refused. */
  end(findings: readonly Finding<Result>[]): Promise<void>;
}

/**
 * The common part of the executors: choose the environment, load the agents, say where each connects to before it acts, run
 * them one after the other, print. Never throws: what went wrong is printed with its code, and the task fails.
 */
export async function runTask<Result>(task: Task<Result>): Promise<{ success: boolean }> {
  const { options, reporter } = task;
  nameCommandsFor({ kind: 'nx', targetOf: targetNames(task.context) });
  const cancel = cancelOnSignals();
  try {
    await quietly(() => reporter?.begin(presumedPlace(task)));
    const findings = await findingsOf(task, cancel.signal);
    if (options.json === true) {
      const documents = findings.map(documentOf);
      printJson(documents.length === 1 ? documents[0] : documents);
    }
    await quietly(() => reporter?.end(findings));
    return {
      success: findings.every(
        (finding) => finding.kind === 'result' && task.succeeded(finding.result),
      ),
    };
  } finally {
    cancel.dispose();
  }
}

async function findingsOf<Result>(
  task: Task<Result>,
  signal: AbortSignal,
): Promise<Finding<Result>[]> {
  let agents: MigrationAgent[];
  try {
    refuseCachedTarget(task.context);
    if (isForAnotherDatabase(task.options, task.context)) return [];
    agents = await loadAgents(task, signal);
    if (task.targets === 'one') refuseSeveral(agents);
  } catch (error) {
    const refused: Finding<Result> = { kind: 'refused', place: presumedPlace(task), error };
    tellFinding(task, refused);
    return [refused];
  }
  return onEachDatabase(agents, {
    run: (agent) => task.run(agent),
    succeeded: (result) => task.succeeded(result),
    afterFailure: task.afterFailure,
    tell: (finding) => tellFinding(task, finding),
    signal,
  });
}

/** For people, as it comes; JSON is printed at the end, in one piece. */
function tellFinding<Result>(task: Task<Result>, finding: Finding<Result>): void {
  const { options, context } = task;
  const detail = detailOf(options, context);
  const { project, databaseName } = finding.place;
  switch (finding.kind) {
    case 'result':
      if (options.json !== true) print(task.format(finding.result, detail));
      return;
    case 'refused':
      return tell(formatError(finding.error, { detail }));
    case 'not-reached':
      return tell(`${project}: ${databaseName ?? 'its database'} was not reached.`);
  }
}

function detailOf(options: CommonOptions, { isVerbose }: ExecutorContext): Detail {
  return options.verbose === true || isVerbose ? 'verbose' : 'short';
}

/** Where a task works as long as its configuration was not read, or when it cannot be. */
function presumedPlace<Result>({ options, context }: Task<Result>): Place {
  const place = { project: context.projectName ?? '', databaseName: options.database };
  try {
    const environment = chooseEnvironment(options.environment, context);
    return { ...place, environment: environment ?? process.env['NODE_ENV'] ?? 'development' };
  } catch {
    return { ...place, environment: undefined };
  }
}

/** @throws {MigratorError} `INVALID_ARGUMENT` for several databases */
function refuseSeveral(agents: readonly MigrationAgent[]): void {
  if (agents.length <= 1) return;
  const names = agents.flatMap(({ settings }) => settings.databaseName ?? []);
  throw new MigratorError(
    'INVALID_ARGUMENT',
    `The environment has ${agents.length} databases (${names.join(', ')}), and this target works on one of them.`,
    { hint: 'Name it: --database=<name>.' },
  );
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
        const line = formatEvent(event, { detail: detailOf(options, context) });
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
async function quietly(report: () => Promise<void> | undefined): Promise<void> {
  try {
    await report();
  } catch (error) {
    tell(`The report could not be written. ${formatError(error)}`);
  }
}
