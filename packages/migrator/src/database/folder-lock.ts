import { mkdir, readFile, realpath, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { MigratorError } from '../errors';

/** Milliseconds between two looks at a folder that is in use: at least, and how much chance adds. */
const POLL = { atLeast: 50, chance: 150 };

/** Milliseconds after which the lock of another machine or container counts as left behind. */
const STALE_ELSEWHERE = 10 * 60_000;

/**
 * Milliseconds for the library to call a lock stale by its age: practically never. Its sign of life is a timer, which stands
 * still while PGlite works in the same thread, so that age says nothing of a process on this machine. We ask for the
 * process itself instead.
 */
const NEVER = 7 * 24 * 60 * 60_000;

/** Milliseconds between two signs of life. */
const SIGN_OF_LIFE = 5_000;

/** Who holds a folder, as written beside it. */
interface Owner {
  readonly pid: number;
  readonly host: string;
  /** When the process started, in milliseconds since 1970: process ids come around again. */
  readonly started: number;
}

/** A folder that nobody else opens until it is released. */
export interface FolderLock {
  /** Whether the lock was taken away from outside, e.g. its file deleted. */
  isLost(): boolean;
  /** May be called twice. */
  release(): Promise<void>;
}

/**
 * Guards a data folder against other processes, waiting in turn. The lock stands beside the folder, not in it. One that was
 * left by a process that is gone is taken over.
 *
 * @param folder absolute; need not exist
 * @param options `waitMs`: milliseconds to wait, 0 = one try; `name`: the folder as messages name it
 * @throws {MigratorError} `LOCK_HELD`
 */
export async function lockFolder(
  folder: string,
  options: { readonly waitMs: number; readonly name: string },
): Promise<FolderLock> {
  const { lock } = await import('proper-lockfile');
  const file = await canonical(folder);
  const deadline = performance.now() + options.waitMs;
  let lost = false;
  for (;;) {
    try {
      const unlock = await lock(file, {
        realpath: false,
        stale: NEVER,
        update: SIGN_OF_LIFE,
        onCompromised: () => {
          lost = true;
        },
      });
      await writeFile(ownerFile(file), JSON.stringify(thisProcess()));
      let released: Promise<void> | undefined;
      return {
        isLost: () => lost,
        release: () => (released ??= release(file, lost, unlock)),
      };
    } catch (error) {
      if (!isLocked(error)) throw error;
    }
    if (await takeOver(file)) continue;
    const left = deadline - performance.now();
    if (left <= 0) throw await held(file, options);
    await pause(Math.min(POLL.atLeast + Math.random() * POLL.chance, left));
  }
}

async function release(file: string, lost: boolean, unlock: () => Promise<void>): Promise<void> {
  // What was taken away belongs to somebody else by now.
  if (lost) return;
  await rm(ownerFile(file), { force: true });
  await unlock();
}

/** Removes the lock of a process that is gone. One at a time, so that nobody removes the lock of the next one. */
async function takeOver(file: string): Promise<boolean> {
  if (!(await isAbandoned(file))) return false;
  const { lock } = await import('proper-lockfile');
  try {
    const done = await lock(`${file}.takeover`, { realpath: false });
    try {
      if (!(await isAbandoned(file))) return false;
      await rm(ownerFile(file), { force: true });
      await rmdir(`${file}.lock`);
      return true;
    } finally {
      await done();
    }
  } catch {
    // Somebody else is at it; look again.
    return false;
  }
}

async function isAbandoned(file: string): Promise<boolean> {
  const owner = await readOwner(file);
  if (owner?.host === hostname()) return !isRunning(owner);
  try {
    const { mtimeMs } = await stat(`${file}.lock`);
    return Date.now() - mtimeMs > STALE_ELSEWHERE;
  } catch {
    return false;
  }
}

function isRunning({ pid, started }: Owner): boolean {
  const self = thisProcess();
  // After a container's restart a new process may have the id of the old one.
  if (pid === self.pid) return started === self.started;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

async function readOwner(file: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(ownerFile(file), 'utf8')) as Owner;
  } catch {
    return undefined;
  }
}

function thisProcess(): Owner {
  return { pid: process.pid, host: hostname(), started: Math.round(performance.timeOrigin) };
}

/** The same path for everyone, whichever links lead there. */
async function canonical(folder: string): Promise<string> {
  try {
    return await realpath(folder);
  } catch {
    const parent = dirname(folder);
    await mkdir(parent, { recursive: true });
    return join(await realpath(parent), basename(folder));
  }
}

async function held(
  file: string,
  { waitMs, name }: { readonly waitMs: number; readonly name: string },
): Promise<MigratorError> {
  const owner = await readOwner(file);
  const who = owner ? `process ${owner.pid} on ${owner.host}` : 'another process';
  const waited = waitMs > 0 ? `, still after ${waitMs / 1000} s of waiting` : '';
  return new MigratorError(
    'LOCK_HELD',
    `The embedded database in ${name} is in use by ${who}${waited}. Nothing was touched.`,
    {
      hint: `Only one process at a time can use it. Stop the other one, or wait for it; if there is none, remove ${file}.lock and ${ownerFile(file)}.`,
    },
  );
}

const ownerFile = (file: string) => `${file}.lock-owner`;

const isLocked = (error: unknown) => codeOf(error) === 'ELOCKED';

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}
