import type { Migration } from '../migration/types';
import type { Plan } from '../plan/types';
import type { HistoryState } from '../history/state';
import type { RunScope } from '../run/change';
import type { RunResult } from '../run/result';
import type { PlanOutcome } from '../run/run-plan';
import { own, prepareHistory, runScope } from './own-project';
import {
  findFiles,
  planDryRun,
  planMigrate,
  type MigrateOptions,
  type PlannedRun,
} from './plan-migrate';
import { lookAtHistory, projectDatabase, type CommandContext } from './project-database';
import { emptinessOf, plannedResult, runResult } from './run-results';

/** Applies what is pending. See {@link MigrationAgent.migrate}. */
export async function migrate(
  context: CommandContext,
  options: MigrateOptions & PlannedRun,
): Promise<RunResult> {
  const started = performance.now();
  const files = await findFiles(context);
  const emptiness = emptinessOf(context, files);
  const project = await projectDatabase(context);
  if (options.mode === 'dry-run') {
    return lookAtHistory(project, 'throw', async (state, history) => {
      const plan = await planDryRun(context, { files, state, history }, options);
      return { ...plannedResult(project.result, plan, started), ...emptiness };
    });
  }
  return own(project, { damage: 'throw' }, async (owned) => {
    const { state } = owned;
    const scope = runScope(project, owned);
    const history = scope.openHistory(scope.connection.session);
    const plan = await planMigrate(context, { files, state, history }, options);
    if (plan.steps.length > 0) await prepareHistory(project, owned, scope);
    const outcome = await carryOut(scope, plan, state, options.transaction);
    return { ...runResult(project.result, scope.runId, plan, outcome, started), ...emptiness };
  });
}

/** Loads what runs migrations only where there is one to run: most deploys have nothing pending. */
async function carryOut(
  scope: RunScope,
  plan: Plan<Migration>,
  { entries }: HistoryState,
  transaction: MigrateOptions['transaction'],
): Promise<PlanOutcome> {
  if (plan.steps.length === 0) return { done: [], failed: undefined, notReached: [] };
  const [{ runPlan, runPlanInOneTransaction }, { applyChange }, { readEarlierAttempts }] =
    await Promise.all([
      import('../run/run-plan.js'),
      import('../run/apply-change.js'),
      import('../run/earlier-attempts.js'),
    ]);
  const run = transaction === 'single' ? runPlanInOneTransaction : runPlan;
  const latest = new Map(entries.map((entry) => [entry.id, entry]));
  return run(scope, plan, async (step) => {
    const { migration } = step;
    const entry = latest.get(migration.id);
    return applyChange(step, await readEarlierAttempts(scope, migration, 'apply', entry));
  });
}
