/** By root of a project: the roots of the projects that its migrations name. */
export type MigrationEdges = ReadonlyMap<string, readonly string[]>;

/** What keeps the `migrate` tasks of a workspace free of cycles, which Nx refuses to run. */
export interface TaskOrder {
  /**
   * Projects whose `migrate` waits only for the projects that its migrations name, and not for those that its code depends on: a project
   * that waits for it may be one of these.
   */
  readonly withoutProjects: ReadonlySet<string>;
  /**
   * By root: the projects whose migrations need each other, in turn. Tasks cannot be in the order of such migrations, so the
   * `migrate` of each applies what it needs of the others itself.
   */
  readonly circular: ReadonlyMap<string, ReadonlySet<string>>;
}

/**
 * Decides how to wait without a cycle. A cycle of tasks has a dependency between migrations that no dependency of the code goes along with:
 * else the project graph itself has that cycle. What follows from the target of such a dependency waits for migrations only. Then a
 * cycle can only consist of dependencies between migrations, and these are known.
 *
 * @param dependsOn whether the code of a project is known to depend on another one, by root
 */
export function taskOrder(
  edges: MigrationEdges,
  dependsOn: (from: string, to: string) => boolean,
): TaskOrder {
  const withoutProjects = new Set<string>();
  for (const [from, targets] of edges) {
    for (const to of targets) if (!dependsOn(from, to)) withoutProjects.add(to);
  }
  // A set also visits what is added while it is iterated over.
  for (const root of withoutProjects) {
    for (const to of edges.get(root) ?? []) withoutProjects.add(to);
  }
  const reachable = new Map([...edges.keys()].map((root) => [root, reachableFrom(root, edges)]));
  const circular = new Map<string, ReadonlySet<string>>();
  for (const [root, found] of reachable) {
    const mutual = [...found].filter(
      (other) => other !== root && reachable.get(other)?.has(root) === true,
    );
    if (mutual.length > 0) circular.set(root, new Set(mutual));
  }
  return { withoutProjects, circular };
}

function reachableFrom(root: string, edges: MigrationEdges): Set<string> {
  const found = new Set(edges.get(root));
  for (const other of found) for (const next of edges.get(other) ?? []) found.add(next);
  return found;
}
