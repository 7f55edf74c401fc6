import { readdirSync, realpathSync, type Dirent } from 'node:fs';
import { join } from 'node:path';
import { MigratorError, type Problem } from '../errors';
import { migrationId } from '../migration/id';
import type { MigrationFile } from '../migration/types';
import { parseFileName } from './file-name';
import { checksumOf, readSource } from './read-source';

/** The project and its migrations folder. */
export interface DiscoverOptions {
  readonly project: string;
  /** Absolute. */
  readonly folder: string;
}

/**
 * Finds the migration files of a folder and hashes them; nothing is loaded. Sub-folders are not searched. Files that
 * cannot be meant as migrations (helpers, a README, type declarations, tests) are passed over; a code file that starts
 * with a digit but is not named like a migration is a problem.
 *
 * @returns the files, by version
 * @throws {MigratorError} with every problem of the folder at once: `MIGRATIONS_FOLDER_NOT_FOUND`, `FILE_UNREADABLE`,
 *   `INVALID_NAME`, `INVALID_VERSION`, `DUPLICATE_VERSION`, `NOT_A_REGULAR_FILE`, `FILE_TOO_LARGE`, `NOT_UTF8`, `NUL_BYTE`
 * @example const files = await discoverMigrations({ project: 'api', folder: '/repo/apps/api/migrations' });
 */
export async function discoverMigrations(options: DiscoverOptions): Promise<MigrationFile[]> {
  const { root, entries } = listFolder(options.folder);
  const files: MigrationFile[] = [];
  const loneSql: { version: string; path: string }[] = [];
  const problems: Problem[] = [];

  for (const entry of entries) {
    const path = join(options.folder, entry.name);
    const parsed = parseFileName(entry.name);
    // A folder that is named like nothing of ours may hold what it likes.
    if (parsed.kind === 'other') continue;
    if (parsed.kind === 'sql') {
      if (!entry.isDirectory()) loneSql.push({ version: parsed.version, path });
      continue;
    }
    if (parsed.kind === 'malformed') {
      problems.push({ ...parsed.problem, where: path });
      continue;
    }
    const source = readSource(path, root);
    if (source.kind === 'unusable') problems.push(source.problem);
    // Also of an unusable file the version is known, so that duplicates are found in the same go.
    files.push({
      id: migrationId(options.project, parsed.version),
      project: options.project,
      version: parsed.version,
      name: parsed.name,
      path,
      checksum: source.kind === 'bytes' ? checksumOf(source.bytes) : '',
    });
  }

  files.sort((a, b) => compare(a.version, b.version) || compare(a.path, b.path));
  problems.push(...duplicates(files), ...unusedSql(loneSql, files));
  if (problems.length > 0) throw MigratorError.fromProblems(problems);
  return files;
}

function listFolder(folder: string): { root: string; entries: Dirent[] } {
  try {
    const root = realpathSync.native(folder);
    const entries = readdirSync(root, { withFileTypes: true });
    return { root, entries: entries.sort((a, b) => compare(a.name, b.name)) };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new MigratorError(
        'MIGRATIONS_FOLDER_NOT_FOUND',
        code === 'ENOENT'
          ? `The migrations folder ${folder} does not exist.`
          : `The migrations folder ${folder} is not a folder.`,
        {
          hint: 'Generate a first migration, or correct `migrations` in db.config.ts.',
          where: folder,
        },
      );
    }
    throw new MigratorError(
      'FILE_UNREADABLE',
      `The migrations folder ${folder} cannot be read: ${code ?? message}.`,
      { hint: 'Let the user who migrates read it.', where: folder, cause: error },
    );
  }
}

/** One problem for each version that several files claim. Expects the files sorted. */
function duplicates(files: readonly MigrationFile[]): Problem[] {
  const byVersion = new Map<string, MigrationFile[]>();
  for (const file of files) {
    byVersion.set(file.version, [...(byVersion.get(file.version) ?? []), file]);
  }
  return [...byVersion.values()]
    .filter((same) => same.length > 1)
    .map((same): Problem => {
      const compiled = new Set(same.map((file) => file.name)).size === 1;
      return {
        code: 'DUPLICATE_VERSION',
        message: `The version ${same[0]?.version} is used by ${same.map((file) => file.path).join(' and ')}.`,
        hint: compiled
          ? 'Remove the copy; compiled migrations belong into a folder of their own.'
          : 'Give the one that is not yet applied anywhere a later version, in its name and in its file.',
        where: same[1]?.path,
      };
    });
}

/** SQL named like a migration that no migration of that version can be reading: it would silently never run. */
function unusedSql(
  found: readonly { version: string; path: string }[],
  files: readonly MigrationFile[],
): Problem[] {
  const versions = new Set(files.map((file) => file.version));
  return found
    .filter(({ version }) => !versions.has(version))
    .map(({ path }) => ({
      code: 'INVALID_NAME',
      message: `${path} is named like a migration, but SQL files are not run by themselves.`,
      hint: 'Read it in the `up` of a migration with the same version, or start its name with a letter.',
      where: path,
    }));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
