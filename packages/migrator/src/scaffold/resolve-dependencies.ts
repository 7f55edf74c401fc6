import type { Problem } from '../errors';
import { parseMigrationId } from '../migration/id';
import { toSnakeCase } from '../migration/name';
import type { MigrationFile } from '../migration/types';
import { nameHint } from '../plan/nearest';
import { isShortNameOf } from '../plan/project-names';

export interface ResolveDependenciesOptions {
  readonly project: string;
  /** Names that the project had before. Default: none. */
  readonly formerNames?: readonly string[];
  /** Names, versions, `project:name` or `project:version`. */
  readonly wanted: readonly string[];
  /** The project's own migrations. */
  readonly existing: readonly MigrationFile[];
  /** Migrations of the project that has this name, or had it; `undefined` when there is no such project. */
  readonly resolveProject: (name: string) => Promise<readonly MigrationFile[] | undefined>;
  /** Names of the workspace's projects: `users` stands for `@acme/users` if no other one has that short name. */
  readonly projectNames?: readonly string[];
}

/** Every dependency as a migration file writes it, or everything that is wrong. */
export interface ResolvedDependencies {
  readonly dependencies: string[];
  readonly problems: Problem[];
}

/**
 * Turns what a person calls a migration into what a migration file writes: a version of the same project, or
 * `project:version`.
 */
export async function resolveDependencies(
  options: ResolveDependenciesOptions,
): Promise<ResolvedDependencies> {
  const found = await Promise.all(options.wanted.map((text) => resolveOne(text.trim(), options)));
  const dependencies = found.flatMap((one) => (typeof one === 'string' ? one : []));
  const problems = found.flatMap((one) => (typeof one === 'string' ? [] : one));
  return { dependencies: [...new Set(dependencies)], problems };
}

async function resolveOne(
  text: string,
  options: ResolveDependenciesOptions,
): Promise<string | Problem> {
  const { project: given, version: migration } = parseMigrationId(text);
  let project = given;
  let files = await filesOf(project, options);
  if (files === undefined) {
    const [full, ...others] = longNames(given, options);
    if (full !== undefined && others.length === 0) {
      project = full;
      files = await filesOf(full, options);
    }
  }
  if (files === undefined) {
    return {
      code: 'UNKNOWN_PROJECT',
      message: `The dependency ${text} names the project "${given}", which does not exist.`,
      hint: nameHint(given, options.projectNames ?? [], 'projects with a db.config file'),
      where: text,
    };
  }
  const own = isOwn(project, options);
  const where = own ? options.project : project;
  const [file, ...more] = filesCalled(migration, files);
  if (file === undefined) {
    return {
      code: 'UNKNOWN_DEPENDENCY',
      message: `The project ${where} has no migration "${migration}" to depend on.`,
      hint: nameHint(
        migration,
        files.map(({ name }) => name),
        `migrations of ${where}`,
      ),
      where: text,
    };
  }
  if (more.length > 0) {
    return {
      code: 'AMBIGUOUS_MIGRATION',
      message: `The project ${where} has ${more.length + 1} migrations called "${migration}".`,
      hint: `Give its version, one of ${[file, ...more].map(({ version }) => version).join(', ')}.`,
      where: text,
    };
  }
  return own ? file.version : file.id;
}

function isOwn(project: string, options: ResolveDependenciesOptions): boolean {
  return (
    project === '' || project === options.project || options.formerNames?.includes(project) === true
  );
}

/** Migrations of the project that has exactly this name, or had it. */
async function filesOf(
  project: string,
  options: ResolveDependenciesOptions,
): Promise<readonly MigrationFile[] | undefined> {
  return isOwn(project, options) ? options.existing : options.resolveProject(project);
}

/** The names with a scope that a short name stands for, as in `nx run` and `--project`. */
function longNames(short: string, options: ResolveDependenciesOptions): string[] {
  const names = new Set([options.project, ...(options.projectNames ?? [])]);
  return [...names].filter((name) => isShortNameOf(short, name));
}

/** By version or file name, which are unique, else by name. */
function filesCalled(text: string, files: readonly MigrationFile[]): readonly MigrationFile[] {
  const stem = text.replace(/\.[cm]?[jt]s$/, '');
  const exact = files.filter(
    ({ version, name }) => version === text || `${version}_${name}` === stem,
  );
  if (exact.length > 0) return exact;
  const snake = toSnakeCase(text);
  return files.filter(({ name }) => name === text || (snake !== '' && toSnakeCase(name) === snake));
}
