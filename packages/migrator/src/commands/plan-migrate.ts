import type { History } from '../history/history';
import type { HistoryState } from '../history/state';
import type { Migration, MigrationFile, MigrationId } from '../migration/types';
import { findPending } from '../plan/find-pending';
import { planApply } from '../plan/plan-apply';
import { assumingApplied, type PrerequisiteLookup } from '../plan/prerequisites';
import { refuseWithoutTransaction } from '../plan/single-transaction';
import type { Plan } from '../plan/types';
import { findPrerequisites } from './prerequisites';
import { orThrow, refuseOtherEnvironment, type CommandContext } from './project-database';

/** What to apply, and how. */
export interface MigrateOptions {
  /** The last migration to apply, by version or name, inclusive. Its dependencies come along. */
  readonly to?: string;
  /** `dry-run` makes the plan and touches nothing. Default `run`. */
  readonly mode?: 'run' | 'dry-run';
  /** `single` applies all that is pending in one transaction. Default `each`. */
  readonly transaction?: 'each' | 'single';
  /**
   * Migrations of other projects that the pending ones need and that are not applied: `require` refuses, naming the
   * commands; `apply` applies them first, each under its own project's lock, history and settings, and no further than
   * needed. Default `require`.
   */
  readonly prerequisites?: 'require' | 'apply';
}

/** One run of several that were planned together. */
export interface PlannedRun {
  /** Exactly these, and what they need. */
  readonly only?: ReadonlySet<MigrationId>;
  /** Overrides the settings: what an earlier run of the same plan applied must not make the rest come too late. */
  readonly outOfOrder?: 'allow';
}

/** The project's migration files, checked and hashed, not loaded. */
export function findFiles({
  settings,
  sources,
}: CommandContext): Promise<readonly MigrationFile[]> {
  return sources.files(settings);
}

/** What is pending, loaded. */
export async function findPendingMigrations(
  { settings, sources }: CommandContext,
  files: readonly MigrationFile[],
  state: HistoryState,
): Promise<readonly Migration[]> {
  const { entries } = state;
  refuseOtherEnvironment(settings, state);
  const pending = orThrow(findPending({ project: settings.project, files, entries }));
  return sources.migrations(pending, settings);
}

/** What planning starts from. */
export interface MigrateFacts {
  readonly files: readonly MigrationFile[];
  readonly state: HistoryState;
  /** Where the state was read, if that session is still open: other histories of the same database are read on it. */
  readonly history: History | undefined;
}

/**
 * Loads what is pending and plans it. Touches nothing.
 *
 * @throws {MigratorError} everything that stands in the way
 */
export async function planMigrate(
  context: CommandContext,
  facts: MigrateFacts,
  options: MigrateOptions & PlannedRun,
): Promise<Plan<Migration>> {
  return planPending(context, await gatherFacts(context, facts), options);
}

/**
 * As {@link planMigrate}, but what other projects have not applied yet is noted instead of refused: Nx plans the projects of
 * a dry run one after the other, and none of them applies anything.
 */
export async function planDryRun(
  context: CommandContext,
  facts: MigrateFacts,
  options: MigrateOptions & PlannedRun,
): Promise<Plan<Migration>> {
  const gathered = await gatherFacts(context, facts);
  const { lookup, assumed } = assumingApplied(gathered.prerequisites);
  const plan = planPending(context, { ...gathered, prerequisites: lookup }, options);
  return { ...plan, waitsFor: assumed() };
}

/** What a plan is made from. */
interface PlanFacts {
  readonly files: readonly MigrationFile[];
  readonly state: HistoryState;
  readonly pending: readonly Migration[];
  readonly prerequisites: PrerequisiteLookup;
}

/** Loads what is pending and looks up what that needs of other projects. */
async function gatherFacts(
  context: CommandContext,
  { files, state, history }: MigrateFacts,
): Promise<PlanFacts> {
  const pending = await findPendingMigrations(context, files, state);
  const prerequisites = await findPrerequisites(context, pending, state, history);
  return { files, state, pending, prerequisites };
}

function planPending(
  { settings: { project, environment, outOfOrder } }: CommandContext,
  { files, state: { entries }, pending, prerequisites }: PlanFacts,
  options: MigrateOptions & PlannedRun,
): Plan<Migration> {
  const plan = orThrow(
    planApply({
      project,
      environment,
      pending,
      files,
      entries,
      prerequisites,
      to: options.to,
      only: options.only,
      outOfOrder: options.outOfOrder ?? outOfOrder,
    }),
  );
  if (options.transaction === 'single') refuseWithoutTransaction(plan);
  return plan;
}
