import type { QueryResult } from '../migration/types';
import type { NoticeListener } from './server-message';

export type { QueryResult };

/** Where a connection leads, fit to be printed: it never holds a password or a query string. */
export interface ConnectionTarget {
  readonly driver: 'postgres' | 'pglite';
  /** Host name, address (IPv6 in brackets), socket folder, or for PGlite `embedded`. */
  readonly host: string;
  readonly port: number | undefined;
  /** Database name; for PGlite the data folder or `memory`. */
  readonly database: string;
  readonly user: string | undefined;
  /** Where the url came from: an environment variable's name, `db.config.ts`, `default` or `application`. */
  readonly source: string;
}

/** How a session is opened. Durations are in milliseconds, `0` switches a limit off. */
export interface OpenOptions {
  /** `read-only`: the server refuses writes, no lock is taken, nothing is created. */
  readonly access: 'read-write' | 'read-only';
  /** Schemas for the search path, unquoted, in order; `pg_temp` is always put last. */
  readonly searchPath: readonly string[];
  readonly lockTimeoutMs: number;
  readonly statementTimeoutMs: number;
  /** Shown in `pg_stat_activity`, e.g. `flashfusion api`. */
  readonly applicationName: string;
  /**
   * Milliseconds to wait in turn where only one session at a time is possible (PGlite). Default 60 000; 0 = fail at once.
   */
  readonly waitMs?: number;
}

/** Facts that the server proved when the session was opened. */
export interface ServerFacts {
  /** `server_version_num`, e.g. 180004. */
  readonly versionNumber: number;
  /** `session_user`. */
  readonly user: string;
  readonly database: string;
  readonly backendPid: number;
  /** Longest name in bytes, 63 unless the server was built otherwise: it truncates longer ones. */
  readonly longestIdentifier: number;
}

/** How one query is sent. */
export interface QueryOptions {
  /** Receives the messages (NOTICE, WARNING, …) that the server sends before it answers this query. */
  readonly onNotice?: NoticeListener;
}

/** Whether a transaction is open; a `failed` one accepts only its rollback, `unknown` where the driver does not tell. */
export type TransactionStatus = 'idle' | 'open' | 'failed' | 'unknown';

/**
 * One dedicated connection. An implementer must send queries in the order of the calls, never switch the connection under
 * a session, and reject with the server's own error (its SQLSTATE in `code`) or, where the connection is gone, with an
 * error without a five-character `code`.
 */
export interface Session {
  readonly target: ConnectionTarget;
  readonly server: ServerFacts;
  /** `true` from the moment the connection is known to be gone or `close` was called. */
  readonly closed: boolean;
  /** As of the last answer; no query is sent to find out. */
  readonly transactionStatus: TransactionStatus;
  /**
   * Statements that return the session to the state in which it was opened: what DISCARD ALL resets except advisory locks.
   * Allowed inside a transaction. ASCII only, and right under every setting.
   */
  readonly restoreSql: string;
  /**
   * Statements after which the user who logged in is the current one, with the session's own timeouts, until the transaction
   * ends. ASCII only.
   */
  readonly asLoginSql: string;
  /** As {@link MigrationDatabase.query}: several statements without `params`, one with. */
  query<Row = Record<string, unknown>>(
    sql: string,
    params?: readonly unknown[],
    options?: QueryOptions,
  ): Promise<QueryResult<Row>>;
  /** Sends several statements without parameters in one message; returns one result for each. */
  batch(sql: string): Promise<readonly QueryResult<Record<string, unknown>>[]>;
  /** Asks the server to cancel the running statement (57014 for its caller). No-op where the driver cannot. */
  cancel(): Promise<void>;
  /** Ends the session and frees what it holds. Never rejects; may be called twice. */
  close(): Promise<void>;
}

/** A database that sessions can be opened on. */
export interface Database {
  readonly target: ConnectionTarget;
  /** `false` only for an embedded database whose data does not exist yet, so that nothing is created by looking. */
  exists(): Promise<boolean>;
  /**
   * Opens a session.
   *
   * @throws {MigratorError} `CONNECTION_FAILED`, `POOLED_CONNECTION`, `INVALID_CONNECTION`, `READ_ONLY_SERVER`; `LOCK_HELD` when another
   *   process keeps an embedded database for longer than `waitMs`
   */
  open(options: OpenOptions): Promise<Session>;
}
