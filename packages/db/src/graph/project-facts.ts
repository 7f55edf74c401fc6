/** What the graph has to know of a project with a database. Paths are relative to the workspace, with `/`. */
export interface ProjectFacts {
  /** File name of the configuration, e.g. `db.config.ts`. */
  readonly configName: string;
  /** The project's name in migration identities, where the configuration sets one. */
  readonly name: string | undefined;
  /** Names that it had before. */
  readonly formerNames: readonly string[];
  /** Local files that the configuration imports. */
  readonly configImports: readonly string[];
  /** Folder of the migrations. */
  readonly migrations: string;
  /** Files of the workspace outside that folder which migrations import, directly or by one another. */
  readonly helpers: readonly string[];
  /** By name, in the order of the configuration: the names of their databases, none where there is only one. */
  readonly environments: Readonly<Record<string, readonly string[]>>;
  /**
   * By name of a migration file: the projects that it declares dependencies on, sorted. They may not exist. Files without
   * such dependencies, which are nearly all, are not here.
   */
  readonly requires: Readonly<Record<string, readonly string[]>>;
}

/** The projects that migrations of a project declare dependencies on, each once, sorted. */
export function requiredProjects({ requires }: ProjectFacts): string[] {
  return [...new Set(Object.values(requires).flat())].sort();
}
