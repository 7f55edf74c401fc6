import type { JsonOf, NoRollbackData } from './rollback-data';

/** `project:version`, the identity of a migration everywhere: in plans, histories, dependencies and messages. */
export type MigrationId = string;

/** What a query gives back. The same for both drivers and for the original agent's migrations. */
export interface QueryResult<Row = Record<string, unknown>> {
  rows: Row[];
  /** Rows returned or changed by the (last) statement. */
  rowCount: number;
  /** The (last) statement's command tag, e.g. `SELECT` or `COMMIT`. */
  command: string;
}

/** Column name → value: a row to write, or the equality conditions that select rows. */
export type ColumnValues = Record<string, unknown>;

/**
 * The database as a migration sees it: one connection, inside the migration's own transaction. Usable only until
 * the function it was given to has settled.
 */
export interface MigrationDatabase {
  /** Always `'postgresql'`, as in the original agent. */
  readonly dbType: 'postgresql';
  /**
   * Runs SQL. Without `params`, `sql` may hold several statements (all that `psql -f` accepts in plain SQL); the result
   * is the last one's. With `params` it is one statement with `$1`, `$2`, …
   */
  query<Row = Record<string, unknown>>(
    sql: string,
    params?: readonly unknown[],
  ): Promise<QueryResult<Row>>;
  /**
   * Splits `sql` with Postgres's own parser and sends one statement at a time. In a migration with `transaction: false`
   * each finished statement is recorded, together with its effect where Postgres allows that. A resumed migration skips
   * what has finished, after comparing it.
   *
   * @throws {MigratorError} `SCRIPT_CHANGED` if the call does not begin with the statements that had finished
   */
  script(sql: string): Promise<void>;
  /**
   * Inserts one row or several, and returns the inserted rows. Values are converted to the types of the columns: everything
   * but null becomes JSON for json and jsonb. `undefined` means the column's default. A column GENERATED ALWAYS AS an expression is computed
   * again; an identity column takes the value of the row.
   *
   * @throws {MigratorError} `INVALID_ARGUMENT` where rows have different columns, or a value does not fit its column
   */
  insert<Row = Record<string, unknown>>(
    table: string,
    rows: ColumnValues | readonly ColumnValues[],
  ): Promise<Row[]>;
  /**
   * Selects the rows whose columns equal `where` (`null` matches NULL); all rows without it. The rows can be returned from `up`
   * and inserted in `down`: every value comes back exactly, or is refused with `INVALID_ROLLBACK_DATA`.
   *
   * @throws {MigratorError} `INVALID_ARGUMENT` for `undefined` in `where`, or an array for a column that is none
   */
  select<Row = Record<string, unknown>>(table: string, where?: ColumnValues): Promise<Row[]>;
  /** Updates the rows that equal `where`, which must not be empty, and returns them. `undefined` is refused in both. */
  update<Row = Record<string, unknown>>(
    table: string,
    values: ColumnValues,
    where: ColumnValues,
  ): Promise<Row[]>;
  /** Deletes the rows that equal `where`, which must not be empty, and returns them. `undefined` is refused. */
  delete<Row = Record<string, unknown>>(table: string, where: ColumnValues): Promise<Row[]>;
}

/** Where a migration may say what it does. Lines reach the run's events, and so the terminal or the log. */
export interface MigrationLogger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** What a migration may know of, and say to, the run that carries it. */
export interface MigrationContext {
  readonly environment: string;
  readonly project: string;
  readonly logger: MigrationLogger;
  /** Aborted when the run is cancelled: long loops in data migrations should look at it. */
  readonly signal: AbortSignal;
  /**
   * Keeps rollback data for a migration with `transaction: false`, which could fail before `up` returns. Within one
   * attempt the last call wins, and a value that `up` returns wins over it. What earlier attempts saved is kept: objects
   * are merged key by key, arrays get the elements that they lack. The data is committed at once; inside a transaction
   * that the migration began itself, it is committed or rolled back with that transaction.
   *
   * @throws {MigratorError} `INVALID_ROLLBACK_DATA`; `ROLLBACK_DATA_CONFLICT` if an earlier attempt saved another value
   *   under the same key
   */
  saveRollbackData(data: unknown): Promise<void>;
  /**
   * What earlier attempts of this migration saved and no revert has used, as JSON gives it back; `undefined` in the
   * first attempt.
   */
  readonly savedRollbackData: unknown;
}

