import type { MigrationFile } from '../migration/types';
import type { Plan } from '../plan/types';
import type { ResultContext, RunResult } from '../run/result';
import type { PlanOutcome } from '../run/run-plan';
import type { CommandContext } from './project-database';

/** The result of a dry run. */
export function plannedResult(context: ResultContext, plan: Plan, started: number): RunResult {
  return {
    ...context,
    action: plan.action,
    status: plan.steps.length === 0 ? 'nothing-to-do' : 'planned',
    runId: '',
    plan,
    done: [],
    failed: undefined,
    notReached: [],
    prerequisiteRuns: [],
    durationMs: performance.now() - started,
    finishedAt: new Date().toISOString(),
  };
}

/** The result of a run, also of one that failed. */
export function runResult(
  context: ResultContext,
  runId: string,
  plan: Plan,
  outcome: PlanOutcome,
  started: number,
): RunResult {
  return {
    ...context,
    action: plan.action,
    status: outcome.failed ? 'failed' : plan.steps.length === 0 ? 'nothing-to-do' : 'done',
    runId,
    plan,
    ...outcome,
    prerequisiteRuns: [],
    durationMs: performance.now() - started,
    finishedAt: new Date().toISOString(),
  };
}

/** Tells of a folder without any migration: "everything is applied" would hide a wrong folder. */
export function emptinessOf(
  { settings }: CommandContext,
  files: readonly MigrationFile[],
): Pick<RunResult, 'emptyFolder'> {
  return files.length === 0 ? { emptyFolder: settings.migrationsFolder } : {};
}
