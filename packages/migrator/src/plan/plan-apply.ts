import type { Problem } from '../errors';
import type { HistoryEntry } from '../history/entry';
import { nextAttempt } from '../migration/attempt';
import { parseMigrationId } from '../migration/id';
import type { MigrationFile, MigrationId } from '../migration/types';
import { checkDependencies, suggestVersions } from './check-dependencies';
import { findMigration, knownMigrations, type KnownMigration } from './find-migration';
import { orderMigrations } from './order';
import { effectiveState } from './effective-state';
import { findLate, outOfOrderProblem } from './out-of-order';
import { inPlannedOrder, isUpTo, plannedOrder, type PlannedOrder } from './planned-order';
import type { PrerequisiteLookup } from './prerequisites';
import { readHistory } from './read-history';
import type { Plan, PlannableMigration, Planned, PlanStep, StepReason } from './types';

export type { PrerequisiteLookup, PrerequisiteState } from './prerequisites';

/** What {@link planApply} decides from. */
export interface PlanApplyOptions<M extends PlannableMigration> {
  readonly project: string;
  readonly environment: string;
  readonly databaseName?: string | undefined;
  readonly tenant?: string | undefined;
  /** What `findPending` found, loaded. */
  readonly pending: readonly M[];
  /** All migration files of the project. */
  readonly files: readonly MigrationFile[];
  /** Latest history rows of the environment. */
  readonly entries: readonly HistoryEntry[];
  /** What is known of the migrations of other projects. */
  readonly prerequisites: PrerequisiteLookup;
  /** The last one to apply, by version or name, inclusive: everything up to it in the planned order. All when absent. */
  readonly to?: string;
  /** Exactly these, and what they need; decided beforehand, see {@link planAcrossProjects}. Takes the place of `to`. */
  readonly only?: ReadonlySet<MigrationId>;
  readonly outOfOrder: 'refuse' | 'allow';
}

/**
 * Decides what is applied, why, and in which order: the {@link plannedOrder}, dependencies first, then by version. The same input gives the same
 * plan, in whatever order it is given.
 *
 * Everything that stands in the way is reported at once: `UNKNOWN_MIGRATION` or `AMBIGUOUS_MIGRATION` (of `to`),
 * `SELF_DEPENDENCY`, `UNKNOWN_DEPENDENCY`, `UNKNOWN_PROJECT`, `PREREQUISITE_NOT_APPLIED`, `DEPENDENCY_CYCLE`,
 * `OUT_OF_ORDER`, `HISTORY_CORRUPT`.
 */
export function planApply<M extends PlannableMigration>(
  options: PlanApplyOptions<M>,
): Planned<Plan<M>> {
  const { project, environment, files, entries, prerequisites, to } = options;
  const history = readHistory(entries);
  const pending = options.pending.filter(
    ({ id }) => effectiveState(history.byId.get(id)) === 'pending',
  );
  const known = {
    entries: [...entries, ...prerequisites.known.entries],
    pending: [...pending, ...prerequisites.known.pending],
  };
  const order = plannedOrder(known);
  const problems: Problem[] = [...history.problems];
  const found =
    to === undefined
      ? undefined
      : findMigration(to, options, knownMigrations(project, files, entries));
  if (found?.ok === false) problems.push(found.problem);
  const target = found?.ok === true ? found.migration : undefined;
  const chosen = choose(pending, target, options.only, order);

  const facts = {
    ...options,
    history: history.byId,
    allPending: new Set(pending.map(({ id }) => id)),
    fileIds: new Set(files.map(({ id }) => id)),
    suggest: suggestVersions(files),
  };
  const late =
    pending.length === 0
      ? new Map<MigrationId, HistoryEntry>()
      : findLate({ project, order, known, history: history.byId });
  const unsure = new Set(waitingForOthers(pending, options).map(({ id }) => id));
  for (const migration of chosen) {
    problems.push(...checkDependencies(migration, facts));
    const follower = late.get(migration.id);
    if (follower === undefined || unsure.has(migration.id)) continue;
    if (options.outOfOrder === 'refuse') problems.push(outOfOrderProblem(migration.file, follower));
  }
  const ordered = orderMigrations(chosen);
  if (!ordered.ok) problems.push(...ordered.cycles.map(cycleProblem));
  if (problems.length > 0) return { ok: false, problems };

  const neededBy = dependents(chosen);
  const steps = inPlannedOrder(chosen, order).map((migration): PlanStep<M> => {
    const entry = history.byId.get(migration.id);
    const follower = unsure.has(migration.id) ? undefined : late.get(migration.id);
    const dependent = isBeyond(migration, target) ? neededBy.get(migration.id)?.[0] : undefined;
    return {
      migration,
      reason: reasonOf(entry, follower, dependent),
      attempt: nextAttempt(entry),
    };
  });
  return { ok: true, plan: { action: 'apply', project, environment, steps } };
}

