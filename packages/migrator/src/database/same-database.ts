import { realpath } from 'node:fs/promises';
import type { Connection } from '../config/settings';
import { parseUrl, type DatabaseAddress } from './url';
import type { CreateDatabaseOptions } from './create-database';

/**
 * Whether two connections lead to the same database as the same user, however their urls spell it: then one session serves
 * both, and where only one session at a time is possible, it has to. Connects to nothing.
 *
 * @returns `false` also where it cannot be told, as for two names of one server: a second session does no harm there
 * @throws {MigratorError} `INVALID_CONNECTION`
 */
export async function sameDatabase(
  one: Connection,
  other: Connection,
  options: CreateDatabaseOptions,
): Promise<boolean> {
  const [left, right] = await Promise.all([identityOf(one, options), identityOf(other, options)]);
  return left === right;
}

/** What is equal for equal databases: text for urls, else the application's own object. */
async function identityOf(
  connection: Connection,
  options: CreateDatabaseOptions,
): Promise<unknown> {
  switch (connection.kind) {
    case 'pool':
      return connection.pool;
    case 'service':
      return connection.service;
    case 'url': {
      const { url, source } = connection;
      const { env = process.env, ...rest } = options;
      return JSON.stringify(await placeOf(parseUrl(url, { ...rest, source, env })));
    }
  }
}

async function placeOf(address: DatabaseAddress): Promise<readonly unknown[]> {
  if (address.driver === 'postgres') {
    const { driver, host, port, others, database, user } = address;
    const servers = [{ host, port }, ...others].map((server) => [server.host, server.port]);
    return [driver, servers, database, user];
  }
  const { driver, folder, name } = address;
  if (folder === undefined) return [driver, 'memory', name];
  // The folder's lock goes by its real path too. One that is not there yet has no session on it.
  return [driver, 'folder', await realpath(folder).catch(() => folder)];
}
