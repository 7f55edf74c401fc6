import type { FileName } from '@flashfusion/migrator/graph';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, relative, resolve, sep } from 'node:path';
import type { ProjectFacts } from './project-facts';
import { warn } from './warn';

/** Loaded only when something has to be read: a warm graph needs none of it. */
export const loadEngine = () => import('@flashfusion/migrator/graph');

/** The light door of the engine. */
export type Engine = Awaited<ReturnType<typeof loadEngine>>;

/** Facts, and what they were made from. */
export interface ReadFacts {
  readonly facts: ProjectFacts;
  /** Absolute paths whose size or time changes when the facts may have changed. */
  readonly watched: readonly string[];
  /** By absolute path of the migration file: the dependencies on other projects that it declares. */
  readonly dependencies: ReadonlyMap<string, readonly string[]>;
}

/** `users:20250910090000'`: without one of these a file has no dependency on another project. */
const FOREIGN = /:\d{14}['"`]/;

/**
 * Reads what the graph has to know of a project. Never throws: what cannot be read is left out, and told under
 * `NX_VERBOSE_LOGGING`; `status` and `migrate` report it in full.
 *
 * @param configPath absolute path of the `db.config.*`
 */
export async function readFacts(configPath: string, workspaceRoot: string): Promise<ReadFacts> {
  const engine = await loadEngine();
  const outline = await engine.readEnvironmentNames(configPath);
  if (outline.problem !== undefined) warn(configPath, outline.problem.message);
  const folder = resolve(dirname(configPath), outline.migrations);
  const files = migrationFiles(folder, engine.parseFileName);
  const dependencies = new Map<string, readonly string[]>();
  for (const file of files) dependencies.set(file, readForeignDependencies(file, engine));
  const posix = (path: string) => relative(workspaceRoot, path).split(sep).join('/') || '.';
  const newest = files.at(-1);
  return {
    facts: {
      configName: basename(configPath),
      configImports: outline.files.filter((file) => file !== configPath).map(posix),
      migrations: posix(folder),
      environments: Object.fromEntries(
        Object.entries(outline.environments).map(([name, { databases }]) => [name, databases]),
      ),
      requires: projectsOf([...dependencies.values()].flat(), engine),
    },
    // The folder's own time tells of new, deleted and renamed files, and the newest file is the one that people edit.
    watched: [...outline.files, folder, ...(newest === undefined ? [] : [newest])],
    dependencies,
  };
}

/**
 * The `project:version` dependencies that a migration file declares, read without compiling it. None when the file
 * cannot be read.
 */
export function readForeignDependencies(
  path: string,
  { readDependencies, parseMigrationId }: Engine,
): string[] {
  let source: string;
  try {
    source = readFileSync(path, 'utf8');
  } catch (error) {
    warn(path, error);
    return [];
  }
  if (!FOREIGN.test(source)) return [];
  return readDependencies(source).filter((id) => parseMigrationId(id).project !== '');
}

/** The project of each identity, each once, sorted. */
export function projectsOf(ids: readonly string[], { parseMigrationId }: Engine): string[] {
  return [...new Set(ids.map((id) => parseMigrationId(id).project))].sort();
}

/** What changes when a file or folder does; `absent` for one that is not there. */
export function fingerprint(paths: readonly string[]): string {
  return paths
    .map((path) => {
      const stats = statSync(path, { throwIfNoEntry: false });
      return stats === undefined ? 'absent' : `${stats.size}:${stats.mtimeMs}`;
    })
    .join(' ');
}

function migrationFiles(folder: string, parse: (name: string) => FileName): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => parse(name).kind === 'migration')
      .sort()
      .map((name) => resolve(folder, name));
  } catch (error) {
    warn(folder, error); // a project without migrations yet has no folder
    return [];
  }
}