/**
 * What is to be applied: a beginning of the planned order, so that nothing that is left out becomes late. Where a cycle
 * leaves the target without a place, the target and what it needs, so that the cycle is reported.
 */
function choose<M extends PlannableMigration>(
  pending: readonly M[],
  target: KnownMigration | undefined,
  only: ReadonlySet<MigrationId> | undefined,
  order: PlannedOrder,
): readonly M[] {
  if (only !== undefined) return withDependencies(pending, (id) => only.has(id));
  if (target === undefined) return pending;
  return withDependencies(pending, (id) => isUpTo(id, target.id, order));
}

/** Only what another one needs is taken although its version is higher than the target's. */
function isBeyond({ version }: PlannableMigration, target: KnownMigration | undefined): boolean {
  return target !== undefined && version > target.version;
}

function withDependencies<M extends PlannableMigration>(
  pending: readonly M[],
  isWanted: (id: MigrationId) => boolean,
): readonly M[] {
  const byId = new Map(pending.map((migration) => [migration.id, migration]));
  const chosen = new Set(pending.filter(({ id }) => isWanted(id)));
  // A Set visits what is added during the walk, so this finds the dependencies of dependencies, too.
  for (const { dependencies } of chosen) {
    for (const dependency of dependencies) {
      const needed = byId.get(dependency);
      if (needed !== undefined) chosen.add(needed);
    }
  }
  return [...chosen];
}

/**
 * Pending migrations behind one of another project that is not applied. Its dependencies may put them behind what is applied
 * here, so whether they are late is not known yet. They are refused for that prerequisite.
 */
function waitingForOthers<M extends PlannableMigration>(
  pending: readonly M[],
  { project, entries, prerequisites }: PlanApplyOptions<M>,
): readonly M[] {
  const known = new Set(prerequisites.known.pending.map(({ id }) => id));
  for (const entry of [...entries, ...prerequisites.known.entries]) {
    if (effectiveState(entry) === 'applied') known.add(entry.id);
  }
  const isWaitedFor = (id: MigrationId) => {
    if (known.has(id) || parseMigrationId(id).project === project) return false;
    const state = prerequisites.stateOf(id);
    return state === 'applied' || state === 'notApplied';
  };
  const waiting = pending.filter(({ dependencies }) => dependencies.some(isWaitedFor));
  const found = new Set(waiting);
  const needing = dependents(pending);
  for (const { id } of found) for (const dependent of needing.get(id) ?? []) found.add(dependent);
  return [...found];
}

/** Which of these migrations depend on each one, in the given order. */
function dependents<M extends PlannableMigration>(
  migrations: readonly M[],
): ReadonlyMap<MigrationId, readonly M[]> {
  const found = new Map<MigrationId, M[]>();
  for (const migration of migrations) {
    for (const dependency of migration.dependencies) {
      const others = found.get(dependency);
      if (others === undefined) found.set(dependency, [migration]);
      else others.push(migration);
    }
  }
  return found;
}

function reasonOf(
  entry: HistoryEntry | undefined,
  follower: HistoryEntry | undefined,
  dependent: PlannableMigration | undefined,
): StepReason {
  if (follower !== undefined) return { kind: 'out-of-order', behind: follower.id };
  if (dependent !== undefined) return { kind: 'required-by', id: dependent.id };
  if (entry === undefined) return { kind: 'pending' };
  if (entry.state === 'reverted') return { kind: 'reverted-before' };
  return { kind: 'retry-failed', error: entry.error?.message };
}

/** A circle, as {@link findCycles} gives it, as a problem. */
export function cycleProblem(cycle: readonly MigrationId[]): Problem {
  return {
    code: 'DEPENDENCY_CYCLE',
    message: `These migrations depend on each other in a circle: ${cycle.join(' → ')}.`,
    hint: 'Take one of these dependencies out: the migration that must run first cannot need a later one.',
    where: cycle[0],
  };
}
