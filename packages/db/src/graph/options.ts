/** What nx.json may say to the plugin, under `options`. */
export interface DbPluginOptions {
  /** Name of the target that applies migrations. Default `migrate`. */
  readonly migrateTargetName?: string;
  /** Name of the target that shows what is applied and pending. Default `status`. */
  readonly statusTargetName?: string;
  /** Name of the target that reverts migrations. Default `rollback`. */
  readonly rollbackTargetName?: string;
  /** Name of the target that marks migrations as applied without running them. Default `baseline`. */
  readonly baselineTargetName?: string;
  /** Name of the target that corrects the history. Default `repair`. */
  readonly repairTargetName?: string;
  /**
   * What a project's `migrate` waits for. `projects`: the `migrate` of every project it depends on, and of those that its
   * migrations name (the default). `migrations`: only of those that its migrations name, for workspaces whose projects
   * import each other in a circle.
   */
  readonly order?: 'projects' | 'migrations';
  /**
   * Whether a dependency between migrations of two projects is also an edge of the project graph. `none` (the default): it only
   * orders the tasks. `migrations`: the whole project becomes a dependency, so that `nx sync` writes TypeScript references for it,
   * `^build` follows it, and `nx build` fails with a circular dependency where the code has imports in the other direction. Projects
   * whose migrations need each other get no edge to each other.
   */
  readonly edges?: 'none' | 'migrations';
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
    baselineTargetName: options?.baselineTargetName ?? 'baseline',
    repairTargetName: options?.repairTargetName ?? 'repair',
    order: options?.order ?? 'projects',
    edges: options?.edges ?? 'none',
    inputs: options?.inputs ?? [],
    reportFolder: options?.reportFolder ?? DEFAULT_REPORT_FOLDER,
  };
}
