import { readFile } from 'node:fs/promises';
import { findProjects } from '../config/find-projects';
import { loadProjectConfig } from '../config/load-project-config';
import { MigratorError } from '../errors';
import type { MigrationFile } from '../migration/types';
import { projectNamed } from '../plan/project-names';
import { discoverMigrations } from '../source/discover-migrations';
import type { ScaffoldedMigration } from './scaffold-migration';

export interface GenerateMigrationOptions {
  /** The project's folder. */
  readonly projectRoot: string;
  /** Its name, where it is not to be read off its configuration. */
  readonly project?: string;
  /** Default: found from the project's folder. */
  readonly workspaceRoot?: string;
  /** Any way of writing it: `Add teams`, `add-teams`, `addTeams`. */
  readonly name: string;
  /** Default: the name as a sentence. */
  readonly description?: string;
  /** Names, versions, `project:name` or `project:version`. */
  readonly dependencies?: readonly string[];
  /** Default: the present. */
  readonly now?: Date;
  /** `preview` makes everything and writes nothing. Default `write`. */
  readonly mode?: 'write' | 'preview';
}

/**
 * Writes a new typed migration into a project's migrations folder, which is created where it does not exist. Needs no
 * environment, no url and no database, and never replaces a file. Several processes may generate at the same time: each migration
 * gets a version of its own. See {@link scaffoldMigration} for what it contains.
 *
 * @returns the migration; `source` is the text as written
 * @throws {MigratorError} `FILE_EXISTS`; `INVALID_CONFIG` and the other errors of loading the configuration; `DUPLICATE_VERSION`
 *   and the other errors of discovering files; those of {@link scaffoldMigration}
 * @example
 * ```ts
 * const { path } = await generateMigration({
 *   projectRoot: 'apps/api',
 *   name: 'create_user_profiles',
 *   description: 'Add user profile management tables',
 *   dependencies: ['users:create_users'],
 * });
 * ```
 */
export async function generateMigration(
  options: GenerateMigrationOptions,
): Promise<ScaffoldedMigration> {
  // The door of the engine leads here, and few who come through it write migrations.
  const [
    { scaffoldMigration },
    { formatSource },
    { readKnownTables },
    { reserveVersion },
    { writeNewFile },
  ] = await Promise.all([
    import('./scaffold-migration.js'),
    import('./format-source.js'),
    import('./known-tables.js'),
    import('./reserve-version.js'),
    import('./write-new-file.js'),
  ]);
  const config = await loadProjectConfig(options);
  const neighbours = options.dependencies?.some((text) => text.includes(':'))
    ? await findProjects(config.workspaceRoot)
    : [];
  const existing = await filesIn(config.project, config.migrationsFolder);
  const scaffolded = await scaffoldMigration({
    project: config.project,
    formerNames: config.formerNames,
    migrationsFolder: config.migrationsFolder,
    name: options.name,
    description: options.description ?? '',
    dependencies: options.dependencies ?? [],
    now: options.now ?? new Date(),
    existing,
    chooseVersion: (now, versions) => reserveVersion(config.migrationsFolder, now, versions),
    known: readKnownTables(await textsOf(existing)),
    projectNames: neighbours.map((project) => project.name),
    resolveProject: async (name) => {
      const found = projectNamed(neighbours, name);
      if (found === undefined) return undefined;
      const other = await loadProjectConfig({
        projectRoot: found.root,
        workspaceRoot: config.workspaceRoot,
      });
      return filesIn(found.name, other.migrationsFolder);
    },
  });
  const source = await formatSource(scaffolded.source, scaffolded.path, config.projectRoot);
  if (options.mode !== 'preview') await writeNewFile(scaffolded.path, source);
  return { ...scaffolded, source };
}

/** A folder that does not exist yet has no migrations. */
async function filesIn(project: string, folder: string): Promise<readonly MigrationFile[]> {
  try {
    return await discoverMigrations({ project, folder });
  } catch (error) {
    if (error instanceof MigratorError && error.code === 'MIGRATIONS_FOLDER_NOT_FOUND') return [];
    throw error;
  }
}

/** The texts of migrations, for what they say about tables. A file that cannot be read says nothing. */
function textsOf(files: readonly MigrationFile[]): Promise<string[]> {
  return Promise.all(files.map(({ path }) => readFile(path, 'utf8').catch(() => '')));
}
