import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EmbeddedServer } from '../embedded-server';

/** A disk that is soon full. */
export interface SmallDisk {
  readonly folder: string;
  /** After the server is stopped. */
  remove(): void;
}

/** Mounts a disk in memory that belongs to the server. Throws where {@link canMount} says no. */
export function mountSmallDisk(
  server: Pick<EmbeddedServer, 'dataFolder'>,
  size: string,
): SmallDisk {
  const disk = mountInMemory(size);
  const { uid, gid } = statSync(server.dataFolder);
  chownSync(disk.folder, uid, gid);
  chmodSync(disk.folder, 0o700);
  return disk;
}

/** Whether a disk in memory can be mounted here: it takes Linux and rights that a container may lack. Found out by trying. */
export function canMount(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  try {
    mountInMemory('64k').remove();
    return true;
  } catch {
    return false;
  }
}

function mountInMemory(size: string): SmallDisk {
  const folder = mkdtempSync(join(tmpdir(), 'flashfusion-small-disk-'));
  const remove = () => rmSync(folder, { recursive: true });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder], {
      stdio: 'pipe',
    });
  } catch (error) {
    remove();
    throw error;
  }
  return {
    folder,
    remove() {
      execFileSync('umount', [folder]);
      remove();
    },
  };
}
