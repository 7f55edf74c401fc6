import { readFileSync, statSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, extname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { readImports } from './read-imports';
import { expandAlias, readTsconfigPaths, type TsconfigPaths } from './tsconfig-paths';
import { resolvePackage } from './workspace-package';

/** What files import of the workspace, and what that was found by. All paths are absolute. */
export interface FollowedImports {
  /** The files that are imported, directly or by one another, sorted. Not those that the search began with. */
  readonly files: readonly string[];
  /** What else decides about the result: tsconfigs and manifests, and folders where a file was looked for in vain. */
  readonly watched: readonly string[];
}

/** Enough for any project, and an end for a workspace that imports itself in circles of thousands. */
const LIMIT = 500;

/** In the order in which a specifier without an extension is tried. */
const EXTENSIONS = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs', '.json'];
/** TypeScript files are imported by the names of what they become. */
const WRITTEN_AS: Readonly<Record<string, readonly string[]>> = {
  '.js': ['.ts', '.tsx'],
  '.mjs': ['.mts'],
  '.cjs': ['.cts'],
};

/**
 * Follows the imports of migrations to the files of the workspace that they reach: by relative specifiers, by `paths` of the
 * root tsconfig and by packages of the workspace that show their sources. Installed packages are not followed. At most
 * 500 files. Never throws: what cannot be found or read is left out, and the run of the migration will tell.
 *
 * @param imports the specifiers of each file to begin with, by its absolute path; see {@link readImports}
 */
export function followImports(
  imports: ReadonlyMap<string, readonly string[]>,
  { workspaceRoot }: { readonly workspaceRoot: string },
): FollowedImports {
  const search = new Search(workspaceRoot);
  for (const [path, specifiers] of imports) search.begin(path, specifiers);
  search.finish();
  for (const path of imports.keys()) search.found.delete(path);
  return { files: [...search.found].sort(), watched: [...search.watched].sort() };
}

class Search {
  readonly found = new Set<string>();
  readonly watched = new Set<string>();
  private readonly queue: string[] = [];
  private paths: TsconfigPaths | undefined;

  constructor(private readonly workspaceRoot: string) {}

  begin(path: string, specifiers: readonly string[]): void {
    for (const specifier of specifiers) this.follow(path, specifier);
  }

  finish(): void {
    for (let path = this.queue.shift(); path !== undefined; path = this.queue.shift()) {
      if (!path.endsWith('.json')) this.begin(path, readImports(readText(path)));
    }
  }

  private follow(importer: string, specifier: string): void {
    if (this.found.size >= LIMIT) return;
    const path = this.resolve(importer, specifier);
    if (path === undefined || this.found.has(path) || !this.isOurs(path)) return;
    this.found.add(path);
    this.queue.push(path);
  }

  private resolve(importer: string, specifier: string): string | undefined {
    if (/^\.{1,2}(?:\/|$)/.test(specifier)) {
      const wanted = resolve(dirname(importer), specifier);
      const path = findFile(wanted);
      if (path === undefined) this.watched.add(dirname(wanted));
      return path;
    }
    if (!isPackage(specifier)) return undefined;
    this.paths ??= readTsconfigPaths(this.workspaceRoot);
    for (const path of this.paths.files) this.watched.add(path);
    for (const candidate of expandAlias(specifier, this.paths)) {
      const path = findFile(candidate);
      if (path !== undefined) return path;
    }
    const found = resolvePackage(specifier, dirname(importer), this.workspaceRoot);
    if (found !== undefined) this.watched.add(found.manifest);
    return found?.path;
  }

  /** Only files of the workspace can be watched by a build tool, and installed packages are not edited. */
  private isOurs(path: string): boolean {
    const inside = relative(this.workspaceRoot, path);
    return (
      !inside.startsWith('..') && !isAbsolute(inside) && !inside.split(sep).includes('node_modules')
    );
  }
}

/** The file that a specifier means: itself, with an extension, as TypeScript writes it, or the index of a folder. */
function findFile(wanted: string): string | undefined {
  const extension = extname(wanted);
  const stem = wanted.slice(0, wanted.length - extension.length);
  const candidates = [
    wanted,
    ...(WRITTEN_AS[extension] ?? []).map((written) => stem + written),
    ...EXTENSIONS.map((each) => wanted + each),
    ...EXTENSIONS.map((each) => join(wanted, `index${each}`)),
  ];
  return candidates.find(
    (candidate) => statSync(candidate, { throwIfNoEntry: false })?.isFile() === true,
  );
}

/** Whether a specifier can name something of the workspace at all. */
function isPackage(specifier: string): boolean {
  return (
    /^[@~#\w]/.test(specifier) &&
    !isBuiltin(specifier) &&
    !specifier.startsWith('@flashfusion/migrator')
  );
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // gone since it was found
  }
}
