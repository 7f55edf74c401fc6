import type { ServerFacts, Session } from '../database/database';
import { searchPath } from '../database/session-settings';
import { appendEntry, appendGuarded, type AppendGuard } from './append';
import type { HistoryEntry, NewHistoryEntry } from './entry';
import { latestFormat, upgrades, type Upgrade } from './formats';
import { prepareHistory, writeStamp } from './prepare';
import { readAttempts, readHistory, readRecent } from './read';
import { readStamps, type DatabaseStamps } from './stamps';
import type { HistoryState, PrepareOptions, ReadOptions } from './state';
import { readRowsToCarry, type RowToCarry } from './rows-to-carry';
import { readRollbackData, readStoredRollbackData } from './stored-rollback-data';
import { historyTables, type HistoryTables } from './tables';
import { readUnfinished, type UnfinishedAttempts, type UnfinishedQuery } from './unfinished';
import { verifyChain } from './verify-chain';
import { verifyReports, type ReportClaim } from './verify-reports';
import type { Problem } from '../errors';

export type { AppendGuard, HistoryState, PrepareOptions, ReadOptions };

/**
 * The `migration_history` of one schema, over one session. Append-only: every attempt is a row, nothing updates or deletes
 * one, and the state of a migration is that of its latest row.
 *
 * Every method may also throw what the session does, and `PERMISSION_DENIED` when the database user lacks a right.
 *
 * @example
 * ```ts
 * const history = new History(session, 'public');
 * let state = await history.read('production', { project: 'api' });
 * await history.prepare({ environment: 'production', protected: true, project: 'api' }, state);
 * if (state.table !== 'current') state = await history.read('production', { project: 'api' });
 * ```
 */
export class History {
  readonly #session: Session;
  readonly #tables: HistoryTables;
  readonly #upgrades: readonly Upgrade[];

  /**
   * @param schema the schema's name, unquoted
   * @param steps how older formats become current; only tests pass others
   * @throws {MigratorError} `IDENTIFIER_TOO_LONG`, `INVALID_NAME` for a schema that Postgres could not have
   */
  constructor(session: Session, schema: string, steps: readonly Upgrade[] = upgrades) {
    this.#session = session;
    this.#tables = historyTables(schema);
    this.#upgrades = steps;
  }

  /** The server that the history is on. */
  get server(): ServerFacts {
    return this.#session.server;
  }

