import type { Problem } from '../errors';
import type { HistoryEntry } from '../history/entry';
import { parseMigrationId } from '../migration/id';
import type { MigrationFile, MigrationId } from '../migration/types';
import { effectiveState } from './effective-state';
import { findMigration, knownMigrations } from './find-migration';
import { cycleProblem, planApply } from './plan-apply';
import { prerequisiteLookup } from './prerequisites';
import { splitRuns } from './split-runs';
import type { Plan, PlannableMigration, Planned, PlanStep } from './types';

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

/**
 * Follows the dependencies of what is asked for through all projects. Of another project everything up to the needed
 * version is taken, as `to` would, since what is left out behind it would be out of order for ever.
 */
export function findNeeded<M extends PlannableMigration>(
  across: AcrossProjects<M>,
): Planned<NeededMigrations<M>> {
  const { requested, others, to } = across;
  const projects = new Map([...others, [requested.project, requested]]);
  const last = lastVersion(requested, to);
  if (!last.ok) return last;

  const applied = appliedIn([...projects.values()]);
  const needed = new Map<MigrationId, M>();
  const take = (migrations: readonly M[]) => migrations.forEach((one) => needed.set(one.id, one));
  take(requested.pending.filter(({ version }) => last.plan === undefined || version <= last.plan));
  const unknown = new Set<string>();
  // A Map visits what is added while it is walked: this reaches the dependencies of dependencies too.
  for (const { project, dependencies } of needed.values()) {
    for (const dependency of dependencies) {
      if (needed.has(dependency) || applied.has(dependency)) continue;
      const { project: owner, version } = parseMigrationId(dependency);
      const facts = projects.get(owner);
      if (facts === undefined) unknown.add(owner);
      const itself = facts?.pending.find(({ id }) => id === dependency);
      if (facts === undefined || itself === undefined) continue;
      const alone = owner === project || owner === requested.project;
      take(alone ? [itself] : facts.pending.filter((pending) => pending.version <= version));
    }
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
  const needed = findNeeded(across);
  if (!needed.ok) return needed;
  const { migrations } = needed.plan;
  const { requested, others } = across;
  const projects = [...others.values(), requested];
  const lookup = prerequisiteLookup({
    entries: projects.flatMap(({ entries }) => entries),
    migrations: new Map(projects.map(({ project, files }) => [project, files])),
    projects: projectNames,
  });
  const problems: Problem[] = [];
  const steps = new Map<MigrationId, PlanStep<M>>();
  for (const facts of projects) {
    const only = new Set([...migrations.values()].filter(of(facts)).map(({ id }) => id));
    if (only.size === 0) continue;
    const planned = planApply({
      ...facts,
      only,
      prerequisites: {
        nearest: (id) => lookup.nearest(id),
        stateOf: (id) => (migrations.has(id) ? 'applied' : lookup.stateOf(id)),
      },
    });
    if (planned.ok) planned.plan.steps.forEach((step) => steps.set(step.migration.id, step));
    // A circle within one project is found again, once, among all of them.
    else problems.push(...planned.problems.filter(({ code }) => code !== 'DEPENDENCY_CYCLE'));
  }
  const runs = splitRuns([...migrations.values()], requested.project);
  if (!runs.ok) problems.push(...runs.cycles.map(cycleProblem));
  if (!runs.ok || problems.length > 0) return { ok: false, problems };

  const plans = runs.runs.map((ids): Plan<M> => {
    const run = ids.flatMap((id) => steps.get(id) ?? []);
    const project = run[0]?.migration.project ?? requested.project;
    return { action: 'apply', project, environment: requested.environment, steps: run };
  });
  return { ok: true, plan: plans };
}

function lastVersion<M extends PlannableMigration>(
  { project, files, entries }: ProjectFacts<M>,
  to: string | undefined,
): Planned<string | undefined> {
  if (to === undefined) return { ok: true, plan: undefined };
  const found = findMigration(to, project, knownMigrations(project, files, entries));
  if (!found.ok) return { ok: false, problems: [found.problem] };
  return { ok: true, plan: found.migration.version };
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
