/** A length of time: `'500ms'`, `'5s'`, `'2m'`, `'1h'`, or a number of milliseconds. `0` switches the limit off. */
export type Duration = string | number;

/** Where a database is: a url, or the name of the environment variable that holds it. */
export type UrlSource = string | { readonly env: string };

/** One of several databases of an environment. */
export interface DatabaseConfig {
  /**
   * `postgres://…`, `pglite:<folder>` or `pglite:memory:`; `{ env: 'NAME' }` reads an environment variable, which is the
   * way to keep secrets out of the file. A relative PGlite folder is relative to the *workspace* root, so that all
   * projects of a workspace share one embedded database and foreign keys may cross projects.
   *
   * It may be left out where the application passes its own connection.
   */
  readonly url?: UrlSource;
}

/** The one thing that a `tenants` function may do with the database. */
export interface TenantSource {
  query<Row = Record<string, unknown>>(
    sql: string,
    params?: readonly unknown[],
  ): Promise<{ rows: Row[] }>;
}

/**
 * Names the tenants of a database: schemas in it, or urls of others. Asked once per command, on a read-only session.
 *
 * @param db asks the environment's own database
 * @returns no name twice; none is nothing to do
 * @example
 * ```ts
 * tenants: async (db) => {
 *   const { rows } = await db.query<{ schema_name: string }>('SELECT schema_name FROM tenants');
 *   return rows.map((row) => row.schema_name);
 * }
 * ```
 */
export type FindTenants = (db: TenantSource) => Promise<string[]>;

/** One environment: where its database is, and how careful to be with it. */
export interface EnvironmentConfig extends DatabaseConfig {
  /**
   * Names that the environment had before. A database that is stamped with one of them is accepted. The next command that
   * applies, reverts or records anything stamps it with the present name and carries its history over.
   */
  readonly renamedFrom?: readonly string[];
  /** Several databases instead of `url`, each with a lock and a history of its own. */
  readonly databases?: Readonly<Record<string, DatabaseConfig>>;
  /** `true` marks what must not be harmed: verified TLS, and confirmation before anything is reverted. Default `false`. */
  readonly protected?: boolean;
  /**
   * How long a statement may wait for a lock before the migration is rolled back and tried again. Default `'5s'`. Statements
   * with CONCURRENTLY wait as long as it takes, unless the migration itself has a `lockTimeout`.
   */
  readonly lockTimeout?: Duration;
  /** How long one statement may run. Default `0`, no limit. */
  readonly statementTimeout?: Duration;
  /** How long to wait for another runner of the same project. Default `'60s'`; `0` fails at once. */
  readonly lockWait?: Duration;
  /**
   * How often a migration in a transaction is run again after a lock timeout or a deadlock; five times as often if another
   * session changed the same object at the same time. Default `3`, at most `100`.
   */
  readonly lockRetries?: number;
  /** How long to go on trying to reach a server that went away during a run, to learn what became of it. Default `'60s'`. */
  readonly reconnectTimeout?: Duration;
  /** Overrides the project's `outOfOrder` here. */
  readonly outOfOrder?: 'refuse' | 'allow';
  /** Overrides the project's `schema` here. */
  readonly schema?: string;
  /** Names the tenants to migrate, found at run time; each has a lock and a history of its own. */
  readonly tenants?: FindTenants;
}

/** What a `db.config.*` file holds. Every key is optional, and a key that is not listed here is an error. */
export interface Config {
  /**
   * The project's name in migration identities and in the history, for Nx, `ff` and programs alike. Default: the name that
   * Nx and npm know the project by.
   */
  readonly project?: string;
  /**
   * Names that this project had before. What the history records under them belongs to this project, in every environment,
   * and the next run carries it over. Dependencies that still use an old name keep working. Default: none.
   */
  readonly renamedFrom?: readonly string[];
  /**
   * Names that belong to other projects, although migrations with the same version and content are recorded under them.
   * Without this statement, `migrate` refuses with `POSSIBLE_RENAME`. Default: none.
   */
  readonly notRenamedFrom?: readonly string[];
  /** Folder of the migration files, relative to the configuration file. Default `'./migrations'`. */
  readonly migrations?: string;
  /** Schema of `migration_history`, and the first of the search path. Default `'public'`. */
  readonly schema?: string;
  /** More schemas that migrations find tables and extensions in, behind `schema`. Default: none. */
  readonly searchPath?: readonly string[];
  /** What to do with a pending migration that is older than an applied one. Default `'refuse'`. */
  readonly outOfOrder?: 'refuse' | 'allow';
  /** How long loading one migration file may take, and how long `tenants` may take to name them. Default `'30s'`. */
  readonly loadTimeout?: Duration;
  /** By name. Default: `development` alone, on the embedded database in `.data/development`. */
  readonly environments?: Readonly<Record<string, EnvironmentConfig>>;
}

/**
 * Gives a `db.config.ts` its types, and its value back unchanged. Nothing is checked here: that is done when the
 * configuration is loaded, with every mistake reported at once.
 *
 * @param config the project's configuration
 * @returns the same object
 * @example
 * ```ts
 * import { defineConfig } from '@flashfusion/migrator';
 *
 * export default defineConfig({
 *   migrations: './migrations',
 *   environments: {
 *     development: { url: 'pglite:.data/development' },
 *     production: { url: { env: 'PRODUCTION_DATABASE_URL' }, protected: true, lockTimeout: '5s' },
 *   },
 * });
 * ```
 */
export function defineConfig(config: Config): Config {
  return config;
}
