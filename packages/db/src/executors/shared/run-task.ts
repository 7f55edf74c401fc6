import {
  checkTargets,
  defaultEnvironment,
  formatError,
  formatEvent,
  formatSkippedTargets,
  formatTargetErrors,
  MigrationAgent,
  MigratorError,
  nameCommandsFor,
  NOTHING_TO_REPEAT,
  type ChangingCommand,
  type Ending,
  type GivenNames,
  type KeepGoing,
  type RefusedTarget,
  type TargetChoice,
} from '@flashfusion/migrator';
import { takeOutput, type ResultStream } from '@flashfusion/migrator/output';
import type { ExecutorContext } from '@nx/devkit';
import { join } from 'node:path';
import { refuseCachedTarget } from './cached-target';
import { chooseDatabase, isAwaited } from './chosen-database';
import { chooseEnvironment } from './environment';
import { failureOf, writeReports, type Outcome } from './lost-report';
import {
  documentOf,
  onEachDatabase,
  refusedFindings,
  type Finding,
  type Place,
} from './on-each-database';
import type { CommonOptions, DurationOptions } from './options';
import { deliver, print, printJson, tell } from './output';
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
  /** Which targets the command acts on. Default: each database with its tenants. */
  readonly choice?: Pick<TargetChoice, 'per' | 'named'>;
  /** A command that undoes or rewrites, for one of several targets: it is checked on all of them before the first is changed. */
  readonly check?: (agent: MigrationAgent) => ChangingCommand;
  /** Leaves targets out. If none is left, the task has nothing to do. */
  narrow?(
    agents: readonly MigrationAgent[],
  ): readonly MigrationAgent[] | Promise<readonly MigrationAgent[]>;
  /** Runs on one target, of so many. */
  run(agent: MigrationAgent, targets: number): Promise<Result>;
  /** The result, for people; `verbose` with causes and stacks. */
  format(result: Result, detail: Detail): string;
  succeeded(result: Result): boolean;
  /** How a result that did not succeed ended. Default `failed`. */
  readonly endingOf?: (result: Result) => Ending;
  /** Which databases come after one that did not end well. */
  readonly keepGoing: KeepGoing;
  readonly reporter?: Reporter<Result>;
}

/** Keeps what a task did, for those who come later. */
export interface Reporter<Result> {
  /** Told before anything else: what an earlier task has left is no longer so. */
  begin(place: Place): Promise<void>;
  /**
   * Called once, with what there is, also when the task was refused.
   *
   * @throws what a report could not be written for; the others are written
   */
  end(findings: readonly Finding<Result>[]): Promise<void>;
  /** Adds to the summary of the CI job, if there is one. */
  summarize(findings: readonly Finding<Result>[]): Promise<void>;
}

/**
 * The common part of the executors: choose the environment, load the agents, say where each connects to before it acts, run
 * them one after the other, print. Never throws: what went wrong is printed with its code, and the task fails.
 */
export async function runTask<Result>(task: Task<Result>): Promise<{ success: boolean }> {
  const { options, reporter } = task;
  nameCommandsFor({
    kind: 'nx',
    targetOf: targetNames(task.context),
    defaultEnvironment: process.env['NODE_ENV'],
  });
  const format = options.json === true ? 'json' : 'text';
  const output = takeOutput(format);
  const cancel = cancelOnSignals();
  try {
    const begun = await failureOf(() => reporter?.begin(presumedPlace(task)));
    const findings = await findingsOf(task, output.result, cancel.signal);
    if (options.json === true) {
      const documents = findings.map(documentOf);
      printJson(documents.length === 1 ? documents[0] : documents, output.result);
    }
    const succeeded = findings.every(
      (finding) => finding.kind === 'result' && task.succeeded(finding.result),
    );
    const outcome: Outcome = succeeded ? 'succeeded' : 'failed';
    const reported = await writeReports(reporter, findings, { begun, outcome });
    const delivered = await deliver(output, format, { outcome, signal: cancel.signal });
    return { success: succeeded && delivered && reported };
  } finally {
    cancel.dispose();
    output.release();
  }
}

