import type { Problem } from '../errors';
import type { HistoryEntry } from './entry';
import type { SchemaStamp } from './stamps';

/** What `migration_database` says this database is. */
export interface DatabaseStamp {
  readonly environment: string;
  readonly protected: boolean;
  /** ISO 8601, the server's clock: since when this stamp is in force. */
  readonly since: string;
  /** The database user who stamped it. */
  readonly by: string;
}

/** The history of one environment, as one look at the database found it. */
export interface HistoryState {
  /** The latest row of each migration, of all projects, in order of project and version. */
  readonly entries: readonly HistoryEntry[];
  /**
   * The former name of the environment that the database still has: its rows are under that name, and `entries` are these
   * rows. `undefined` where the database has the present name.
   */
  readonly renamedFrom: string | undefined;
  /** `undefined` where nothing is stamped yet. */
  readonly stamp: DatabaseStamp | undefined;
  /** Format of our tables in the database; `undefined` where they are not there. */
  readonly format: number | undefined;
  /**
   * `absent`: no table; `original`: the original agent's; `outdated`: ours, of an older format; `current`: ours.
   * {@link History.prepare} makes all of them `current`.
   */
  readonly table: 'absent' | 'original' | 'current' | 'outdated';
  /** Stamps of other schemas of the database, a few of them. Read only where this schema has no stamp of its own. */
  readonly elsewhere: readonly SchemaStamp[];
  /** Every environment that has rows, in alphabetical order. */
  readonly environments: readonly string[];
  /** What does not hold together in the history. Always empty unless `damage: 'report'` was asked for. */
  readonly damage: readonly Problem[];
}

/** How to read the history. */
export interface ReadOptions {
  /** Names that the environment had before: a database that is stamped with one of them is read under that name. */
  readonly formerEnvironments?: readonly string[];
  /**
   * The project that rows of the original agent are counted to (it knew no projects) while its table is not upgraded:
   * the same that {@link History.prepare} will be given.
   */
  readonly project?: string;
  /** A damaged history: throw `HISTORY_CORRUPT` (default), or report it in the state, for `repair` and `status`. */
  readonly damage?: 'throw' | 'report';
}

/** What the history is prepared for. */
export interface PrepareOptions {
  /** Environment that the database belongs to. */
  readonly environment: string;
  /** Names that the environment had before: stamps of other schemas may have them. */
  readonly formerEnvironments?: readonly string[];
  /** Marks the database as protected. A mark that is there stays, whatever is said here. */
  readonly protected: boolean;
  /** The project that rows of the original agent are counted to. */
  readonly project: string;
  /** One of several databases of the environment, for messages. */
  readonly databaseName?: string;
  /** The tenant, for messages. */
  readonly tenant?: string;
}
