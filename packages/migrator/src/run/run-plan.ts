import { MigratorError } from '../errors';
import { modeOf } from '../migration/mode';
import type { Migration, MigrationId } from '../migration/types';
import type { Plan, PlanStep } from '../plan/types';
import { recoveryGuidance } from '../report/guidance';
import { cancellation } from './call-migration';
import type { Change, ChangeFailure, ChangeOutcome, RunScope } from './change';
import { explainFailure } from './explain-failure';
import type { ServerMessages } from '../migration/server-messages';
import { watchProgress } from './progress';
import type { MigrationFailure, MigrationOutcome } from './result';
import { runInOneTransaction } from './run-in-one-transaction';
import { runInTransaction } from './run-in-transaction';
import { runWithoutTransaction } from './run-without-transaction';
import { watchStrayErrors } from './stray-errors';
import { restoreSession } from './transaction';

/** What became of a plan: also of one that was not finished. */
export interface PlanOutcome {
  readonly done: readonly MigrationOutcome[];
  readonly failed: MigrationFailure | undefined;
  readonly notReached: readonly MigrationId[];
}

/** Makes a plan's step into the change to carry out. */
export type ChangeOf = (step: PlanStep<Migration>) => Promise<Change>;

/**
 * Carries a plan out, one transaction each, in order, up to the first failure. A run that has to stop between two migrations
 * is laid to the next one, of which nothing is begun or recorded.
 */
export function runPlan(
  scope: RunScope,
  plan: Plan<Migration>,
  changeOf: ChangeOf,
): Promise<PlanOutcome> {
  return watchStrayErrors(() => runSteps(scope, plan, changeOf));
}

async function runSteps(
  scope: RunScope,
  plan: Plan<Migration>,
  changeOf: ChangeOf,
): Promise<PlanOutcome> {
  const done: MigrationOutcome[] = [];
  announce(scope, plan);
  for (const [index, step] of plan.steps.entries()) {
    const reason = reasonToStop(scope);
    if (reason) return stoppedBefore(scope, plan, index, done, reason);
    const started = performance.now();
    const change = await prepareChange(step, async (next) => {
      // Stored rollback data is read next. The revert before must not affect how, or as whom.
      if (plan.action === 'revert' && index > 0) await restoreSession(scope.connection.session);
      return changeOf(next);
    });
    if (change.kind === 'failed' && done.length === 0) throw change.error;
    starting(scope, plan, step, index);
    const outcome = change.kind === 'failed' ? change : await runWatched(scope, change.change);
    const facts = factsOf(change.kind === 'failed' ? undefined : change.change, started);
    if (outcome.kind === 'failed') {
      const failed = failing(scope, step.migration, plan.action, facts, outcome);
      return {
        done,
        failed,
        notReached: plan.steps.slice(index + 1).map((rest) => rest.migration.id),
      };
    }
    done.push(finishing(scope, plan, step.migration, index, facts));
  }
  return { done, failed: undefined, notReached: [] };
}

/** Carries a plan out in one transaction: all of it or nothing. See `refuseWithoutTransaction` of plan/. */
export function runPlanInOneTransaction(
  scope: RunScope,
  plan: Plan<Migration>,
  changeOf: ChangeOf,
): Promise<PlanOutcome> {
  return watchStrayErrors(() => runStepsTogether(scope, plan, changeOf));
}

async function runStepsTogether(
  scope: RunScope,
  plan: Plan<Migration>,
  changeOf: ChangeOf,
): Promise<PlanOutcome> {
  announce(scope, plan);
  const changes: Change[] = [];
  for (const step of plan.steps) changes.push(await changeOf(step));
  const reason = reasonToStop(scope);
  if (reason) return stoppedBefore(scope, plan, 0, [], reason);
  const [first, ...rest] = changes;
  if (first === undefined) return { done: [], failed: undefined, notReached: [] };
  const started = performance.now();
  const outcome = await runInOneTransaction(scope, [first, ...rest], (change) => {
    const index = changes.indexOf(change);
    const step = plan.steps[index];
    if (step) starting(scope, plan, step, index);
  });
  if (outcome.kind === 'done') {
    const done = changes.map((change, index) =>
      finishing(scope, plan, change.migration, index, factsOf(change, started)),
    );
    return { done, failed: undefined, notReached: [] };
  }
  const culprit = outcome.change;
  return {
    done: [],
    failed: failing(scope, culprit.migration, plan.action, factsOf(culprit, started), outcome),
    notReached: changes.filter((change) => change !== culprit).map(({ migration }) => migration.id),
  };
}

