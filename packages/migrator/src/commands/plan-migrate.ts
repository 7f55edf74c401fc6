import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { DEFAULT_MIGRATIONS } from '../config/defaults';
import type { Settings } from '../config/settings';
import type { ServerFacts } from '../database/database';
import { MigratorError, type Problem } from '../errors';
import type { History } from '../history/history';
import type { Migration, MigrationFile, MigrationId } from '../migration/types';
import { parseMigrationId } from '../migration/id';
import { findPending } from '../plan/find-pending';
import { pendingRename, withPendingRename } from '../plan/former-names';
import { planApply } from '../plan/plan-apply';
import type { KnownMigrations } from '../plan/planned-order';
import { assumingApplied, withKnown, type PrerequisiteLookup } from '../plan/prerequisites';
import { refuseWithoutTransaction } from '../plan/single-transaction';
import { withProblems, type Plan } from '../plan/types';
import { checkSql } from '../run/check-sql';
import { loadMigrations } from './load-migrations';
import { findPrerequisites } from './prerequisites';
import {
  lookAtHistory,
  orThrow,
  projectDatabase,
  refuseOtherEnvironment,
  type CommandContext,
} from './project-database';
import { targetOf } from '../target';
import type { ProjectHistory } from './read-project-history';
import { refusePossibleRename } from './refuse-possible-rename';

/** What to apply, and how. */
export interface MigrateOptions {
  /** The last migration to apply, by version or name, inclusive, with all before it in the planned order. */
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
  /** What was known of all projects when the runs were planned: it decides the order. */
  readonly known?: KnownMigrations;
}

/**
 * The project's migration files, checked and hashed, not loaded. Git drops an empty folder, so a folder that does not exist is
 * read as an empty one if it is the default folder, or if the history has migrations of the project: those are then reported
 * as files that are gone. Any other path may be mistyped, and is an error.
 */
export async function findFiles(context: CommandContext): Promise<readonly MigrationFile[]> {
  const { settings, sources } = context;
  try {
    return await sources.files(settings);
  } catch (error) {
    if (!(error instanceof MigratorError) || error.code !== 'MIGRATIONS_FOLDER_NOT_FOUND')
      throw error;
    if (isDefaultFolder(settings) && !existsSync(settings.migrationsFolder)) return [];
    if (await hasHistory(context)) return [];
    throw error;
  }
}

function isDefaultFolder({ projectRoot, migrationsFolder }: Settings): boolean {
  return relative(join(projectRoot, DEFAULT_MIGRATIONS), migrationsFolder) === '';
}

/** Whether the history has rows of the project. `false` where it cannot be read: the caller reports a better reason. */
async function hasHistory(context: CommandContext): Promise<boolean> {
  try {
    const project = await projectDatabase(context);
    return await lookAtHistory(project, 'report', ({ entries }) =>
      Promise.resolve(entries.some(({ project: name }) => name === context.settings.project)),
    );
  } catch {
    return false;
  }
}

/** What is pending, loaded, and what stops a run before that is planned. */
export interface PendingMigrations {
  readonly pending: readonly Migration[];
  readonly problems: readonly Problem[];
}

/**
 * Loads what is pending. The problems of what is applied are returned, so that they are reported together with what planning
 * finds.
 *
 * @throws {MigratorError} `ENVIRONMENT_MISMATCH`; all problems, if a file cannot be loaded, or with `POSSIBLE_RENAME`
 *   if something pending is applied under another project's name
 */
export async function findPendingMigrations(
  context: CommandContext,
  files: readonly MigrationFile[],
  state: ProjectHistory,
): Promise<PendingMigrations> {
  const { settings } = context;
  const { entries } = state;
  refuseOtherEnvironment(settings, state);
  const { pending, problems } = findPending({ project: settings.project, files, entries });
  try {
    await refusePossibleRename(context, pending, state);
    return { pending: await loadMigrations(context, pending, state), problems };
  } catch (error) {
    if (!(error instanceof MigratorError) || problems.length === 0) throw error;
    throw MigratorError.fromProblems([...problems, ...error.problems]);
  }
}

/** What planning starts from. */
export interface MigrateFacts {
  readonly files: readonly MigrationFile[];
  readonly state: ProjectHistory;
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
  const plan = planPending(context, await gatherFacts(context, facts), options);
  await checkPlan(plan, facts.history?.server);
  return plan;
}

/** Checks the SQL of what a plan runs. Loads the parser only where there is some. */
export async function checkPlan(
  { action, steps }: Plan<Migration>,
  server: ServerFacts | undefined,
): Promise<void> {
  const migrations = steps.map(({ migration }) => migration);
  await checkSql({ migrations, action, server });
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
  await checkPlan(plan, facts.history?.server);
  const waitsFor = assumed();
  const others = new Set(waitsFor.map((id) => parseMigrationId(id).project));
  const waitsForTargets = [...others].flatMap((other) => lookup.targetOf(other) ?? []);
  return {
    ...withPendingRename(plan, pendingRename(facts.state)),
    waitsFor,
    ...(waitsForTargets.length === 0 ? {} : { waitsForTargets }),
  };
}

/** What a plan is made from. */
interface PlanFacts {
  readonly files: readonly MigrationFile[];
  readonly state: ProjectHistory;
  readonly pending: readonly Migration[];
  /** What was found before planning. */
  readonly problems: readonly Problem[];
  readonly prerequisites: PrerequisiteLookup;
}

/** Loads what is pending and looks up what that needs of other projects. */
async function gatherFacts(
  context: CommandContext,
  { files, state, history }: MigrateFacts,
): Promise<PlanFacts> {
  const { pending, problems } = await findPendingMigrations(context, files, state);
  const prerequisites = await findPrerequisites(context, pending, state, history);
  return { files, state, pending, problems, prerequisites };
}

function planPending(
  { settings }: CommandContext,
  { files, state, pending, problems, prerequisites }: PlanFacts,
  options: MigrateOptions & PlannedRun,
): Plan<Migration> {
  const { entries, currentId } = state;
  const planned = planApply({
    ...targetOf(settings),
    pending,
    files,
    entries,
    prerequisites: withKnown(prerequisites, options.known),
    to: options.to === undefined ? undefined : currentId(options.to),
    only: options.only,
    outOfOrder: settings.outOfOrder,
  });
  const plan = orThrow(withProblems(planned, problems));
  if (options.transaction === 'single') refuseWithoutTransaction(plan);
  return plan;
}
