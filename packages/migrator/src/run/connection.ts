import type { Database, OpenOptions, Session } from '../database/database';
import { acquireLock, type LockOptions } from '../database/lock';
import type { LockHolder } from './events';

/** A lock that the connection holds as long as it lives. */
export type LockRequest = Pick<LockOptions, 'key' | 'mode' | 'waitMs' | 'project'>;

/** What it takes to own a project's migrations on a database. */
export interface ConnectionOptions {
  readonly database: Database;
  readonly open: OpenOptions;
  /** Taken in this order; the first is the project's own. */
  readonly locks: readonly [LockRequest, ...LockRequest[]];
  readonly signal: AbortSignal | undefined;
  readonly onWaiting: (project: string, holder: LockHolder | undefined) => void;
}

/**
 * The one connection of a run: it holds the lock, runs the changes and writes the history, so that all three die
 * together. Only a lost COMMIT or a failure to be recorded makes a second one, and that takes the lock first.
 */
export class LockedConnection {
  private constructor(
    private readonly options: ConnectionOptions,
    private current: Session,
  ) {}

  /**
   * Opens the session and takes the lock.
   *
   * @throws {MigratorError} `LOCK_HELD`, `CANCELLED`, and what opening throws
   */
  static async open(options: ConnectionOptions): Promise<LockedConnection> {
    return new LockedConnection(options, await openLocked(options, options.signal));
  }

  /** The session that holds the lock now. */
  get session(): Session {
    return this.current;
  }

  /** Key of the project's own lock. */
  get lockKey(): string {
    return this.options.locks[0].key;
  }

  /**
   * A new session that holds the lock. The lock is the barrier: once it is ours again, the old backend is gone and
   * whatever it did is decided.
   */
  async reconnect(): Promise<Session> {
    await this.current.close();
    // Not the run's signal: a cancelled run must still be able to write down what happened.
    this.current = await openLocked(this.options, undefined);
    return this.current;
  }

  /** Frees the lock with the session. */
  async close(): Promise<void> {
    await this.current.close();
  }
}

async function openLocked(options: ConnectionOptions, signal: AbortSignal | undefined) {
  const session = await options.database.open(options.open);
  const started = performance.now();
  try {
    for (const lock of options.locks) {
      // One wait for all of them: what the first took is not there for the next.
      const waitMs = Math.max(0, lock.waitMs - Math.round(performance.now() - started));
      const onWaiting = (holder: LockHolder | undefined) => options.onWaiting(lock.project, holder);
      await acquireLock(session, { ...lock, waitMs, signal, onWaiting });
    }
    return session;
  } catch (error) {
    await session.close();
    throw error;
  }
}
