import { MigratorError } from '../errors';
import type { HistoryEntry } from '../history/entry';
import { History } from '../history/history';
import { nextAttempt } from '../migration/attempt';
import type { Migration } from '../migration/types';
import { repairCommand } from '../plan/commands';
import { planRepair, type RepairAction, type RepairStep } from '../plan/plan-repair';
import type { Plan } from '../plan/types';
import { applyChange } from '../run/apply-change';
import type { Change, RunScope } from '../run/change';
import { readEarlierAttempts } from '../run/earlier-attempts';
import type { ResultContext, RunResult } from '../run/result';
import { revertChange } from '../run/revert-change';
import { runPlan } from '../run/run-plan';
import { loadMigrations } from './load-migrations';
import { appendMarks, type Mark } from './mark';
import { findFiles } from './plan-migrate';
import { ownDatabase, prepareHistory, runScope, type Owned } from './own-project';
import {
  lookAtHistory,
  orThrow,
  projectDatabase,
  refuseOtherEnvironment,
  refuseOtherStamps,
  refuseUnconfirmed,
  refuseWrongConfirmation,
  type CommandContext,
  type ProjectDatabase,
} from './project-database';
import { targetOf, type Target } from '../target';
import type { ProjectHistory } from './read-project-history';
import { runResult } from './run-results';
import { inDepth } from './status';

export type { RepairAction, RepairStep };

/** What to repair, and how. */
export interface RepairOptions {
  /** Name or version; absent: everything of the project that needs it. */
  readonly migration?: string;
  /** Absent: what has one honest answer is proposed, what has several is shown as `choose`. */
  readonly action?: RepairAction;
  /** `show` returns what would be done and does nothing; `check` does the same and also refuses what `run` refuses. */
  readonly mode: 'show' | 'check' | 'run';
  /** The environment's name: a protected database is not repaired without it. */
  readonly confirm?: string;
}

/** What was, or would be, repaired. */
export interface RepairResult extends ResultContext {
  readonly status: 'nothing-to-do' | 'planned' | 'done' | 'failed';
  readonly steps: readonly RepairStep[];
  /** The run of a resumed migration. */
  readonly run: RunResult | undefined;
}

/** Mends the history, by rows that say so. See {@link MigrationAgent.repair}. */
export async function repair(
  context: CommandContext,
  options: RepairOptions,
): Promise<RepairResult> {
  const project = await projectDatabase(context);
  if (options.mode !== 'run') {
    refuseWrongConfirmation(context.settings, options.confirm);
    return lookAtHistory(project, 'report', async (seen, history) => {
      const stamps = await refuseOtherStamps(context.settings, history);
      const state = await inDepth(context, seen, { history, depth: 'verify' });
      const steps = await chooseSteps(context, state, options);
      if (options.mode === 'check') {
        refuseToChoose(context.settings, steps);
        refuseUnconfirmed(context.settings, stamps, options.confirm, steps.map(consequenceOf));
      }
      return {
        ...project.result,
        status: steps.length === 0 ? 'nothing-to-do' : 'planned',
        steps,
        run: undefined,
      };
    });
  }
  return ownDatabase(project, { damage: 'report', confirm: options.confirm }, async (owned) => {
    const steps = await chooseSteps(context, await verified(context, owned), options);
    refuseToChoose(context.settings, steps);
    if (steps.length === 0)
      return { ...project.result, status: 'nothing-to-do', steps, run: undefined };
    owned.permit(steps.map(consequenceOf));
    const scope = runScope(project, owned);
    await prepareHistory(project, owned, scope);
    if (options.action === 'resume') return resume(project, owned, scope, steps);
    const marks = await Promise.all(steps.map((step) => markOf(context, owned.state, step)));
    await appendMarks(scope, 'repair', marks);
    return { ...project.result, status: 'done', steps, run: undefined };
  });
}

function verified(context: CommandContext, { state, connection }: Owned): Promise<Owned['state']> {
  const history = new History(connection.session, context.settings.schema);
  return inDepth(context, state, { history, depth: 'verify' });
}

