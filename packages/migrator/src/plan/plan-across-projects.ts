import type { Problem } from '../errors';
import type { HistoryEntry } from '../history/entry';
import { parseMigrationId } from '../migration/id';
import type { MigrationFile, MigrationId } from '../migration/types';
import { effectiveState } from './effective-state';
import { findMigration, knownMigrations } from './find-migration';
import { cycleProblem, planApply } from './plan-apply';
import { plannedOrder, type KnownMigrations } from './planned-order';
import { prerequisiteLookup } from './prerequisites';
import { splitRuns } from './split-runs';
import {
  withProblems,
  type Plan,
  type PlannableMigration,
  type Planned,
  type PlanStep,
} from './types';

/** What is known of one project, in its own history. */
export interface ProjectFacts<M extends PlannableMigration> {
  readonly project: string;
  readonly environment: string;
  /** What `findPending` found, loaded. */
  readonly pending: readonly M[];
  /** All migration files of the project. */
  readonly files: readonly MigrationFile[];
  /** Latest rows of the history that the project writes to. */
  readonly entries: readonly HistoryEntry[];
  readonly outOfOrder: 'refuse' | 'allow';
  /** What `findPending` found besides. Default: nothing. */
  readonly problems?: readonly Problem[];
}

/** A project that is to be migrated, and the other projects that are known by now. */
export interface AcrossProjects<M extends PlannableMigration> {
  readonly requested: ProjectFacts<M>;
  /** The last migration of the requested project to apply, by version or name. All when absent. */
  readonly to?: string;
  readonly others: ReadonlyMap<string, ProjectFacts<M>>;
}

/** What has to be applied, of all projects that are known, and which projects have to be known to say more. */
export interface NeededMigrations<M> {
  readonly migrations: ReadonlyMap<MigrationId, M>;
  /** Projects that are needed and not known yet. */
  readonly unknown: readonly string[];
}

/** What is known of all these projects: it decides the planned order. */
export function knownOf<M extends PlannableMigration>({
  requested,
  others,
}: Pick<AcrossProjects<M>, 'requested' | 'others'>): KnownMigrations {
  const projects = [requested, ...others.values()];
  return {
    entries: projects.flatMap(({ entries }) => entries),
    pending: projects.flatMap(({ pending }) => pending),
  };
}

/**
 * Follows the dependencies of what is asked for through all projects. Of each project a beginning of its planned order is
 * taken, up to the last migration that is needed, so that nothing that is left out becomes late.
 */
export function findNeeded<M extends PlannableMigration>(
  across: AcrossProjects<M>,
): Planned<NeededMigrations<M>> {
  const { requested, others, to } = across;
  const projects = new Map([...others, [requested.project, requested]]);
  const last = lastOf(requested, to);
  if (!last.ok) return last;

  const order = plannedOrder(knownOf(across));
  const applied = appliedIn([...projects.values()]);
  const pending = new Map(
    [...projects.values()].flatMap((facts) => facts.pending.map((one) => [one.id, one] as const)),
  );
  const needed = new Map<MigrationId, M>();
  const unknown = new Set<string>();
  const taken = new Map<string, number>();
  const demanded = new Set(
    last.plan === undefined ? requested.pending.map(({ id }) => id) : [last.plan],
  );
  const take = (id: MigrationId): void => {
    const migration = pending.get(id);
    if (migration === undefined || needed.has(id)) return;
    needed.set(id, migration);
    migration.dependencies.forEach((dependency) => demanded.add(dependency));
  };
  // A Set visits what is added during the walk, so this finds the dependencies of dependencies, too.
  for (const id of demanded) {
    const { project } = parseMigrationId(id);
    if (!projects.has(project)) {
      if (!applied.has(id)) unknown.add(project);
      continue;
    }
    // One that is applied leads no further, except as the target of the run: what comes before it is wanted, too.
    if (applied.has(id) && id !== last.plan) continue;
    take(id);
    const position = order.position(id);
    if (position === undefined) continue;
    const from = taken.get(project) ?? 0;
    order.of(project).slice(from, position).forEach(take);
    taken.set(project, Math.max(from, position));
  }
  return { ok: true, plan: { migrations: needed, unknown: [...unknown].sort() } };
}

/**
 * The runs that it takes to migrate a project together with what it needs of others, in order: each of one project, the
 * last one of the requested project. A project may come more than once where two need each other's migrations in turn.
 *
 * Everything that stands in the way in any of the projects is reported at once, as {@link planApply} does; a circle across
 * projects is one `DEPENDENCY_CYCLE` that names it whole.
 *
 * @param projectNames all projects of the workspace that have migrations, for hints
 */
export function planAcrossProjects<M extends PlannableMigration>(
  across: AcrossProjects<M>,
  projectNames: Iterable<string>,
): Planned<readonly Plan<M>[]> {
  const { requested, others } = across;
  const projects = [...others.values(), requested];
  const found = projects.flatMap((facts) => facts.problems ?? []);
  const needed = findNeeded(across);
  if (!needed.ok) return withProblems(needed, found);
  const { migrations } = needed.plan;
  const known = knownOf(across);
  const lookup = prerequisiteLookup({
    entries: projects.flatMap(({ entries }) => entries),
    migrations: new Map(projects.map(({ project, files }) => [project, files])),
    projects: projectNames,
    project: requested.project,
  });
  const problems: Problem[] = [...found];
  const steps = new Map<MigrationId, PlanStep<M>>();
  for (const facts of projects) {
    const only = new Set([...migrations.values()].filter(of(facts)).map(({ id }) => id));
    if (only.size === 0) continue;
    const planned = planApply({
      ...facts,
      only,
      prerequisites: {
        nearest: (id) => lookup.nearest(id),
        targetOf: (project) => lookup.targetOf(project),
        known,
        stateOf: (id) => (migrations.has(id) ? 'applied' : lookup.stateOf(id)),
      },
    });
    if (planned.ok) planned.plan.steps.forEach((step) => steps.set(step.migration.id, step));
    // A circle within one project is found again, once, among all of them.
    else problems.push(...planned.problems.filter(({ code }) => code !== 'DEPENDENCY_CYCLE'));
  }
  const runs = splitRuns([...migrations.values()], requested.project, plannedOrder(known));
  if (!runs.ok) problems.push(...runs.cycles.map(cycleProblem));
  if (!runs.ok || problems.length > 0) return { ok: false, problems };

  const plans = runs.runs.map((ids): Plan<M> => {
    const run = ids.flatMap((id) => steps.get(id) ?? []);
    const project = run[0]?.migration.project ?? requested.project;
    return { action: 'apply', project, environment: requested.environment, steps: run };
  });
  return { ok: true, plan: plans };
}

function lastOf<M extends PlannableMigration>(
  { project, files, entries }: ProjectFacts<M>,
  to: string | undefined,
): Planned<MigrationId | undefined> {
  if (to === undefined) return { ok: true, plan: undefined };
  const found = findMigration(to, { project }, knownMigrations(project, files, entries));
  if (!found.ok) return { ok: false, problems: [found.problem] };
  return { ok: true, plan: found.migration.id };
}

function appliedIn(projects: readonly { readonly entries: readonly HistoryEntry[] }[]) {
  const applied = new Set<MigrationId>();
  for (const { entries } of projects) {
    for (const entry of entries) if (effectiveState(entry) === 'applied') applied.add(entry.id);
  }
  return applied;
}

function of({ project }: { readonly project: string }) {
  return (migration: PlannableMigration) => migration.project === project;
}
