import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MigratorError } from '../errors';

/**
 * Writes a file that must not exist yet, and its folder.
 *
 * @param path absolute
 * @throws {MigratorError} `FILE_EXISTS`; the file that is there is left as it is
 */
export async function writeNewFile(path: string, source: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  try {
    await writeFile(path, source, { flag: 'wx' });
  } catch (error) {
    if ((error as { code?: unknown } | null)?.code !== 'EEXIST') throw error;
    throw new MigratorError('FILE_EXISTS', `${path} exists already and was left as it is.`, {
      where: path,
      hint: 'Choose another name.',
      cause: error,
    });
  }
}
