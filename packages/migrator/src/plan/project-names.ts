import { migrationId, parseMigrationId } from '../migration/id';
import type { MigrationId } from '../migration/types';

/** A project with its present name and the names that it had before. */
export interface NamedProject {
  readonly name: string;
  readonly formerNames: readonly string[];
}

/**
 * Finds the project that a name means: the one that has the name now, else the one that had it before.
 *
 * @returns `undefined` if no project has or had the name
 */
export function projectNamed<P extends NamedProject>(
  projects: readonly P[],
  name: string,
): P | undefined {
  return (
    projects.find((project) => project.name === name) ??
    projects.find(({ formerNames }) => formerNames.includes(name))
  );
}

/** Whether a word is the name of a project without its scope, as `nx run` accepts it: `api` for `@acme/api`. */
export function isShortNameOf(word: string, name: string): boolean {
  const slash = name.lastIndexOf('/');
  return slash !== -1 && name.slice(slash + 1) === word;
}

/** Translates a migration's identity to the present name of its project. */
export type CurrentId = (id: MigrationId) => MigrationId;

/** Renames nothing: for a workspace in which no project was renamed. */
export const unchangedId: CurrentId = (id) => id;

/**
 * Makes the translation of identities for a set of projects. An identity keeps its project if a project with that name
 * has the version, so that a new project may take the former name of another one. If several projects had the name (one
 * was split), the one that has the version is meant.
 *
 * @param hasVersion tells whether the project that has this name now has a migration with this version; asked only if
 *   a name may mean several projects
 */
export function currentIds(
  projects: readonly NamedProject[],
  hasVersion: (name: string, version: string) => boolean,
): CurrentId {
  const heirs = new Map<string, string[]>();
  for (const { name, formerNames } of projects) {
    for (const former of formerNames) heirs.set(former, [...(heirs.get(former) ?? []), name]);
  }
  if (heirs.size === 0) return unchangedId;
  const present = new Set(projects.map(({ name }) => name));
  return (id) => {
    const { project, version } = parseMigrationId(id);
    const candidates = heirs.get(project);
    if (candidates === undefined) return id;
    if (present.has(project) && hasVersion(project, version)) return id;
    const heir =
      candidates.length === 1
        ? candidates[0]
        : candidates.find((name) => hasVersion(name, version));
    return migrationId(heir ?? candidates[0] ?? project, version);
  };
}
