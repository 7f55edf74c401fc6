import type { Problem } from '../errors';
import { nextAttempt, type HistoryEntry } from '../history/entry';
import type { MigrationFile, MigrationId } from '../migration/types';
import { checkDependencies, suggestVersions } from './check-dependencies';
import { findMigration, knownMigrations } from './find-migration';
import { orderMigrations } from './order';
import { newestApplied, outOfOrderProblem } from './out-of-order';
import type { PrerequisiteLookup } from './prerequisites';
import { effectiveState } from './effective-state';
import { readHistory } from './read-history';
import type { Plan, PlannableMigration, Planned, PlanStep, StepReason } from './types';

export type { PrerequisiteLookup, PrerequisiteState } from './prerequisites';

/** What {@link planApply} decides from. */
export interface PlanApplyOptions<M extends PlannableMigration> {
  readonly project: string;
  readonly environment: string;
  /** What `findPending` found, loaded. */
  readonly pending: readonly M[];
  /** All migration files of the project. */
  readonly files: readonly MigrationFile[];
  /** Latest history rows of the environment. */
  readonly entries: readonly HistoryEntry[];
  /** What is known of the migrations of other projects. */
  readonly prerequisites: PrerequisiteLookup;
  /** The last one to apply, by version or name, inclusive; what it needs comes along. All when absent. */
  readonly to?: string;
  /** Exactly these, and what they need; decided beforehand, see {@link planAcrossProjects}. Takes the place of `to`. */
  readonly only?: ReadonlySet<MigrationId>;
  readonly outOfOrder: 'refuse' | 'allow';
}

/**
 * Decides what is applied, why, and in which order: dependencies first, then by version. The same input gives the same
 * plan, in whatever order it is given.
 *
 * Everything that stands in the way is reported at once: `UNKNOWN_MIGRATION` or `AMBIGUOUS_MIGRATION` (of `to`),
 * `SELF_DEPENDENCY`, `UNKNOWN_DEPENDENCY`, `UNKNOWN_PROJECT`, `PREREQUISITE_NOT_APPLIED`, `DEPENDENCY_CYCLE`,
 * `OUT_OF_ORDER`, `HISTORY_CORRUPT`.
 */
export function planApply<M extends PlannableMigration>(
  options: PlanApplyOptions<M>,
): Planned<Plan<M>> {
  const { project, environment, files, entries, to } = options;
  const history = readHistory(entries);
  const pending = options.pending.filter(
    ({ id }) => effectiveState(history.byId.get(id)) === 'pending',
  );

  let last: string | undefined;
  if (to !== undefined) {
    const found = findMigration(to, project, knownMigrations(project, files, entries));
    if (!found.ok) return { ok: false, problems: [...history.problems, found.problem] };
    last = found.migration.version;
  }
  const { only } = options;
  const chosen = choose(pending, ({ id, version }) =>
    only === undefined ? last === undefined || version <= last : only.has(id),
  );

  const problems: Problem[] = [...history.problems];
  const newest = newestApplied(project, entries);
  const facts = {
    ...options,
    history: history.byId,
    allPending: new Set(pending.map(({ id }) => id)),
    fileIds: new Set(files.map(({ id }) => id)),
    suggest: suggestVersions(files),
  };
  for (const { migration } of chosen.values()) {
    problems.push(...checkDependencies(migration, facts));
    const late = outOfOrderProblem(migration.file, history.byId.get(migration.id), newest);
    if (late !== undefined && options.outOfOrder === 'refuse') problems.push(late);
  }

  const ordered = orderMigrations([...chosen.values()].map(({ migration }) => migration));
  if (!ordered.ok) problems.push(...ordered.cycles.map(cycleProblem));
  if (!ordered.ok || problems.length > 0) return { ok: false, problems };

  const steps = ordered.order.map((migration): PlanStep<M> => {
    const entry = history.byId.get(migration.id);
    const late = outOfOrderProblem(migration.file, entry, newest) !== undefined;
    const reason = chosen.get(migration.id)?.reason ?? { kind: 'pending' };
    return {
      migration,
      reason:
        late && newest !== undefined
          ? { kind: 'out-of-order', behind: newest.id }
          : reasonOf(entry, reason),
      attempt: nextAttempt(entry),
    };
  });
  return { ok: true, plan: { action: 'apply', project, environment, steps } };
}

interface Choice<M> {
  readonly migration: M;
  readonly reason: StepReason;
}

/** All that are wanted, and what those need although it is not. */
function choose<M extends PlannableMigration>(
  pending: readonly M[],
  isWanted: (migration: M) => boolean,
): Map<MigrationId, Choice<M>> {
  const byId = new Map(pending.map((migration) => [migration.id, migration]));
  const chosen = new Map<MigrationId, Choice<M>>();
  for (const migration of pending) {
    if (isWanted(migration)) {
      chosen.set(migration.id, { migration, reason: { kind: 'pending' } });
    }
  }
  // A Map visits what is added while it is walked: this reaches the dependencies of dependencies too.
  for (const { migration } of chosen.values()) {
    for (const dependency of migration.dependencies) {
      const needed = byId.get(dependency);
      if (needed === undefined || chosen.has(dependency)) continue;
      chosen.set(dependency, {
        migration: needed,
        reason: { kind: 'required-by', id: migration.id },
      });
    }
  }
  return chosen;
}

function reasonOf(entry: HistoryEntry | undefined, reason: StepReason): StepReason {
  if (reason.kind !== 'pending' || entry === undefined) return reason;
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
