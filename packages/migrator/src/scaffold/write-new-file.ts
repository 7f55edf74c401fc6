import { link, mkdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { MigratorError } from '../errors';

/**
 * Writes a file that must not exist yet, and its folder. The file appears with its whole text: a process that reads the folder
 * meanwhile never sees a part of it.
 *
 * @param path absolute
 * @throws {MigratorError} `FILE_EXISTS`; the file that is there is left as it is
 */
export async function writeNewFile(path: string, source: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  try {
    await createWhole(path, source);
  } catch (error) {
    if ((error as { code?: unknown } | null)?.code !== 'EEXIST') throw error;
    throw new MigratorError('FILE_EXISTS', `${path} exists already and was left as it is.`, {
      where: path,
      hint: 'Choose another name.',
      cause: error,
    });
  }
}

async function createWhole(path: string, source: string): Promise<void> {
  const draft = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  await writeFile(draft, source);
  try {
    await link(draft, path);
  } catch (error) {
    if ((error as { code?: unknown } | null)?.code === 'EEXIST') throw error;
    // A file system without hard links.
    await writeFile(path, source, { flag: 'wx' });
  } finally {
    await rm(draft, { force: true });
  }
}
