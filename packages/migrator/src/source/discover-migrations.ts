import { closeSync, openSync, readdirSync, readSync, realpathSync, type Dirent } from 'node:fs';
import { join } from 'node:path';
import { MigratorError, type Problem } from '../errors';
import { migrationId } from '../migration/id';
import type { MigrationFile } from '../migration/types';
import { parseFileName } from './file-name';
import { foreignMigrations, type OtherEntry } from './foreign-migrations';
import { checksumOf, readSource } from './read-source';

/** How much of another tool's file is read to recognize it, in bytes. */
const LONGEST_BEGINNING = 4_096;

/** The project and its migrations folder. */
export interface DiscoverOptions {
  readonly project: string;
  /** Absolute. */
  readonly folder: string;
}

/**
 * Finds the migration files of a folder and hashes them; nothing is loaded. Sub-folders are not searched. Files that
 * cannot be meant as migrations (helpers, a README, type declarations, tests) are passed over; a code file that starts
 * with a digit but is not named like a migration is a problem, and so are migrations of other tools.
 *
 * @returns the files, by version
 * @throws {MigratorError} with every problem of the folder at once: `MIGRATIONS_FOLDER_NOT_FOUND`, `FILE_UNREADABLE`,
 *   `INVALID_NAME`, `INVALID_VERSION`, `DUPLICATE_VERSION`, `FOREIGN_MIGRATIONS`, `NOT_A_REGULAR_FILE`, `FILE_TOO_LARGE`, `NOT_UTF8`, `NUL_BYTE`
 * @example const files = await discoverMigrations({ project: 'api', folder: '/repo/apps/api/migrations' });
 */
export async function discoverMigrations(options: DiscoverOptions): Promise<MigrationFile[]> {
  const { root, entries } = listFolder(options.folder);
  const files: MigrationFile[] = [];
  const loneSql: { version: string; path: string; entry: Dirent }[] = [];
  const others: Dirent[] = [];
  const problems: Problem[] = [];

  for (const entry of entries) {
    const path = join(options.folder, entry.name);
    const parsed = parseFileName(entry.name);
    // A folder that is named like nothing of ours may hold what it likes.
    if (parsed.kind === 'other') {
      others.push(entry);
      continue;
    }
    if (parsed.kind === 'sql') {
      if (!entry.isDirectory()) loneSql.push({ version: parsed.version, path, entry });
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
  const versions = new Set(files.map((file) => file.version));
  const unread = loneSql.filter(({ version }) => !versions.has(version));
  const foreign = foreignMigrations(
    options.folder,
    [...others, ...unread.map(({ entry }) => entry)].map((entry) => otherEntry(root, entry)),
    () => files.map(({ path }) => textOf(path, root)),
  );
  // What is known to be another tool's is not reported a second time as misnamed.
  const misnamed = unread.filter(({ entry }) => !foreign.names.has(entry.name));
  problems.push(...duplicates(files), ...foreign.problems, ...misnamed.map(unusedSql));
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
function unusedSql({ path }: { readonly path: string }): Problem {
  return {
    code: 'INVALID_NAME',
    message: `${path} is named like a migration, but SQL files are not run by themselves.`,
    hint: 'Read it in the `up` of a migration with the same version, or start its name with a letter.',
    where: path,
  };
}

/** What tells whose an entry is. Reads only folders and SQL that are numbered, and the journal's folder of Drizzle. */
function otherEntry(root: string, entry: Dirent): OtherEntry {
  const { name } = entry;
  const path = join(root, name);
  const listed = entry.isDirectory() && (/^\d/.test(name) || name === 'meta');
  const numberedSql = entry.isFile() && /^\d.*\.sql$/i.test(name);
  try {
    return {
      name,
      children: listed ? readdirSync(path) : [],
      text: numberedSql ? beginningOf(path) : '',
    };
  } catch {
    // It is not ours, so that it need not be readable: its name has to do.
    return { name, children: [], text: '' };
  }
}

function beginningOf(path: string): string {
  const file = openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(LONGEST_BEGINNING);
    return buffer.toString('utf8', 0, readSync(file, buffer));
  } finally {
    closeSync(file);
  }
}

/** The text of a migration; empty for one that cannot be used, which is a problem of its own. */
function textOf(path: string, root: string): string {
  const source = readSource(path, root);
  return source.kind === 'bytes' ? source.bytes.toString('utf8') : '';
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
