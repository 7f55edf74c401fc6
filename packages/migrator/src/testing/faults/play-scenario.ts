import { setTimeout as sleep } from 'node:timers/promises';
import { MigratorError } from '../../errors';
import type { RunResult } from '../../run/result';
import type { TestDatabase } from '../postgres';
import type { FaultProxy } from './fault-proxy';
import { finishScenario, resumeAll } from './finish-scenario';
import { startFfOn, type FfProcess } from './process';
import type { FaultKind, RandomCommand, RandomStep, Scenario } from './scenario';
import { armFault, type ArmedFault } from './scenario-faults';
import { positions, versionAt } from './scenario-migrations';
import {
  countHazards,
  findContradictions,
  findFalseReports,
  readHistory,
  setupSql,
  standings,
} from './scenario-schema';
import { createScenarioWorkspace, type ScenarioWorkspace } from './scenario-workspace';

/** Where a scenario is played. */
export interface Stage {
  readonly proxy: FaultProxy;
  /** A superuser's connection past the proxy, which outlives crashes of the server. */
  readonly database: Pick<TestDatabase, 'query' | 'url'>;
  /** Crashes the server and starts it again. Only where a scenario has such faults. */
  readonly crashServer?: () => Promise<void>;
}

/** What came of a scenario. */
export interface Played {
  readonly commands: number;
  /** Faults that struck, in order. */
  readonly faults: readonly FaultKind[];
  /** Hazards that the scenario met, one entry for each time. */
  readonly hazards: readonly string[];
  /** Where database and history differed, and anything else that must not be. */
  readonly lost: readonly string[];
}

interface Play {
  readonly scenario: Scenario;
  readonly stage: Stage;
  readonly workspace: ScenarioWorkspace;
  readonly hazards: string[];
  readonly faults: FaultKind[];
  /** Faults that have not struck yet. */
  readonly queue: ArmedFault[];
  /** The `ff` that runs now. */
  readonly runner: { process?: FfProcess };
}

/**
 * Plays a scenario on an empty database: each command with its fault, and after each a comparison of the database with the
 * history. At the end everything is corrected, resumed and migrated without faults, which must lead to the whole schema, and
 * then rolled back, which must lead to the first state.
 */
export async function playScenario(scenario: Scenario, stage: Stage): Promise<Played> {
  const { proxy, database } = stage;
  await database.query(setupSql(scenario));
  const workspace = createScenarioWorkspace(scenario, proxy.through(database.url));
  const play: Play = { scenario, stage, workspace, hazards: [], faults: [], queue: [], runner: {} };
  const lost: string[] = [];
  try {
    for (const [index, step] of scenario.steps.entries()) {
      const found = await playStep(play, step);
      lost.push(...found.map((what) => `step ${index}, ${what}`));
    }
    const last = await finishScenario(scenario, workspace, database);
    lost.push(...last.lost);
    const hazards = [...play.hazards, ...countHazards(scenario, await readHistory(database))];
    return { commands: scenario.steps.length + last.commands, faults: play.faults, hazards, lost };
  } finally {
    proxy.disarm();
    workspace.remove();
  }
}

/**
 * A fault stays armed until it strikes, also in a later command, and those of later steps wait for it: most commands have too
 * few statements for a random one. Only a killed `ff` belongs to its command.
 */
async function playStep(play: Play, step: RandomStep): Promise<string[]> {
  const { stage, scenario, queue, runner } = play;
  const { proxy, database, crashServer } = stage;
  if (step.fault) {
    const killRunner = () => runner.process?.kill();
    queue.push(armFault(step.fault, { database, crashServer, killRunner }));
  }
  const [armed] = queue;
  const before = proxy.struck.length;
  if (armed) proxy.arm(armed.fault);
  const start = (...args: string[]) => {
    runner.process = startFfOn(play.workspace.projects[projectOf(step.command)], ...args);
    return runner.process.finished;
  };
  const kill = armed?.kind === 'kill-runner';
  const found = kill
    ? await runProcess(play, step.command, start)
    : await runCommand(play, step.command);
  proxy.disarm();
  const isStruck = proxy.struck.length > before;
  if (isStruck || kill) queue.shift();
  if (armed && isStruck && armed.hadEffect()) play.faults.push(armed.kind);
  await backendsAreGone(stage);
  if (isStruck) await armed?.clear();
  const contradictions = await findContradictions(database, scenario);
  const at = describeStep(step, isStruck ? armed : undefined);
  return [...found, ...contradictions].map((what) => `${at}: ${what}`);
}

/** Runs one command. What it refuses or reports as failed is its right; anything else is a find. */
async function runCommand(play: Play, command: RandomCommand): Promise<string[]> {
  const { workspace, scenario } = play;
  const agent = () => workspace.projects[projectOf(command)].agent();
  switch (command.kind) {
    case 'migrate':
      return report(play, async () => (await agent()).migrate(optionsOf(command)));
    case 'migrate-to': {
      const to = targetOf(command, scenario);
      return report(play, async () => (await agent()).migrate({ to }));
    }
    case 'rollback': {
      const selection = { kind: 'last', count: command.count } as const;
      return report(play, async () => (await agent()).rollback({ selection }));
    }
    case 'resume':
      return report(play, async () => {
        await resumeAll(await agent());
        return (await agent()).migrate({ prerequisites: 'apply' });
      });
    case 'correct':
      workspace.correct(command.project);
      return report(play, async () => (await agent()).migrate({ prerequisites: 'apply' }));
    case 'rename':
      return [
        ...(await rename(play, command)),
        ...(await report(play, async () => (await agent()).migrate())),
      ];
    case 'race':
      return race(play, command.count);
  }
}

