import { requiredProjects, type ProjectFacts } from './project-facts';

/** A project with a database, as createNodes found it. */
export interface DatabaseProject {
  /** Relative to the workspace. */
  readonly root: string;
  readonly facts: Pick<ProjectFacts, 'name' | 'formerNames'>;
}

/** Reads the name that Nx gives to the project in a folder, relative to the workspace. */
export type NxNameOf = (root: string) => Promise<string>;

/**
 * The roots of the projects that a name in a migration's dependencies means. Migrations name a project as `db.config`
 * does, and may still use a name that it had before; Nx knows it by another name.
 */
export type ProjectOwners = ReadonlyMap<string, readonly string[]>;

/**
 * Maps the names that differ from Nx's own to the roots of their projects. A workspace in which no configuration sets
 * `project` or `renamedFrom` has none, and costs nothing.
 */
export async function projectOwners(
  projects: readonly DatabaseProject[],
  nxNameOf: NxNameOf,
): Promise<ProjectOwners> {
  const owners = new Map<string, string[]>();
  const add = (name: string, root: string) => {
    owners.set(name, [...new Set([...(owners.get(name) ?? []), root])]);
  };
  for (const { root, facts } of projects) if (facts.name !== undefined) add(facts.name, root);
  const renamed = projects.filter(({ facts }) => facts.formerNames.length > 0);
  if (renamed.length === 0) return owners;
  // A new project may have taken a former name: a dependency on that name may then mean either project.
  for (const { root, facts } of projects) {
    if (facts.name === undefined) add(await nxNameOf(root), root);
  }
  for (const { root, facts } of renamed) for (const name of facts.formerNames) add(name, root);
  return owners;
}

/** The projects that migrations of a project declare dependencies on, as Nx names them, each once, sorted. */
export async function requiredNxNames(
  { root, facts }: { readonly root: string; readonly facts: ProjectFacts },
  owners: ProjectOwners,
  nxNameOf: NxNameOf,
): Promise<string[]> {
  const named = requiredProjects(facts).map(async (name): Promise<string[]> => {
    const roots = owners.get(name)?.filter((other) => other !== root);
    return roots === undefined ? [name] : Promise.all(roots.map(nxNameOf));
  });
  return [...new Set((await Promise.all(named)).flat())].sort();
}