/**
 * A migration as its author writes it. See {@link defineMigration}.
 *
 * @typeParam Data what `up` returns: JSON values only, stored in the same transaction as the change
 */
export interface MigrationDefinition<Data = NoRollbackData> {
  /** 14 digits, UTC, `YYYYMMDDhhmmss`: the same as in the file's name. */
  version: string;
  /** snake_case, the same as in the file's name. */
  name: string;
  description?: string;
  /**
   * Why this file must not run yet. While it is set, `migrate`, dry runs, `baseline` and `repair` refuse the file with
   * `MIGRATION_NOT_WRITTEN` before anything runs, and record nothing, not even its checksum. The generator sets it where a
   * migration's name does not say what to change. Delete it after you have written the migration.
   */
  notWritten?: string;
  /** Versions of the same project, or `project:version`: applied before this one, reverted after it. */
  dependencies?: readonly string[];
  /**
   * `false` runs without a transaction, for what Postgres refuses inside one (CREATE INDEX CONCURRENTLY, …). Default `true`.
   * An object sets it for each direction: `{ up: false }` runs `up` without a transaction and `down` in one. `validate` runs as
   * `up` does.
   */
  transaction?: boolean | { readonly up?: boolean; readonly down?: boolean };
  /** Where `up` runs without a transaction: run `down` with what was saved when `up` fails. Default: nothing runs, guidance is given. */
  onFailure?: 'revert';
  /** How long a statement may wait for a lock: `'5s'`, `'500ms'`, milliseconds as a number, `0` for no limit. */
  lockTimeout?: string | number;
  /** How long a statement may run: as `lockTimeout`. */
  statementTimeout?: string | number;
  up(db: MigrationDatabase, agent: MigrationContext): Promise<Data> | Data;
  down?(db: MigrationDatabase, agent: MigrationContext, rollbackData: JsonOf<Data>): unknown;
  /** Runs after `up` in the same transaction; `false` or a throw undoes the change. */
  validate?(db: MigrationDatabase, agent: MigrationContext): Promise<boolean> | boolean;
}

/** How a function of a migration runs: in one transaction with its history row, or statement by statement. */
export type MigrationMode = 'transaction' | 'no-transaction';

/** A migration file as found on disk: known by its name and content, not loaded. */
export interface MigrationFile {
  readonly id: MigrationId;
  readonly project: string;
  readonly version: string;
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  /** SHA-256 of the source with a BOM dropped and CRLF turned into LF, as 64 hexadecimal digits. */
  readonly checksum: string;
}

/** A loaded migration: everything was checked, nothing is optional but what may truly be absent. */
export interface Migration {
  readonly id: MigrationId;
  readonly file: MigrationFile;
  readonly project: string;
  readonly version: string;
  readonly name: string;
  readonly description: string;
  /** Identities, `project:version`, in the order given. */
  readonly dependencies: readonly MigrationId[];
  /** How `up` and `validate` run. See `modeOf`. */
  readonly mode: MigrationMode;
  /** How `down` runs. */
  readonly downMode: MigrationMode;
  readonly onFailure: 'report' | 'revert';
  /** Milliseconds; `undefined` takes the environment's. */
  readonly lockTimeoutMs: number | undefined;
  readonly statementTimeoutMs: number | undefined;
  up(db: MigrationDatabase, agent: MigrationContext): unknown;
  readonly down:
    | ((db: MigrationDatabase, agent: MigrationContext, rollbackData: unknown) => unknown)
    | undefined;
  readonly validate: ((db: MigrationDatabase, agent: MigrationContext) => unknown) | undefined;
}