/** Runs one command by a real `ff` that is killed. */
async function runProcess(
  play: Play,
  command: RandomCommand,
  start: (...args: string[]) => Promise<unknown>,
): Promise<string[]> {
  const { workspace, scenario } = play;
  switch (command.kind) {
    case 'migrate':
      await start('migrate', ...(command.transaction === 'single' ? ['--single-transaction'] : []));
      return [];
    case 'migrate-to': {
      const to = targetOf(command, scenario);
      await start('migrate', ...(to === undefined ? [] : [`--to=${to}`]));
      return [];
    }
    case 'rollback':
    case 'race':
      await start('rollback', `--last=${command.count}`);
      return [];
    case 'rename':
      workspace.rename(command.project, 'declared');
      await start('migrate');
      return [];
    case 'correct':
      workspace.correct(command.project);
      await start('migrate');
      return [];
    case 'resume': {
      const states = standings(await readHistory(play.stage.database));
      const open = positions(scenario)
        .filter(([, { project }]) => project === command.project)
        .map(([position]) => versionAt(position))
        .find((version) => states[version]?.endsWith(' running'));
      await start(...(open === undefined ? ['migrate'] : ['repair', open, '--resume']));
      return [];
    }
  }
}

/** Renames a project. Without `renamedFrom`, what is applied must not run again under the new name. */
async function rename(
  { workspace, stage, scenario, hazards }: Play,
  { project, renamedFrom }: Extract<RandomCommand, { kind: 'rename' }>,
): Promise<string[]> {
  if (renamedFrom === 'at-once') {
    workspace.rename(project, 'declared');
    hazards.push('project renamed with renamedFrom');
    return [];
  }
  const states = standings(await readHistory(stage.database));
  const isApplied = positions(scenario).some(
    ([position, migration]) =>
      migration.project === project && states[versionAt(position)]?.endsWith(' applied'),
  );
  workspace.rename(project, 'missing');
  const outcome = await settle(async () => (await workspace.projects[project].agent()).migrate());
  workspace.declareFormerNames(project);
  if (outcome.kind === 'error') {
    if (outcome.error.code === 'POSSIBLE_RENAME')
      hazards.push('project renamed without renamedFrom: refused');
    return [];
  }
  if (outcome.kind === 'stranger') return [outcome.what];
  const done = outcome.value.done.length;
  return isApplied && done > 0 ? [`${done} ran under a new name without renamedFrom`] : [];
}

/** The dependent project is applied while its prerequisite is rolled back. */
async function race(play: Play, count: number): Promise<string[]> {
  const { shop, orders } = play.workspace.projects;
  play.hazards.push('dependent applied while its prerequisite is rolled back');
  const found = await Promise.all([
    report(play, async () => (await orders.agent()).migrate()),
    report(play, async () => (await shop.agent()).rollback({ selection: { kind: 'last', count } })),
  ]);
  return found.flat();
}

/** Runs and compares what the result says with the history. */
async function report({ stage }: Play, run: () => Promise<RunResult>): Promise<string[]> {
  const outcome = await settle(run);
  if (outcome.kind === 'stranger') return [outcome.what];
  if (outcome.kind === 'error') return [];
  return findFalseReports(stage.database, outcome.value);
}

type Settled<T> =
  | { readonly kind: 'value'; readonly value: T }
  | { readonly kind: 'error'; readonly error: MigratorError }
  | { readonly kind: 'stranger'; readonly what: string };

async function settle<T>(run: () => Promise<T>): Promise<Settled<T>> {
  try {
    return { kind: 'value', value: await run() };
  } catch (error) {
    if (error instanceof MigratorError) return { kind: 'error', error };
    const what = `not a MigratorError: ${String((error as Error | null)?.stack ?? error)}`;
    return { kind: 'stranger', what };
  }
}

function projectOf(command: RandomCommand): 'shop' | 'orders' {
  return command.kind === 'race' ? 'shop' : command.project;
}

function optionsOf({ transaction }: Extract<RandomCommand, { kind: 'migrate' }>) {
  return transaction === 'single'
    ? ({ transaction } as const)
    : ({ transaction, prerequisites: 'apply' } as const);
}

/** The newest migration of the project up to a position; all where there is none. */
function targetOf(
  { project, position }: Extract<RandomCommand, { kind: 'migrate-to' }>,
  scenario: Scenario,
): string | undefined {
  const own = positions(scenario).filter(([at, of]) => of.project === project && at <= position);
  const last = own.at(-1);
  return last && versionAt(last[0]);
}

function describeStep({ command }: RandomStep, fault: ArmedFault | undefined): string {
  return `${command.kind} ${projectOf(command)}${fault ? ` with ${fault.description}` : ''}`;
}

/** What a runner has left on the server is decided only when its backend is gone. */
async function backendsAreGone({ database }: Stage): Promise<void> {
  for (;;) {
    const rows = await database.query(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'flashfusion%'`,
    );
    if (rows.length === 0) return;
    await sleep(5);
  }
}
