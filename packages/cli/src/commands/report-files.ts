import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Problem } from '@flashfusion/migrator';

/** The report files that a command line names, and the folders that contain none. */
export interface ReportFiles {
  readonly files: readonly string[];
  readonly problems: readonly Problem[];
}

/**
 * Replaces each folder by its `.json` files at any depth, sorted by path. A scoped project has its reports two folders deep
 * (`dist/.migrations/@acme/api/`), which a shell pattern for one depth does not match. Any other path stays as it is, also if
 * it does not exist: reading it reports that.
 *
 * @param paths as typed, relative to `cwd`
 * @param cwd absolute
 */
export async function findReportFiles(paths: readonly string[], cwd: string): Promise<ReportFiles> {
  const files: string[] = [];
  const problems: Problem[] = [];
  for (const path of paths) {
    const entries = await entriesOf(resolve(cwd, path));
    if (entries === undefined) {
      files.push(path);
      continue;
    }
    const reports = entries.filter((name) => name.endsWith('.json')).sort();
    files.push(...reports.map((name) => join(path, name)));
    if (reports.length === 0) {
      problems.push({
        code: 'INVALID_ARGUMENT',
        message: `The folder ${path} contains no report.`,
        where: resolve(cwd, path),
        hint: 'Specify the folder that the Nx tasks write reports to; the default is dist/.migrations in the workspace root.',
      });
    }
  }
  return { files, problems };
}

async function entriesOf(path: string): Promise<readonly string[] | undefined> {
  try {
    const entries = await readdir(path, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(join(path, '/').length));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTDIR' || code === 'ENOENT') return undefined;
    throw error;
  }
}
