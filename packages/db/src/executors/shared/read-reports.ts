import { reportsIn, type EarlierReport } from '@flashfusion/migrator';
import type { ExecutorContext } from '@nx/devkit';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { tell } from './output';
import { filesOf } from './report-folder';

/**
 * Reads the reports that earlier tasks of the project wrote. A file that cannot be read or is not JSON is named on standard
 * error and ignored; files with other content are ignored.
 *
 * @param folder relative to the workspace; `undefined` reads none
 */
export async function readReports(
  folder: string | undefined,
  { root, projectName }: Pick<ExecutorContext, 'root' | 'projectName'>,
): Promise<readonly EarlierReport[]> {
  if (folder === undefined || folder === '') return [];
  const project = projectName ?? '';
  const reports: EarlierReport[] = [];
  for (const name of await filesOf(resolve(root, folder, project))) {
    if (!name.endsWith('.json')) continue;
    const file = join(folder, project, name);
    const content = await parse(resolve(root, file), file);
    const documents: readonly unknown[] = Array.isArray(content) ? content : [content];
    for (const report of documents.flatMap((document) => reportsIn(document) ?? []))
      reports.push({ file, report });
  }
  return reports;
}

async function parse(path: string, file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as unknown;
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'it is not JSON';
    tell(`The report ${file} was ignored: ${reason}.`);
    return undefined;
  }
}
