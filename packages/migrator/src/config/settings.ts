import type { FindTenants } from './config';

/** An object of the application that runs SQL on one connection, like FlashFusion's `UnifiedDatabaseService`. */
export interface DatabaseService {
  query(
    sql: string,
    params?: readonly unknown[],
  ): Promise<{
    rows: unknown[];
    rowCount?: number | null;
    command?: string;
    /** Columns with their types, as in a result of `pg`. */
    fields?: readonly { name: string; dataTypeID: number }[];
  }>;
}

/** A pool that hands out `pg` clients: one of them is taken for a whole run. A `pg.Pool` is one, by its shape. */
export interface ClientPool {
  connect(): Promise<PooledClient>;
}

/** How `pg` is told, for one query, to parse values. */
export interface QueryTypes {
  getTypeParser(oid: number, format?: string): (text: string) => unknown;
}

/** The part of a `pg` client that is used. Its own types are not, so that nobody needs them to compile against this. */
export interface PooledClient {
  query(
    query: string | { text: string; values?: unknown[]; types?: QueryTypes },
    values?: unknown[],
  ): Promise<{ rows: unknown[]; rowCount: number | null; command: string }>;
  on(event: 'error' | 'end', listener: () => void): unknown;
  off(event: 'error' | 'end', listener: () => void): unknown;
  /** Gives the client back; `true` where its connection must not be used again. */
  release(broken?: boolean): void;
}

/** How to reach the database. The url may hold a password: it is never printed. */
export type Connection =
  | { readonly kind: 'url'; readonly url: string; readonly source: string }
  | { readonly kind: 'pool'; readonly pool: ClientPool }
  | { readonly kind: 'service'; readonly service: DatabaseService };

/** Everything a command needs to know of one project in one environment: parsed, checked, nothing optional. */
export interface Settings {
  readonly project: string;
  /** Names that the project had before: what is recorded under them is its own. */
  readonly formerNames: readonly string[];
  /** Names that the configuration declares to belong to other projects. */
  readonly otherNames: readonly string[];
  /** Absolute folder of the project. */
  readonly projectRoot: string;
  /** Absolute folder of the workspace, or of the project where there is none. */
  readonly workspaceRoot: string;
  /** Absolute path of `db.config.*`; `undefined` where the defaults are in force. */
  readonly configPath: string | undefined;
  /** Absolute folder of the migration files. */
  readonly migrationsFolder: string;
  /** Schema of `migration_history`, and the first of the search path. */
  readonly schema: string;
  readonly searchPath: readonly string[];
  /** What the configuration puts behind `schema` in the search path, whatever that schema is. */
  readonly furtherSchemas: readonly string[];
  readonly environment: string;
  /** Names that the environment had before. */
  readonly formerEnvironments: readonly string[];
  /** Name of one of several databases of the environment; `undefined` where there is only one. */
  readonly databaseName: string | undefined;
  /** The tenant that these settings are of, fit to be printed; `undefined` for the environment's own database. */
  readonly tenant: string | undefined;
  readonly connection: Connection;
  readonly protected: boolean;
  readonly outOfOrder: 'refuse' | 'allow';
  /** Milliseconds a statement may wait for a lock; 0 = no limit. */
  readonly lockTimeoutMs: number;
  /** Milliseconds a statement may run; 0 = no limit. */
  readonly statementTimeoutMs: number;
  /** Milliseconds to wait for another runner of the same project; 0 = fail at once. */
  readonly lockWaitMs: number;
  /** How often a migration is run again after 55P03 or 40P01, with growing pauses. */
  readonly lockRetries: number;
  /** Milliseconds to go on trying to reach a server that went away during a run. */
  readonly reconnectTimeoutMs: number;
  /** Milliseconds that loading one migration module may take. */
  readonly loadTimeoutMs: number;
  /** Names the environment's tenants, where it has any. */
  readonly tenants?: FindTenants;
  /** The tenants to act on, by name; all of them when absent. */
  readonly chosenTenants?: readonly string[];
}
