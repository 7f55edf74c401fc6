import { mkdir, readFile, realpath, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { MigratorError } from '../errors';
import { FolderQueue } from './folder-queue';
import { isRunning, thisProcess, type ProcessIdentity } from './running-process';

/**
 * Milliseconds between two tries of the process whose turn it is. A process further back looks less often, so that many of them do
 * not keep the machine busy: this much longer for each one before it, up to the limit.
 */
const POLL = { next: 50, perPlace: 50, most: 1_000 };

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

/** The process that holds a folder, as written beside it. */
interface Owner extends ProcessIdentity {
  /** When it took the folder, in milliseconds since 1970. Absent if an older version wrote it. */
  readonly since?: number;
}

/** A folder that nobody else opens until it is released. */
export interface FolderLock {
  /** Whether the lock was taken away from outside, e.g. its file deleted. */
  isLost(): boolean;
  /** May be called twice. */
  release(): Promise<void>;
}

/**
 * Guards a data folder against other processes. Those that wait are served in the order in which they came. The lock is beside the
 * folder, not in it. A lock that was left by a process that is gone is taken over.
 *
 * @param folder absolute; need not exist
 * @param options `waitMs`: milliseconds to wait for one and the same holder. The time starts again when another process gets
 *   the folder, so that a long queue that moves never fails; 0 = one try. `name`: the folder as messages name it
 * @throws {MigratorError} `LOCK_HELD`
 */
export async function lockFolder(
  folder: string,
  options: { readonly waitMs: number; readonly name: string },
): Promise<FolderLock> {
  const file = await canonical(folder);
  const queue = new FolderQueue(`${file}.lock-queue`);
  const start = performance.now();
  if (await queue.isEmpty()) {
    const lock =
      (await tryLock(file)) ?? ((await takeOver(file)) ? await tryLock(file) : undefined);
    if (lock !== undefined) return lock;
  }
  if (options.waitMs <= 0) throw await held(file, options, { total: 0, same: 0 });
  try {
    let holder = await readOwner(file);
    let since = start;
    for (;;) {
      const position = await queue.position();
      if (position === 0) {
        const lock = await tryLock(file);
        if (lock !== undefined) return lock;
        if (await takeOver(file)) continue;
      }
      const now = performance.now();
      const current = await readOwner(file);
      if (current !== undefined && !isSameHold(current, holder)) {
        if (holder !== undefined) since = now;
        holder = current;
      }
      const left = since + options.waitMs - now;
      if (left <= 0) throw await held(file, options, { total: now - start, same: now - since });
      await pause(Math.min(POLL.next + position * POLL.perPlace, POLL.most, left));
    }
  } finally {
    await queue.leave();
  }
}

/** Takes the lock, or returns `undefined` if a process has it. */
async function tryLock(file: string): Promise<FolderLock | undefined> {
  const { lock } = await import('proper-lockfile');
  let lost = false;
  let unlock: () => Promise<void>;
  try {
    unlock = await lock(file, {
      realpath: false,
      stale: NEVER,
      update: SIGN_OF_LIFE,
      onCompromised: () => {
        lost = true;
      },
    });
  } catch (error) {
    if (isLocked(error)) return undefined;
    throw error;
  }
  const owner: Owner = { ...thisProcess(), since: Date.now() };
  await writeFile(ownerFile(file), JSON.stringify(owner));
  let released: Promise<void> | undefined;
  return {
    isLost: () => lost,
    release: () => (released ??= release(file, lost, unlock)),
  };
}

function isSameHold(one: Owner, other: Owner | undefined): boolean {
  return (
    one.pid === other?.pid &&
    one.host === other.host &&
    one.started === other.started &&
    one.since === other.since
  );
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

async function readOwner(file: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(ownerFile(file), 'utf8')) as Owner;
  } catch {
    return undefined;
  }
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

/** Milliseconds of waiting: in all, and for the process that has the folder now. */
interface Waited {
  readonly total: number;
  readonly same: number;
}

async function held(
  file: string,
  { waitMs, name }: { readonly waitMs: number; readonly name: string },
  { total, same }: Waited,
): Promise<MigratorError> {
  const owner = await readOwner(file);
  const who = owner ? `process ${owner.pid} on ${owner.host}` : 'another process';
  const others =
    total - same < 1_000
      ? ''
      : `, after ${Math.round((total - same) / 1000)} s in which others had it in turn`;
  const waited = waitMs > 0 ? `, still after ${waitMs / 1000} s of waiting${others}` : '';
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
