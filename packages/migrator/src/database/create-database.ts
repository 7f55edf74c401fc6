import type { EnvironmentVariables } from '../config/environment-variables';
import type { Connection } from '../config/settings';
import type { Database } from './database';
import { parseUrl } from './url';

/** What a connection means besides itself. */
export interface CreateDatabaseOptions {
  /** Absolute folder where relative folders of `pglite:` start. */
  readonly workspaceRoot: string;
  /** A server that is not on this host has to prove who it is. */
  readonly protected: boolean;
  /** Environment variables, for a url that says `?env`. Default `process.env`. */
  readonly env?: EnvironmentVariables;
}

/**
 * The database that a connection leads to. Loads the driver that is needed and no other; connects to nothing and creates
 * nothing before `open`. The url's password is masked in all messages from now on.
 *
 * @throws {MigratorError} `INVALID_CONNECTION`
 */
export async function createDatabase(
  connection: Connection,
  options: CreateDatabaseOptions,
): Promise<Database> {
  switch (connection.kind) {
    case 'pool': {
      const { PoolDatabase } = await import('./application-pool.js');
      return new PoolDatabase(connection.pool);
    }
    case 'service': {
      const { ServiceDatabase } = await import('./application-service.js');
      return new ServiceDatabase(connection.service);
    }
    case 'url': {
      const { url, source } = connection;
      const address = parseUrl(url, { ...options, source, env: options.env ?? process.env });
      if (address.driver === 'postgres') {
        const { PostgresDatabase } = await import('./postgres.js');
        return new PostgresDatabase(address);
      }
      const { PgliteDatabase } = await import('./pglite.js');
      return new PgliteDatabase(address, source);
    }
  }
}
