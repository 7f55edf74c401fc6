import type { MigrationAgent } from '../../agent';
import { MigratorError } from '../../errors';
import type { RunResult } from '../../run/result';
import type { TestDatabase } from '../postgres';
import type { ProjectKey, Scenario } from './scenario';
import { positions, versionAt } from './scenario-migrations';
import { findContradictions, readHistory, standings } from './scenario-schema';
import type { ScenarioWorkspace } from './scenario-workspace';

/** How often an operator follows the hints of what still fails. */
const ROUNDS = 6;

const IN_ORDER: readonly ProjectKey[] = ['shop', 'orders'];

/**
 * Brings everything to its end without faults, as an operator does who follows the hints: corrects, resumes, migrates,
 * writes a script in another way where a resume is refused. Then verifies both histories and rolls everything back.
 */
export async function finishScenario(
  scenario: Scenario,
  workspace: ScenarioWorkspace,
  database: Pick<TestDatabase, 'query'>,
): Promise<{ readonly commands: number; readonly lost: readonly string[] }> {
  let commands = 0;
  let failures: readonly Failure[] = [];
  const unexpected: Failure[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    failures = [];
    for (const key of IN_ORDER) {
      workspace.correct(key);
      commands += 2;
      failures = [...failures, ...(await continueProject(workspace, key))];
    }
    if (failures.length === 0) break;
    // No fault is there any more, and no file fails by itself: a session that leaks would.
    unexpected.push(...failures.filter(({ code }) => code === 'MIGRATION_FAILED'));
    for (const { position, code } of failures) {
      if (code === 'SCRIPT_CHANGED' || code === 'CHECKSUM_MISMATCH') workspace.rewrite(position);
    }
  }
  const states = standings(await readHistory(database));
  const pending = positions(scenario).filter(
    ([position]) => !states[versionAt(position)]?.endsWith(' applied'),
  );
  const lost = [
    ...unexpected.map(({ message }) => `failed without a fault: ${message}`),
    ...failures.map(({ code, message }) => `at the end: ${code} ${message}`),
    ...pending.map(([position]) => `left at the end: ${position} (${JSON.stringify(states)})`),
    ...(await findContradictions(database, scenario)),
    ...(await damageOf(workspace)),
  ];
  if (lost.length > 0) return { commands, lost };
  return { commands: commands + 2, lost: await rollbackAll(scenario, workspace, database) };
}

interface Failure {
  readonly position: number;
  readonly code: string;
  readonly message: string;
}

async function continueProject(
  workspace: ScenarioWorkspace,
  key: ProjectKey,
): Promise<readonly Failure[]> {
  const agent = await workspace.projects[key].agent();
  try {
    const resumed = await resumeAll(agent);
    return [...resumed, await agent.migrate()].flatMap(failureOf);
  } catch (error) {
    if (!(error instanceof MigratorError)) throw error;
    return [{ position: Number.NaN, code: error.code, message: error.message }];
  }
}

/** Resumes whatever was interrupted. */
export async function resumeAll(agent: MigrationAgent): Promise<readonly RunResult[]> {
  const { steps } = await agent.repair({ mode: 'show' });
  const runs: RunResult[] = [];
  for (const { version, action } of steps) {
    if (action !== 'choose') continue;
    const { run } = await agent.repair({ migration: version, action: 'resume', mode: 'run' });
    if (run) runs.push(run);
  }
  return runs;
}

function failureOf({ failed }: RunResult): Failure[] {
  if (failed === undefined) return [];
  const version = failed.id.slice(failed.id.lastIndexOf(':') + 1);
  const { code, message } = failed.error;
  return [{ position: Number(version) - Number(versionAt(0)), code, message }];
}

/** The chain of each history must have no break, whatever triggers were there meanwhile. */
async function damageOf(workspace: ScenarioWorkspace): Promise<string[]> {
  const found: string[] = [];
  for (const key of IN_ORDER) {
    const agent = await workspace.projects[key].agent();
    const { problems } = await agent.status({ history: 'verify' });
    found.push(...problems.map(({ code, message }) => `status: ${code} ${message}`));
  }
  return found;
}

async function rollbackAll(
  scenario: Scenario,
  workspace: ScenarioWorkspace,
  database: Pick<TestDatabase, 'query'>,
): Promise<string[]> {
  const lost: string[] = [];
  for (const key of [...IN_ORDER].reverse()) {
    const count = scenario.graph.filter(({ project }) => project === key).length;
    if (count === 0) continue;
    const agent = await workspace.projects[key].agent();
    const { failed, done } = await agent.rollback({ selection: { kind: 'last', count } });
    if (failed) lost.push(`rollback at the end: ${failed.error.code} ${failed.error.message}`);
    if (done.length < count) lost.push(`rollback at the end: ${done.length} of ${count}`);
  }
  return [...lost, ...(await findContradictions(database, scenario))];
}
