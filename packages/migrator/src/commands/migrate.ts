import type { MigrationFile, Migration } from '../migration/types';
import { findPending } from '../plan/find-pending';
import { planApply } from '../plan/plan-apply';
import type { Plan, PlanStep } from '../plan/types';
import type { HistoryState } from '../history/state';
import { applyChange } from '../run/apply-change';
import type { RunResult } from '../run/result';
import { refuseWithoutTransaction, runPlan, runPlanInOneTransaction } from '../run/run-plan';
import { discoverMigrations } from '../source/discover-migrations';
import { loadMigrations } from '../source/load-migrations';
import { findPrerequisites } from './prerequisites';
import {
  lookAtHistory,
  orThrow,
  own,
  prepareHistory,
  projectDatabase,
  refuseOtherEnvironment,
  runScope,
  type CommandContext,
} from './project-database';
import { plannedResult, runResult } from './run-results';

/** What to apply, and how. */
export interface MigrateOptions {
  /** The last migration to apply, by version or name, inclusive. Its dependencies come along. */
  readonly to?: string;
  /** `dry-run` makes the plan and touches nothing. Default `run`. */
  readonly mode?: 'run' | 'dry-run';
  /** `single` applies all that is pending in one transaction. Default `each`. */
  readonly transaction?: 'each' | 'single';
}

/** Applies what is pending. See {@link MigrationAgent.migrate}. */
export async function migrate(
  context: CommandContext,
  options: MigrateOptions,
): Promise<RunResult> {
  const started = performance.now();
  const files = await findFiles(context);
  const project = await projectDatabase(context);
  if (options.mode === 'dry-run') {
    return lookAtHistory(project, 'throw', async (state) =>
      plannedResult(project.result, await planMigrate(context, files, state, options), started),
    );
  }
  return own(project, 'throw', async (owned) => {
    const plan = await planMigrate(context, files, owned.state, options);
    const scope = runScope(project, owned);
    if (plan.steps.length > 0) await prepareHistory(project, owned);
    const carryOut = options.transaction === 'single' ? runPlanInOneTransaction : runPlan;
    const changeOf = (step: PlanStep<Migration>) =>
      Promise.resolve(applyChange(step, owned.state.entries));
    const outcome = await carryOut(scope, plan, changeOf);
    return runResult(project.result, scope.runId, plan, outcome, started);
  });
}

/** The project's migration files, checked and hashed, not loaded. */
export function findFiles({ settings }: CommandContext): Promise<MigrationFile[]> {
  return discoverMigrations({ project: settings.project, folder: settings.migrationsFolder });
}

/** Loads what is pending and plans it. Touches nothing. */
export async function planMigrate(
  context: CommandContext,
  files: readonly MigrationFile[],
  state: HistoryState,
  { to, transaction }: MigrateOptions,
): Promise<Plan<Migration>> {
  const { settings } = context;
  const { project, environment, outOfOrder } = settings;
  const { entries } = state;
  refuseOtherEnvironment(settings, state);
  const pendingFiles = orThrow(findPending({ project, files, entries }));
  const pending = await loadMigrations(pendingFiles, {
    workspaceRoot: settings.workspaceRoot,
    timeoutMs: settings.loadTimeoutMs,
  });
  const prerequisites = await findPrerequisites(context, pending, entries);
  const plan = orThrow(
    planApply({ project, environment, pending, files, entries, prerequisites, to, outOfOrder }),
  );
  if (transaction === 'single') refuseWithoutTransaction(plan);
  return plan;
}