/**
 * Makes the change. What goes wrong here, as a connection that is lost while stored rollback data is read, must not hide what
 * was done before.
 */
async function prepareChange(
  step: PlanStep<Migration>,
  changeOf: ChangeOf,
): Promise<{ readonly kind: 'ready'; readonly change: Change } | ChangeFailure> {
  try {
    return { kind: 'ready', change: await changeOf(step) };
  } catch (thrown) {
    const { path } = step.migration.file;
    return { kind: 'failed', error: explainFailure(thrown, path) };
  }
}

async function runWatched(scope: RunScope, change: Change): Promise<ChangeOutcome> {
  const watch = watchProgress(scope, change.migration.id);
  try {
    return modeOf(change.migration, change.action) === 'transaction'
      ? await runInTransaction(scope, change)
      : await runWithoutTransaction(scope, change);
  } finally {
    await watch.stop();
  }
}

/** Why a run must not begin another migration. */
function reasonToStop({ signal, connection }: RunScope): MigratorError | undefined {
  if (signal.aborted) return cancellation();
  if (connection.overtaken) return overtaken();
  return undefined;
}

function overtaken(): MigratorError {
  return new MigratorError(
    'LOCK_HELD',
    'The connection was lost, and before the run could come back another runner took the lock: what was planned may be done by it.',
    { hint: 'Run status when the other runner is through, then the command again.' },
  );
}

/** No event tells of it: the migration that is named has not begun. */
function stoppedBefore(
  { target }: RunScope,
  { action, steps }: Plan<Migration>,
  index: number,
  done: readonly MigrationOutcome[],
  error: MigratorError,
): PlanOutcome {
  const [next, ...rest] = steps.slice(index).map(({ migration }) => migration);
  if (next === undefined) return { done, failed: undefined, notReached: [] };
  const { id, name } = next;
  const guidance = recoveryGuidance(error, {
    ...target,
    id,
    name,
    mode: modeOf(next, action),
    action,
    aftermath: 'notBegun',
  });
  return {
    done,
    failed: { id, name, durationMs: 0, error, guidance },
    notReached: rest.map((migration) => migration.id),
  };
}

function announce(scope: RunScope, plan: Plan): void {
  scope.onEvent({
    type: 'run-started',
    runId: scope.runId,
    action: plan.action,
    total: plan.steps.length,
  });
}

function starting(scope: RunScope, plan: Plan, step: PlanStep, index: number): void {
  const { id, name } = step.migration;
  const { action } = plan;
  scope.onEvent({ type: 'migration-started', id, name, action, index, total: plan.steps.length });
}

/** What is known of a migration that ended. */
type RunFacts = Pick<MigrationOutcome, 'durationMs'> & {
  readonly messages: ServerMessages | undefined;
};

/** The duration is the one that the history has: it is measured once. Without a row it is the time since the start. */
function factsOf(change: Change | undefined, started: number): RunFacts {
  return {
    durationMs: change?.recorded.executionTimeMs ?? performance.now() - started,
    messages: change?.messages.summary(),
  };
}

function finishing(
  scope: RunScope,
  plan: Plan,
  { id, name }: Migration,
  index: number,
  { durationMs, messages }: RunFacts,
): MigrationOutcome {
  const total = plan.steps.length;
  if (messages) scope.onEvent({ type: 'migration-messages', id, messages });
  scope.onEvent({
    type: 'migration-finished',
    id,
    name,
    action: plan.action,
    durationMs,
    index,
    total,
  });
  return { id, name, durationMs, ...(messages && { messages }) };
}

function failing(
  scope: RunScope,
  migration: Migration,
  action: Plan['action'],
  { durationMs, messages }: RunFacts,
  { error, aftermath }: ChangeFailure,
): MigrationFailure {
  const { id, name } = migration;
  if (messages) scope.onEvent({ type: 'migration-messages', id, messages });
  scope.onEvent({ type: 'migration-failed', id, name, action, durationMs, error });
  const guidance = recoveryGuidance(error, {
    ...scope.target,
    id,
    name,
    action,
    mode: modeOf(migration, action),
    aftermath,
  });
  return { id, name, durationMs, error, guidance, ...(messages && { messages }) };
}
