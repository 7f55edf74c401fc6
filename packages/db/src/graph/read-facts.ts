import { readdirSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import type { ProjectFacts } from './project-facts';
import { mayImport, mayRequire, readMigrationTexts, type MigrationText } from './read-texts';
import { warn } from './warn';

/** Loaded once, and only when something has to be read: a warm graph needs none of it. */
let engine: Promise<Engine> | undefined;
type Engine = typeof import('@flashfusion/migrator/graph');

/** Facts, and what they were made from. */
export interface ReadFacts {
  readonly facts: ProjectFacts;
  /**
   * Absolute paths of files and folders, the newest migration among them: when none of them has changed, and no older
   * migration was edited in place, neither have the facts.
   */
  readonly watched: readonly string[];
  /** File names in the migrations folder that were looked at, sorted. */
  readonly migrationNames: readonly string[];
  /** When reading began, as `Date.now()` gives it. */
  readonly begun: number;
}

/**
 * Reads what the graph has to know of a project. Never throws: what cannot be read is left out, and told under
 * `NX_VERBOSE_LOGGING`; `status` and `migrate` report it in full.
 *
 * @param configPath absolute path of the `db.config.*`
 */
export async function readFacts(configPath: string, workspaceRoot: string): Promise<ReadFacts> {
  const begun = Date.now();
  const { readEnvironmentNames, followImports, ...readers } = await (engine ??=
    import('@flashfusion/migrator/graph'));
  const outline = await readEnvironmentNames(configPath);
  if (outline.problem !== undefined) warn(configPath, outline.problem.message);
  const folder = resolve(dirname(configPath), outline.migrations);
  const migrationNames = namesIn(folder);
  const texts = readMigrationTexts(folder, migrationNames);

  const imports = new Map(
    texts.filter(mayImport).map(({ path, source }) => [path, readers.readImports(source)]),
  );
  const followed = imports.size > 0 ? followImports(imports, { workspaceRoot }) : NOTHING;
  const posix = (path: string) => relative(workspaceRoot, path).split(sep).join('/') || '.';
  return {
    facts: {
      configName: basename(configPath),
      name: outline.project,
      formerNames: outline.formerNames,
      configImports: outline.files.filter((file) => file !== configPath).map(posix),
      migrations: posix(folder),
      helpers: followed.files.filter((file) => !file.startsWith(folder + sep)).map(posix),
      environments: Object.fromEntries(
        Object.entries(outline.environments).map(([name, { databases }]) => [name, databases]),
      ),
      requires: Object.fromEntries(
        texts.filter(mayRequire).flatMap((text) => {
          const projects = foreignProjects(text, readers);
          return projects.length > 0 ? [[basename(text.path), projects]] : [];
        }),
      ),
    },
    watched: [
      ...outline.files,
      folder,
      ...migrationNames.slice(-1).map((newest) => join(folder, newest)),
      ...followed.files,
      ...followed.watched,
    ],
    migrationNames,
    begun,
  };
}

const NOTHING = { files: [], watched: [] };

/** A version in front, the original agent's form included: what else a name needs is for the engine to say. */
const MAYBE_MIGRATION = /^(?:\d{14}|\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d)_.+\.[mc]?[tj]s$/;

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => MAYBE_MIGRATION.test(name))
      .sort();
  } catch (error) {
    warn(folder, error); // a project without migrations yet has no folder
    return [];
  }
}

/** The other projects that a migration file declares dependencies on, read without compiling it, each once, sorted. */
function foreignProjects(
  { path, source }: MigrationText,
  {
    parseFileName,
    parseMigrationId,
    readDependencies,
  }: Pick<Engine, 'parseFileName' | 'parseMigrationId' | 'readDependencies'>,
): string[] {
  const ids = readDependencies(source).map((id) => parseMigrationId(id).project);
  const projects = [...new Set(ids)].filter((project) => project !== '');
  return projects.length > 0 && parseFileName(basename(path)).kind === 'migration'
    ? projects.sort()
    : [];
}
