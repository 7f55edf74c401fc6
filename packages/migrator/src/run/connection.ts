import type { Database, OpenOptions, Session } from '../database/database';
import { acquireLock, type LockOptions } from '../database/lock';
import type { LockHolder } from './events';

/** A lock that the connection holds as long as it lives. */
export type LockRequest = Pick<LockOptions, 'key' | 'mode' | 'waitMs' | 'project' | 'obstacle'>;

/** What it takes to own a project's migrations on a database. */
export interface ConnectionOptions {
  readonly database: Database;
  readonly open: OpenOptions;
  /** The project's own lock and those of its former names. Taken in the order of their keys, by every runner. */
  readonly projectLocks: readonly [LockRequest, ...LockRequest[]];
  /** Taken after them. */
  readonly databaseLock: LockRequest;
  readonly signal: AbortSignal | undefined;
  readonly onWaiting: (project: string, holder: LockHolder | undefined) => void;
}

/**
 * The one connection of a run: it holds the lock, runs the changes and writes the history, so that all three die
 * together. Only a lost COMMIT or a failure to be recorded makes a second one, and that takes the lock first.
 */
export class LockedConnection {
  private planIsStale = false;

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

  /** Key of the project's own lock, under its present name. */
  get lockKey(): string {
    return this.options.projectLocks[0].key;
  }

  /** Whether another runner took the lock while the connection was lost: the plan is out of date, and nothing may be written. */
  get overtaken(): boolean {
    return this.planIsStale;
  }

  /** To be called when the history shows what the lock could not: another runner came and went. */
  markOvertaken(): void {
    this.planIsStale = true;
  }

  /**
   * Looks at the database once the old backend is gone: through a new session that holds the lock, or, if another runner
   * has taken it meanwhile, through one that only looks. That runner's lock is as good a barrier as our own; but the run is
   * {@link LockedConnection.overtaken} then.
   *
   * @throws as {@link LockedConnection.reconnect}
   */
  async lookAfterLoss<T>(look: (session: Session) => Promise<T>): Promise<T> {
    const oldPid = this.current.server.backendPid;
    await this.current.close();
    const taken = new AbortController();
    try {
      this.current = await openLocked(this.watchingFor(oldPid, taken), taken.signal);
    } catch (error) {
      if (!taken.signal.aborted) throw error;
      this.markOvertaken();
      const session = await this.options.database.open(this.options.open);
      try {
        return await look(session);
      } finally {
        await session.close();
      }
    }
    return look(this.current);
  }

  /**
   * Aborts as soon as a lock of the project is seen in the hands of somebody else. Whoever waits for the lock behind it has
   * got that one, which says the same of the old backend.
   */
  private watchingFor(oldPid: number, taken: AbortController): ConnectionOptions {
    const own = this.options.projectLocks.map(({ project }) => project);
    return {
      ...this.options,
      onWaiting: (project, holder) => {
        const old = own.includes(project) && (!holder || holder.pid === oldPid);
        if (!old) taken.abort();
        else this.options.onWaiting(project, holder);
      },
    };
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
  // One wait for all of them: what the first took is not there for the next.
  const since = performance.now();
  try {
    for (const lock of inOrder(options)) {
      const onWaiting = (holder: LockHolder | undefined) => options.onWaiting(lock.project, holder);
      await acquireLock(session, { ...lock, since, signal, onWaiting });
    }
    return session;
  } catch (error) {
    await session.close();
    throw error;
  }
}

/** Two projects that each have the other's former name would wait for each other if each took its own lock first. */
function inOrder({ projectLocks, databaseLock }: ConnectionOptions): LockRequest[] {
  const ordered = [...projectLocks].sort((a, b) => (a.key < b.key ? -1 : 1));
  return [...ordered, databaseLock];
}