async function findingsOf<Result>(
  task: Task<Result>,
  stdout: ResultStream,
  signal: AbortSignal,
): Promise<Finding<Result>[]> {
  let agents: readonly MigrationAgent[];
  try {
    refuseCachedTarget(task.context);
    const chosen = chooseDatabase(task.options, task.context);
    if (chosen.kind === 'other') return [];
    const all = await loadAgents(task, chosen.database, signal);
    agents = (await task.narrow?.(all)) ?? all;
    if (agents.length === 0 && all.length > 0) tell(NOTHING_TO_REPEAT);
    const refused = await checkTask(task, agents);
    if (refused.length > 0) {
      const findings = refusedFindings(agents, refused);
      tellRefused(task, findings);
      tellSkipped(findings);
      return findings;
    }
  } catch (error) {
    const refused: Finding<Result>[] = [{ kind: 'refused', place: presumedPlace(task), error }];
    tellRefused(task, refused);
    return refused;
  }
  const findings = await onEachDatabase(agents, {
    run: (agent) => task.run(agent, agents.length),
    endingOf: (result) => (task.succeeded(result) ? 'done' : (task.endingOf?.(result) ?? 'failed')),
    keepGoing: task.keepGoing,
    tell: (finding) => tellFinding(task, finding, stdout),
    signal,
  });
  tellSkipped(findings);
  return findings;
}

/** One line, behind the error that is the reason. */
function tellSkipped(findings: readonly Finding<unknown>[]): void {
  const places = findings.flatMap(({ kind, place }) => (kind === 'not-reached' ? place : []));
  const line = formatSkippedTargets(places);
  if (line !== undefined) tell(line);
}

/** @returns the targets that refuse; none where there is one, which refuses by itself before it changes anything */
async function checkTask<Result>(
  { check }: Task<Result>,
  agents: readonly MigrationAgent[],
): Promise<readonly RefusedTarget[]> {
  const [first, second] = agents;
  if (check === undefined || first === undefined || second === undefined) return [];
  return checkTargets(agents, check(first));
}

/** For people, as it comes; JSON is printed at the end, in one piece. */
function tellFinding<Result>(
  task: Task<Result>,
  finding: Finding<Result>,
  stdout: ResultStream,
): void {
  const { options, context } = task;
  const detail = detailOf(options, context);
  switch (finding.kind) {
    case 'result':
      if (options.json !== true) print(task.format(finding.result, detail), stdout);
      return;
    case 'refused':
      return tellRefused(task, [finding]);
    case 'not-reached':
      // All of them are told together.
      return;
  }
}

/** The errors, each reason once, below the targets that it is about. */
function tellRefused<Result>(
  { options, context }: Task<Result>,
  findings: readonly Finding<Result>[],
): void {
  const detail = detailOf(options, context);
  const errors = findings.flatMap((finding) =>
    finding.kind === 'refused' ? { target: finding.place, error: finding.error } : [],
  );
  const texts = formatTargetErrors(errors, (error) => formatError(error, { detail }), { detail });
  for (const { text } of texts) tell(text);
}

function detailOf(options: CommonOptions, { isVerbose }: ExecutorContext): Detail {
  return options.verbose === true || isVerbose ? 'verbose' : 'short';
}

/** Where a task works as long as its configuration was not read, or when it cannot be. */
function presumedPlace<Result>({ options, context }: Task<Result>): Place {
  const { database } = options;
  const databaseName = typeof database === 'string' ? database : undefined;
  const place = { project: context.projectName ?? '', databaseName };
  try {
    const environment = chooseEnvironment(options.environment, context);
    return { ...place, environment: environment ?? defaultEnvironment(process.env) };
  } catch {
    return { ...place, environment: undefined };
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
  { options, context, overrides, choice = { per: 'database' } }: Task<Result>,
  database: GivenNames | undefined,
  signal: AbortSignal,
): Promise<MigrationAgent[]> {
  const project = context.projectName ?? '';
  const root = context.projectsConfigurations.projects[project]?.root ?? '.';
  const awaited = isAwaited(context);
  const load = (names: GivenNames | undefined) =>
    MigrationAgent.targets({
      projectRoot: join(context.root, root),
      project,
      environment: chooseEnvironment(options.environment, context),
      database: names,
      tenant: options.tenant,
      unknownTenants: awaited ? 'leave-out' : 'refuse',
      ...choice,
      overrides,
      signal,
      onEvent: (event) => {
        const line = formatEvent(event, { detail: detailOf(options, context) });
        if (line === undefined) return;
        if (options.json === true) tell(line);
        else print(line);
      },
    });
  try {
    return await load(database);
  } catch (error) {
    if (!(error instanceof MigratorError) || error.code !== 'UNKNOWN_DATABASE') throw error;
    if (options.unknownDatabase === 'skip') {
      tell(`${error.message} Nothing to do.`);
      return [];
    }
    // The option was passed on by a project that has such a database. One without it is waited for as a whole.
    if (awaited) return load(undefined);
    throw error;
  }
}
