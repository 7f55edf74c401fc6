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

/**
 * Mounts a disk in memory that belongs to the server.
 *
 * @returns the reason as text where that is not possible: it takes Linux and the rights of root
 */
export function mountSmallDisk(
  server: Pick<EmbeddedServer, 'dataFolder'>,
  size: string,
): SmallDisk | string {
  const folder = mkdtempSync(join(tmpdir(), 'flashfusion-small-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder], {
      stdio: 'pipe',
    });
  } catch (error) {
    rmSync(folder, { recursive: true });
    return `no disk in memory can be mounted here: ${String((error as Error).message).split('\n')[1] ?? error}`;
  }
  const { uid, gid } = statSync(server.dataFolder);
  chownSync(folder, uid, gid);
  chmodSync(folder, 0o700);
  return {
    folder,
    remove() {
      execFileSync('umount', [folder]);
      rmSync(folder, { recursive: true });
    },
  };
}

/** Whether {@link mountSmallDisk} can work, asked before the tests are collected. */
export function canMount(): boolean {
  return process.platform === 'linux' && process.getuid?.() === 0;
}
