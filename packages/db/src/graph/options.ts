/** What nx.json may say to the plugin, under `options`. */
export interface DbPluginOptions {
  /** Name of the target that applies migrations. Default `migrate`. */
  readonly migrateTargetName?: string;
  /** Name of the target that shows what is applied and pending. Default `status`. */
  readonly statusTargetName?: string;
  /** Name of the target that reverts migrations. Default `rollback`. */
  readonly rollbackTargetName?: string;
  /**
   * What a project's `migrate` waits for. `projects`: the `migrate` of every project it depends on, and of those that its
   * migrations name (the default). `migrations`: only of those that its migrations name, for workspaces whose projects
   * depend on each other in a circle.
   */
  readonly order?: 'projects' | 'migrations';
  /**
   * What else changes a project's migrations, in the syntax of Nx inputs, e.g. `{workspaceRoot}/tools/sql/**`: files that they
   * read, or import by a name that is computed. Literal imports are found without it.
   */
  readonly inputs?: readonly string[];
  /** Folder of the reports that the tasks write, relative to the workspace. Default `dist/.migrations`. */
  readonly reportFolder?: string;
}

/** Where reports go when nothing else is said: a folder that every Nx preset keeps out of git. */
export const DEFAULT_REPORT_FOLDER = 'dist/.migrations';

/** Fills in the defaults. */
export function normalizeOptions(options: DbPluginOptions | undefined): Required<DbPluginOptions> {
  return {
    migrateTargetName: options?.migrateTargetName ?? 'migrate',
    statusTargetName: options?.statusTargetName ?? 'status',
    rollbackTargetName: options?.rollbackTargetName ?? 'rollback',
    order: options?.order ?? 'projects',
    inputs: options?.inputs ?? [],
    reportFolder: options?.reportFolder ?? DEFAULT_REPORT_FOLDER,
  };
}
