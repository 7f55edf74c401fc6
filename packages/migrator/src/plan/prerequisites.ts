import type { HistoryEntry } from '../history/entry';
import { parseMigrationId } from '../migration/id';
import type { MigrationId } from '../migration/types';
import { effectiveState } from './effective-state';
import type { Target } from '../target';
import { nearest } from './nearest';
import type { KnownMigrations, OrderNode } from './planned-order';
import type { PlannableMigration } from './types';

/** What is known of a migration of another project. `filesNotHere`: this folder has one project with migrations, a part of a workspace. */
export type PrerequisiteState =
  'applied' | 'notApplied' | 'filesNotHere' | 'unknownVersion' | 'unknownProject';

/** Answers what planning asks about the migrations of other projects. */
export interface PrerequisiteLookup {
  /** How the migration stands in this environment. */
  stateOf(id: MigrationId): PrerequisiteState;
  /** What somebody who wrote this unknown identity most likely meant: identities, or names of projects. */
  nearest(id: MigrationId): readonly string[];
  /** What to migrate, for another project to have what is needed of it; `undefined` if it was not looked for. */
  targetOf(project: string): Target | undefined;
  /** What is known of the migrations of other projects: they can link two migrations of this one. */
  readonly known: KnownMigrations;
}

/** What {@link prerequisiteLookup} answers from. */
export interface PrerequisiteFacts {
  /** Latest history rows of the environment, of all projects (and of all databases, where projects have their own). */
  readonly entries: readonly HistoryEntry[];
  /** The migrations of each project that is depended on and was found; identities and names are all that is read. */
  readonly migrations: ReadonlyMap<
    string,
    readonly { readonly id: MigrationId; readonly name: string }[]
  >;
  /** What to migrate of each project that is depended on, by its name. */
  readonly targets?: ReadonlyMap<string, Target>;
  /** Names of all projects of the workspace that have migrations, for hints. */
  readonly projects: Iterable<string>;
  /** The project that asks. Without it no folder counts as a part of a workspace. */
  readonly project?: string;
  /** Loaded migrations of other projects that are not applied. Default: none. */
  readonly pending?: readonly OrderNode[];
}

/**
 * A lookup from facts gathered beforehand. What the history says is applied is applied, also where the other project's
 * folder is not there to be seen.
 */
export function prerequisiteLookup(facts: PrerequisiteFacts): PrerequisiteLookup {
  const applied = new Set<MigrationId>();
  for (const entry of facts.entries) {
    if (effectiveState(entry) === 'applied') applied.add(entry.id);
  }
  const recorded = new Set(facts.entries.map((entry) => entry.id));
  const known = new Set([...facts.migrations.values()].flat().map(({ id }) => id));
  return {
    known: { entries: facts.entries, pending: facts.pending ?? [] },
    targetOf: (project) => facts.targets?.get(project),
    stateOf(id) {
      if (applied.has(id)) return 'applied';
      if (known.has(id) || recorded.has(id)) return 'notApplied';
      if (facts.migrations.has(parseMigrationId(id).project)) return 'unknownVersion';
      return isAlone(facts) ? 'filesNotHere' : 'unknownProject';
    },
    nearest(id) {
      const { project, version } = parseMigrationId(id);
      const siblings = facts.migrations.get(project);
      if (siblings === undefined) return nearest(project, facts.projects);
      const versions = siblings.map((sibling) => parseMigrationId(sibling.id).version);
      return nearest(version, versions).map((near) => `${project}:${near}`);
    },
  };
}

/** Whether the project that asks is the only one in this folder. */
function isAlone({ project, projects }: PrerequisiteFacts): boolean {
  return project !== undefined && [...projects].every((name) => name === project);
}

/** A lookup that also knows these migrations when it comes to the order. */
export function withKnown(
  lookup: PrerequisiteLookup,
  more: KnownMigrations | undefined,
): PrerequisiteLookup {
  if (more === undefined) return lookup;
  const { entries, pending } = lookup.known;
  // The newest look at the history comes first, and the first node of a migration counts.
  const known = { entries: [...entries, ...more.entries], pending: [...pending, ...more.pending] };
  return { ...lookup, known };
}

/**
 * A lookup that takes what is known but not applied for applied, and remembers it: a dry run shows what it would do once the
 * other projects have done their part.
 */
export function assumingApplied(lookup: PrerequisiteLookup): {
  readonly lookup: PrerequisiteLookup;
  readonly assumed: () => readonly MigrationId[];
} {
  const assumed = new Set<MigrationId>();
  return {
    lookup: {
      ...lookup,
      stateOf(id) {
        const state = lookup.stateOf(id);
        if (state !== 'notApplied') return state;
        assumed.add(id);
        return 'applied';
      },
    },
    assumed: () => [...assumed].sort(),
  };
}

/** The migrations of other projects that these depend on: what has to be looked up before {@link planApply}. */
export function crossProjectDependencies(
  project: string,
  migrations: readonly Pick<PlannableMigration, 'dependencies'>[],
): readonly MigrationId[] {
  const others = new Set<MigrationId>();
  for (const { dependencies } of migrations) {
    for (const id of dependencies) if (parseMigrationId(id).project !== project) others.add(id);
  }
  return [...others].sort();
}
