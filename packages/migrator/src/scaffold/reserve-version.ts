import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { nextVersion } from './next-version';

/** A generator writes its file within this time; after that the file itself shows that the version is taken. */
const RESERVED_FOR_MS = 3_600_000;

/**
 * Chooses the version of a new migration and takes it, so that generators that run at the same time choose different ones. A
 * reservation is a folder in the temporary folder of this machine: creating it fails for all processes but one. The migrations
 * folder is not touched, so that a preview changes nothing there.
 *
 * @param migrationsFolder absolute; versions are unique in it
 * @param now the present
 * @param existing versions of the project's migrations, in any order
 * @throws {MigratorError} `INVALID_VERSION` when the newest is at the end of the year 9999
 */
export async function reserveVersion(
  migrationsFolder: string,
  now: Date,
  existing: readonly string[],
): Promise<string> {
  const folder = join(reservations(), createHash('sha256').update(migrationsFolder).digest('hex'));
  await mkdir(folder, { recursive: true });
  await removeOldReservations(folder);
  for (const taken = [...existing]; ;) {
    const version = nextVersion(now, taken);
    if (await createFolder(join(folder, version))) return version;
    taken.push(version);
  }
}

/** A folder for each user: one user cannot write into the folders of another. */
function reservations(): string {
  const { uid } = userInfo();
  return join(tmpdir(), `flashfusion-versions-${uid}`);
}

async function createFolder(path: string): Promise<boolean> {
  try {
    await mkdir(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function removeOldReservations(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    // Another process may have removed it.
    const made = await stat(path).catch(() => undefined);
    if (made !== undefined && Date.now() - made.mtimeMs > RESERVED_FOR_MS) {
      await rm(path, { recursive: true, force: true });
    }
  }
}
