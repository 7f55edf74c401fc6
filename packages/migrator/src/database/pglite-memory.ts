import { setTimeout as pause } from 'node:timers/promises';
import { MigratorError } from '../errors';
import { PgliteEngine, type LentEngine } from './pglite-engine';

/** A database in memory: one engine for the life of the process, lent to one session at a time. */
interface MemoryDatabase {
  readonly engine: Promise<PgliteEngine>;
  /** Settles when everyone who queued so far has given it back. */
  turn: Promise<void>;
}

const databases = new Map<string, MemoryDatabase>();

/** Whether this process has made that database already. */
export function memoryExists(name: string): boolean {
  return databases.has(name);
}

/**
 * Lends the engine of a database in memory, in turn; makes it at the first time.
 *
 * @param waitMs milliseconds to wait for another session of this process
 * @throws {MigratorError} `LOCK_HELD`
 */
export async function borrowMemory(name: string, waitMs: number): Promise<LentEngine> {
  const database = databases.get(name) ?? {
    engine: PgliteEngine.start(undefined),
    turn: Promise.resolve(),
  };
  databases.set(name, database);
  const before = database.turn;
  let giveBack = () => {};
  const mine = new Promise<void>((resolve) => {
    giveBack = resolve;
  });
  database.turn = before.then(() => mine);
  try {
    await settledWithin(before, waitMs, name);
    const engine = await database.engine;
    const release = async () => {
      try {
        await engine.reset();
      } finally {
        giveBack();
      }
    };
    return { engine, release, isLost: () => false };
  } catch (error) {
    giveBack();
    throw error;
  }
}

async function settledWithin(turn: Promise<void>, waitMs: number, name: string): Promise<void> {
  const timer = new AbortController();
  const late = pause(waitMs, 'late' as const, { signal: timer.signal }).catch(() => undefined);
  const outcome = await Promise.race([turn, late]);
  timer.abort();
  if (outcome !== 'late') return;
  throw new MigratorError(
    'LOCK_HELD',
    `The embedded database ${name} is in use by another session of this process, still after ${waitMs / 1000} s of waiting.`,
    { hint: 'It has one session at a time: close the other one first.' },
  );
}