async function chooseSteps(
  context: CommandContext,
  state: Owned['state'],
  { migration, action }: RepairOptions,
): Promise<readonly RepairStep[]> {
  const { settings } = context;
  refuseOtherEnvironment(settings, state);
  const files = await findFiles(context);
  const { entries, damage } = state;
  const named = migration === undefined ? undefined : state.currentId(migration);
  return orThrow(
    planRepair({
      ...targetOf(settings),
      files,
      entries,
      damage,
      migration: named,
      action,
    }),
  );
}

/** The step as a phrase after "this would". */
function consequenceOf({ id, name, action }: RepairStep): string {
  const migration = `${id} (${name})`;
  switch (action) {
    case 'resume':
      return `run ${migration} again where it stopped`;
    case 'mark-applied':
      return `record ${migration} as applied without running it`;
    case 'mark-reverted':
      return `record ${migration} as reverted without running it`;
    case 'mark-retired':
      return `record ${migration} as retired: its file is gone, its change stays`;
    case 'accept-checksum':
      return `record the present checksum of ${migration}`;
    case 'choose':
      return `repair ${migration}`;
  }
}

function refuseToChoose(scope: Target, steps: readonly RepairStep[]): void {
  const problems = steps
    .filter(({ action }) => action === 'choose')
    .map(({ id, version, why, choices }) => ({
      code: 'CONFIRMATION_REQUIRED' as const,
      message: `${id}: ${why} Nothing was repaired.`,
      hint: `Check the database, then choose: ${choices.map((each) => repairCommand(scope, version, each)).join(', ')}.`,
      where: id,
    }));
  if (problems.length > 0) throw MigratorError.fromProblems(problems);
}

/** The states that marks lead to, if not to `applied`. */
const MARKED: Partial<Record<RepairStep['action'], Mark['state']>> = {
  'mark-retired': 'retired',
  'mark-reverted': 'reverted',
};

async function markOf(
  context: CommandContext,
  state: ProjectHistory,
  step: RepairStep,
): Promise<Mark> {
  const { settings } = context;
  const { entry, file, id, version, name } = step;
  const facts = entry ?? (await describe(context, state, step));
  return {
    id,
    project: settings.project,
    version,
    name,
    description: facts.description,
    dependencies: facts.dependencies,
    checksum: file?.checksum ?? entry?.checksum ?? '',
    state: MARKED[step.action] ?? 'applied',
    attempt: nextAttempt(entry),
  };
}

/** A migration that never ran has no row to take its description from. */
async function describe(
  context: CommandContext,
  state: ProjectHistory,
  { file }: RepairStep,
): Promise<Pick<HistoryEntry, 'description' | 'dependencies'>> {
  const [migration] = await load(context, state, file);
  return { description: migration?.description ?? '', dependencies: migration?.dependencies ?? [] };
}

/** Runs the interrupted function again; statements of its scripts that had finished are skipped. */
async function resume(
  project: ProjectDatabase,
  owned: Owned,
  scope: RunScope,
  steps: readonly RepairStep[],
): Promise<RepairResult> {
  const started = performance.now();
  const { settings } = project.context;
  const [step] = steps;
  const [migration] = await load(project.context, owned.state, step?.file);
  if (step?.entry === undefined || migration === undefined)
    return { ...project.result, status: 'nothing-to-do', steps, run: undefined };
  const { entry } = step;
  const action = entry.action === 'revert' ? 'revert' : 'apply';
  const plan: Plan<Migration> = {
    action,
    project: settings.project,
    environment: settings.environment,
    steps: [{ migration, reason: { kind: 'requested' }, attempt: nextAttempt(entry) }],
  };
  const outcome = await runPlan(scope, plan, async (planned): Promise<Change> => {
    const earlier = await readEarlierAttempts(scope, migration, action, entry);
    if (action === 'apply') return applyChange(planned, earlier);
    const history = scope.openHistory(scope.connection.session);
    const revert = revertChange(planned, await history.rollbackData(entry.rowId), earlier);
    // What the interrupted revert had done stays, however this one runs and ends.
    return { ...revert, states: { ...revert.states, failed: 'failed' } };
  });
  const run = runResult(project.result, scope.runId, plan, outcome, started);
  return { ...project.result, status: run.status === 'failed' ? 'failed' : 'done', steps, run };
}

function load(
  context: CommandContext,
  state: ProjectHistory,
  file: RepairStep['file'],
): Promise<readonly Migration[]> {
  return loadMigrations(context, file ? [file] : [], state);
}
