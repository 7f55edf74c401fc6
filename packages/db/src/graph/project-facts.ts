/** What the graph has to know of a project with a database. Paths are relative to the workspace, with `/`. */
export interface ProjectFacts {
  /** File name of the configuration, e.g. `db.config.ts`. */
  readonly configName: string;
  /** Local files that the configuration imports. */
  readonly configImports: readonly string[];
  /** Folder of the migrations. */
  readonly migrations: string;
  /** By name, in the order of the configuration: the names of their databases, none where there is only one. */
  readonly environments: Readonly<Record<string, readonly string[]>>;
  /** Other projects that migrations declare dependencies on, sorted. They may not exist. */
  readonly requires: readonly string[];
}
