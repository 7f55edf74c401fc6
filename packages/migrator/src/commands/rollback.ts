import { MigratorError, type Problem } from '../errors';
import { History } from '../history/history';
import type { Migration, MigrationFile } from '../migration/types';
import { findMigration, knownMigrations } from '../plan/find-migration';
import { findPending } from '../plan/find-pending';
import { pendingRename, withCurrentDependencies, withPendingRename } from '../plan/former-names';
import { planRevert } from '../plan/plan-revert';
import type { CurrentId } from '../plan/project-names';
import { selectRevert, type RevertSelection } from '../plan/select-revert';
import type { Plan } from '../plan/types';
import type { RunResult } from '../run/result';
import { noDown, revertChange } from '../run/revert-change';
import { runPlan } from '../run/run-plan';
import { findDependentPlaces, readDependents, type DependentPlace } from './dependents-elsewhere';
import { loadAncestors } from './load-ancestors';
import { checkPlan, findFiles } from './plan-migrate';
import { ownDatabase, runScope, prepareHistory } from './own-project';
import {
  lookAtHistory,
  orThrow,
  projectDatabase,
  refuseOtherEnvironment,
  refuseOtherStamps,
  refuseUnconfirmed,
  refuseWrongConfirmation,
  type CommandContext,
} from './project-database';
import { underAllPresentNames, type ProjectHistory } from './read-project-history';
import { targetOf } from '../target';
import { plannedResult, runResult } from './run-results';

/** What to revert, and how. */
export interface RollbackOptions {
  readonly selection: RevertSelection;
  /**
   * `dry-run` makes the plan and touches nothing; `check` does the same and also refuses what a run refuses for want of
   * `confirm`. Default `run`.
   */
  readonly mode?: 'run' | 'dry-run' | 'check';
  /** The environment's name: nothing is reverted in a protected database without it. */
  readonly confirm?: string;
  /** A named migration that is not applied: `refuse` it, or `skip` it with the status `nothing-to-do`. Default `refuse`. */
  readonly notApplied?: 'refuse' | 'skip';
}

/** Reverts migrations with their stored rollback data. See {@link MigrationAgent.rollback}. */
export async function rollback(
  context: CommandContext,
  options: RollbackOptions,
): Promise<RunResult> {
  const started = performance.now();
  const files = await findFiles(context);
  const dependents = await findDependentPlaces(context);
  const project = await projectDatabase(context);
  if (options.mode === 'dry-run' || options.mode === 'check') {
    refuseWrongConfirmation(context.settings, options.confirm);
    return lookAtHistory(project, 'throw', async (state, history) => {
      const stamps = await refuseOtherStamps(context.settings, history);
      const facts = { files, dependents, state, history };
      const plan = await makePlan(context, facts, options);
      if (options.mode === 'check')
        refuseUnconfirmed(context.settings, stamps, options.confirm, consequencesOf(plan));
      const shown = withPendingRename(plan, pendingRename(state));
      return plannedResult(project.result, shown, started);
    });
  }
  return ownDatabase(project, { damage: 'throw', confirm: options.confirm }, async (owned) => {
    const { state } = owned;
    const history = new History(owned.connection.session, context.settings.schema);
    const plan = await makePlan(context, { files, dependents, state, history }, options);
    owned.permit(consequencesOf(plan));
    const scope = runScope(project, owned);
    if (plan.steps.length > 0) await prepareHistory(project, owned, scope);
    const outcome = await runPlan(scope, plan, async (step) => {
      const row = state.entries.find(({ id }) => id === step.migration.id);
      const history = scope.openHistory(scope.connection.session);
      return revertChange(step, row && (await history.rollbackData(row.rowId)));
    });
    return runResult(project.result, scope.runId, plan, outcome, started);
  });
}

/** The changes, each as a phrase after "this would". */
function consequencesOf({ steps }: Plan): readonly string[] {
  return steps.map(({ migration }) => `revert ${migration.id} (${migration.name})`);
}

/** What the plan of a rollback starts from. */
interface RevertFacts {
  readonly files: readonly MigrationFile[];
  /** Where else something may depend on what is reverted. */
  readonly dependents: readonly DependentPlace[];
  readonly state: ProjectHistory;
  readonly history: History | undefined;
}

async function makePlan(
  context: CommandContext,
  { files, dependents, state, history }: RevertFacts,
  options: RollbackOptions,
): Promise<Plan<Migration>> {
  const { settings, sources } = context;
  const { project, environment } = settings;
  const { entries, currentId } = state;
  const selection = currentSelection(options.selection, currentId);
  refuseOtherEnvironment(settings, state);
  const pending = await loadPendingTarget(context, { files, state }, selection);
  const found = selectRevert({ ...targetOf(settings), files, entries, selection, pending });
  const skipped = options.notApplied === 'skip' && !found.ok && found.problems.every(isNotApplied);
  const selected = skipped ? [] : orThrow(found);
  const ids = new Set(selected.map(({ id }) => id));
  const reverted = files.filter(({ id }) => ids.has(id));
  const migrations = await sources.migrations(reverted, settings);
  const rows = selected.length === 0 ? [] : await readDependents(context, dependents, history);
  const elsewhere = withCurrentDependencies(rows, currentId);
  const all = selected.length === 0 ? entries : await underAllPresentNames(context, entries);
  const plan = orThrow(
    planRevert({
      project,
      environment,
      migrations,
      selected,
      entries: all,
      elsewhere,
      selection,
    }),
  );
  refuseWithoutDown(migrations);
  await checkPlan(plan, history?.server);
  return plan;
}

function isNotApplied({ code }: Problem): boolean {
  return code === 'NOT_APPLIED';
}

/** What decides the place of a target that is not applied: the files know its dependencies, the history does not. */
async function loadPendingTarget(
  context: CommandContext,
  { files, state }: Pick<RevertFacts, 'files' | 'state'>,
  selection: RevertSelection,
): Promise<readonly Migration[]> {
  if (selection.kind !== 'to') return [];
  const { project } = context.settings;
  const { pending } = findPending({ project, files, entries: state.entries });
  const found = findMigration(
    selection.version,
    context.settings,
    knownMigrations(project, files, []),
  );
  const target = found.ok ? pending.find(({ id }) => id === found.migration.id) : undefined;
  return target === undefined ? [] : loadAncestors(context, { target, files: pending, state });
}

/** The selection with the present name of the project, where it names a migration by its whole identity. */
function currentSelection(selection: RevertSelection, currentId: CurrentId): RevertSelection {
  switch (selection.kind) {
    case 'migration':
      return { ...selection, nameOrVersion: currentId(selection.nameOrVersion) };
    case 'to':
      return { ...selection, version: currentId(selection.version) };
    case 'last':
      return selection;
  }
}

/** Before any SQL runs: half a rollback is worse than none. */
function refuseWithoutDown(migrations: readonly Migration[]): void {
  const problems = migrations.filter(({ down }) => down === undefined).map(noDown);
  if (problems.length > 0) throw MigratorError.fromProblems(problems);
}