  /** The history of another schema, over the same session. */
  inSchema(schema: string): History {
    return new History(this.#session, schema, this.#upgrades);
  }

  /**
   * Begins a read-only transaction on the session, for foreign queries. Must not be called inside a transaction.
   *
   * @param schemas the search path that holds until the end
   * @returns runs queries; `close` ends the transaction, and nothing of it remains
   */
  async beginReading(schemas: readonly string[]): Promise<Pick<Session, 'query' | 'close'>> {
    const session = this.#session;
    await session.query(
      `BEGIN TRANSACTION READ ONLY; SET LOCAL search_path TO ${searchPath(schemas)}`,
    );
    return {
      query: (sql, params) => session.query(sql, params),
      close: async () => {
        await session.query('ROLLBACK').catch(() => undefined);
      },
    };
  }

  /**
   * The state of every migration of the environment, of all projects: one round trip in the common case. Writes nothing,
   * also where there is no table yet or still the original agent's.
   *
   * @throws {MigratorError} `HISTORY_CORRUPT` with every problem at once (unless `damage: 'report'`), `HISTORY_TOO_NEW`
   */
  read(environment: string, options: ReadOptions = {}): Promise<HistoryState> {
    return readHistory(this.#session, this.#tables, environment, options, this.#upgrades);
  }

  /**
   * Makes the tables current (creates them, or upgrades those that are there in place, rows kept) and stamps the database
   * with its environment. Any number of runners may call it at once. Must not be called inside a transaction.
   *
   * @param state what {@link read} has just returned: where it says that all is in order, nothing is asked of the database
   * @throws {MigratorError} `ENVIRONMENT_MISMATCH` when the database belongs to another environment, `HISTORY_TOO_NEW`,
   *   `HISTORY_CORRUPT`, `LOCK_HELD`; nothing was written then
   */
  prepare(options: PrepareOptions, state?: HistoryState): Promise<void> {
    return prepareHistory(this.#session, this.#tables, options, state, this.#upgrades);
  }

  /**
   * Appends a row, in the caller's transaction if there is one. Secrets are removed from its error first.
   *
   * @throws {MigratorError} `CONCURRENT_RUN` when another runner has written this attempt
   */
  append(entry: NewHistoryEntry): Promise<void> {
    return appendEntry(this.#session, this.#tables, entry);
  }

  /**
   * Appends a row only if the transaction that was begun is still open and the lock still held, in one round trip.
   *
   * @returns `appended`, or what no longer holds; then nothing was written
   * @throws {MigratorError} `CONCURRENT_RUN` when another runner has written this attempt
   */
  appendGuarded(
    entry: NewHistoryEntry,
    guard: AppendGuard,
  ): Promise<'appended' | 'transactionEscaped' | 'lockLost'> {
    return appendGuarded(this.#session, this.#tables, entry, guard);
  }

  /**
   * The newest rows of a project, newest first, with the stacks of their errors.
   *
   * @param limit how many at most
   */
  recent(environment: string, project: string, limit: number): Promise<HistoryEntry[]> {
    return readRecent(this.#session, this.#tables, { environment, project, limit });
  }

  /**
   * What `down` is to be given for a row: its own rollback data, or that of the apply which it goes back to.
   *
   * @returns `undefined` when there is none
   * @throws {MigratorError} `HISTORY_CORRUPT` when it is not JSON, or the row was deleted
   */
  rollbackData(rowId: string): Promise<unknown> {
    return readRollbackData(this.#session, this.#tables, rowId);
  }

  /** What the database is by the stamps of all its schemas, this one included. */
  stamps(): Promise<DatabaseStamps> {
    return readStamps(this.#session);
  }

  /**
   * The rows that hold the state of every migration of an environment, of all projects, in order: the newest row of a
   * migration, and for one that did not finish all rows since its last finished attempt.
   */
  rowsToCarry(environment: string): Promise<RowToCarry[]> {
    return readRowsToCarry(this.#session, this.#tables, environment, this.format);
  }

  /**
   * The rollback data that holds for a row as it is stored.
   *
   * @returns JSON text, byte for byte; `undefined` when there is none
   * @throws {MigratorError} `HISTORY_CORRUPT` when the row was deleted
   */
  storedRollbackData(rowId: string): Promise<string | undefined> {
    return readStoredRollbackData(this.#session, this.#tables, rowId);
  }

  /** Stamps the database, in the caller's transaction. The tables must be current. */
  stamp(options: Pick<PrepareOptions, 'environment' | 'protected'>, note: string): Promise<void> {
    return writeStamp(this.#session, this.#tables, options, this.#upgrades, note);
  }

  /**
   * Stamps a history whose stamps were all deleted.
   *
   * @throws {MigratorError} `ENVIRONMENT_MISMATCH` if its newest row belongs to another environment
   */
  async restoreStamp(environment: string): Promise<void> {
    const { restoreStamp } = await import('./lost-stamp.js');
    return restoreStamp(this.#session, this.#tables, environment, this.#upgrades);
  }

  /** The format that {@link prepare} leads to. */
  get format(): number {
    return latestFormat(this.#upgrades);
  }

  /** What the attempts of a migration since it was last applied or reverted have left, in one round trip. */
  unfinished(of: UnfinishedQuery): Promise<UnfinishedAttempts> {
    return readUnfinished(this.#session, this.#tables, of);
  }

  /** Every row that a run has written, in order; resolves a connection that was lost at COMMIT. */
  attemptsOf(runId: string): Promise<HistoryEntry[]> {
    return readAttempts(this.#session, this.#tables, runId);
  }

  /**
   * Verifies the hashes of every row of a project, on the server: rows that were edited, deleted or inserted by hand. Takes
   * time for each row that was ever written, unlike {@link read}.
   *
   * @returns `HISTORY_CORRUPT` for at most 100 rows that do not fit, the first one first
   */
  verify(environment: string, project: string): Promise<Problem[]> {
    return verifyChain(this.#session, this.#tables, { environment, project, limit: 100 });
  }

  /**
   * Compares the history with what earlier runs reported, in one statement.
   *
   * @returns the claims about migrations that have no row of the run
   */
  verifyReports(claims: readonly ReportClaim[]): Promise<ReportClaim[]> {
    return verifyReports(this.#session, this.#tables, claims);
  }
}
