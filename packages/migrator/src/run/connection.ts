import type { Database, OpenOptions, Session } from '../database/database';
import { acquireLock } from '../database/lock';
import type { LockHolder } from './events';

/** What it takes to own a project's migrations on a database. */
export interface ConnectionOptions {
  readonly database: Database;
  readonly open: OpenOptions;
  readonly lock: { readonly key: string; readonly waitMs: number; readonly project: string };
  readonly signal: AbortSignal | undefined;
  readonly onWaiting: (holder: LockHolder | undefined) => void;
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

  get lockKey(): string {
    return this.options.lock.key;
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
  try {
    await acquireLock(session, { ...options.lock, signal, onWaiting: options.onWaiting });
    return session;
  } catch (error) {
    await session.close();
    throw error;
  }
}
