import { setTimeout as sleep } from 'node:timers/promises';
import type { MigrationAgent } from '../../agent';
import { MigratorError } from '../../errors';
import type { RunResult } from '../../run/result';
import type { TestDatabase } from '../postgres';
import type { Fault, FaultProxy } from './fault-proxy';
import { isCommit } from './frontend-messages';
import { startFfOn, type FfProcess } from './process';
import { createProject, type TestProject } from './project';
import type { FaultKind, RandomFault, RandomStep, Scenario } from './scenario';
import { findContradictions, findFalseReports, migrationsOf, versionAt } from './scenario-schema';

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
  /** Where schema and history differed, and anything else that must not be. */
  readonly lost: readonly string[];
}

/**
 * Plays a scenario on an empty database: each command with its fault, and after each a look whether schema and history still
 * say the same. At the end everything is resumed and migrated without faults, which has to lead to the whole schema.
 */
export async function playScenario(scenario: Scenario, stage: Stage): Promise<Played> {
  const { proxy, database } = stage;
  const project = createProject({
    url: proxy.through(database.url),
    migrations: migrationsOf(scenario),
    environment: { reconnectTimeout: '30s', outOfOrder: 'allow' },
  });
  const faults: FaultKind[] = [];
  const lost: string[] = [];
  try {
    for (const [index, step] of scenario.steps.entries()) {
      const before = proxy.struck.length;
      lost.push(...(await carryOut(step, project, stage, scenario)));
      proxy.disarm();
      if (step.fault && proxy.struck.length > before) faults.push(step.fault.kind);
      await backendsAreGone(stage);
      const found = await findContradictions(database, scenario);
      lost.push(...found.map((what) => `after step ${index}: ${what}`));
    }
    lost.push(...(await finish(project, stage, scenario)));
    return { commands: scenario.steps.length + 2, faults, lost };
  } finally {
    proxy.disarm();
    project.remove();
  }
}

async function finish(
  project: TestProject,
  { database }: Stage,
  scenario: Scenario,
): Promise<string[]> {
  const agent = await project.agent();
  await resumeAll(agent);
  const result = await agent.migrate();
  const { counts } = await agent.status();
  const left = counts.applied === scenario.graph.length ? [] : [`left: ${JSON.stringify(counts)}`];
  const failure = result.failed ? [`at the end: ${result.failed.error.message}`] : [];
  return [...failure, ...left, ...(await findContradictions(database, scenario))];
}

/** Carries one command out. What it refuses or reports as failed is its right; anything else is a find. */
async function carryOut(
  step: RandomStep,
  project: TestProject,
  stage: Stage,
  scenario: Scenario,
): Promise<string[]> {
  const runner: { process?: FfProcess } = {};
  if (step.fault) stage.proxy.arm(toFault(step.fault, stage, () => runner.process));
  if (step.fault?.kind === 'kill-runner') {
    runner.process = startFfOn(project, ...argumentsOf(step.command, scenario));
    await runner.process.finished;
    return [];
  }
  try {
    const result = await runCommand(step.command, await project.agent(), scenario);
    return result === undefined ? [] : await findFalseReports(stage.database, result);
  } catch (error) {
    if (error instanceof MigratorError) return [];
    return [`not a MigratorError: ${String((error as Error | null)?.stack ?? error)}`];
  }
}

async function runCommand(
  command: RandomStep['command'],
  agent: MigrationAgent,
  { graph }: Scenario,
): Promise<RunResult | undefined> {
  switch (command.kind) {
    case 'migrate':
      return agent.migrate({ transaction: command.transaction });
    case 'migrate-to':
      return agent.migrate({ to: versionAt(Math.min(command.position, graph.length - 1)) });
    case 'rollback':
      return agent.rollback({ selection: { kind: 'last', count: command.count } });
    case 'resume':
      await resumeAll(agent);
      return undefined;
  }
}

function argumentsOf(command: RandomStep['command'], { graph }: Scenario): string[] {
  switch (command.kind) {
    case 'migrate':
      return ['migrate', ...(command.transaction === 'single' ? ['--single-transaction'] : [])];
    case 'migrate-to':
      return ['migrate', `--to=${versionAt(Math.min(command.position, graph.length - 1))}`];
    case 'rollback':
      return ['rollback', `--last=${command.count}`];
    case 'resume':
      return ['migrate'];
  }
}

/** Resumes whatever was interrupted. */
async function resumeAll(agent: MigrationAgent): Promise<void> {
  const { steps } = await agent.repair({ mode: 'show' });
  for (const { version, action } of steps) {
    if (action !== 'choose') continue;
    await agent.repair({ migration: version, action: 'resume', mode: 'run' });
  }
}

function toFault(
  { kind, target, count }: RandomFault,
  { database, crashServer }: Stage,
  runner: () => FfProcess | undefined,
): Fault {
  let left = count;
  return {
    at: (statement) => {
      // Only statements of migrations can fail by themselves; the runner's own do not.
      if (kind === 'refuse-statement' && !/\bm_\d/.test(statement)) return false;
      const counts = target === 'commit' ? isCommit(statement) : true;
      return counts && left-- === 0;
    },
    action: actionOf(),
  };

  function actionOf(): Fault['action'] {
    switch (kind) {
      case 'terminate-backend':
        return {
          kind: 'meanwhile',
          act: async () => {
            await database.query(
              `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND application_name = 'flashfusion shop'`,
            );
          },
        };
      case 'crash-server':
        return { kind: 'meanwhile', act: async () => crashServer?.() };
      case 'kill-runner':
        return { kind: 'cut-before', act: async () => runner()?.kill() };
      default:
        return { kind };
    }
  }
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
