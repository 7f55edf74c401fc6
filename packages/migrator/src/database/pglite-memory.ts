import { setTimeout as pause } from 'node:timers/promises';
import { MigratorError } from '../errors';
import { PgliteEngine, type LentEngine } from './pglite-engine';

/** A database in memory, used by one session at a time. */
interface MemoryDatabase {
  /**
   * What the last session left. No engine is kept running in between: it takes its memory and has timers of Postgres in it,
   * which would keep the process from ending.
   */
  data: Blob | undefined;
  /** Settles when everyone who queued so far is done. */
  turn: Promise<void>;
}

/** They last as long as the process. */
const databases = new Map<string, MemoryDatabase>();

/** Whether this process has made that database already. */
export function memoryExists(name: string): boolean {
  return databases.get(name)?.data !== undefined;
}

/**
 * Starts an engine on a database in memory, in turn.
 *
 * @param waitMs milliseconds to wait for another session of this process
 * @throws {MigratorError} `LOCK_HELD`
 */
export async function borrowMemory(name: string, waitMs: number): Promise<LentEngine> {
  const database = databases.get(name) ?? { data: undefined, turn: Promise.resolve() };
  databases.set(name, database);
  const before = database.turn;
  let done = () => {};
  const mine = new Promise<void>((resolve) => {
    done = resolve;
  });
  database.turn = before.then(() => mine);
  try {
    await settledWithin(before, waitMs, name);
    const engine = await PgliteEngine.start(database.data);
    const release = async () => {
      try {
        database.data = await engine.dump();
        await engine.stop();
      } finally {
        done();
      }
    };
    return { engine, release, isLost: () => false };
  } catch (error) {
    done();
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
