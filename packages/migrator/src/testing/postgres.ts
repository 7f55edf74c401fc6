import { randomUUID } from 'node:crypto';
import { Client } from 'pg';

/** Where the global setup writes which servers run. */
export const SERVERS_VARIABLE = 'FLASHFUSION_TEST_SERVERS';

/** A server that runs for the whole test run. */
export interface TestServer {
  readonly major: number;
  readonly port: number;
  /** Superuser's url of the database `postgres`. */
  readonly url: string;
}

/** A database that only one suite uses. */
export interface TestDatabase {
  readonly name: string;
  readonly url: string;
  /** Runs SQL as superuser on a connection of its own. */
  query<Row = Record<string, unknown>>(sql: string, params?: readonly unknown[]): Promise<Row[]>;
  /** A further connection of the superuser; end it yourself. */
  connect(): Promise<Client>;
  /** Ends every connection to the database and removes it. */
  drop(): Promise<void>;
}

/** The servers of this test run, newest first; empty where none was wanted. */
export function testServers(): readonly TestServer[] {
  return JSON.parse(process.env[SERVERS_VARIABLE] ?? '[]') as TestServer[];
}

/** The newest server. Throws where the test run has none. */
export function testServer(): TestServer {
  const [newest] = testServers();
  if (newest === undefined)
    throw new Error('No Postgres server runs: FLASHFUSION_POSTGRES_MAJORS=none?');
  return newest;
}

/** Runs a suite once against each server of this test run. */
export function describeEachPostgres(title: string, suite: (server: TestServer) => void): void {
  describeServers(testServers(), title, suite);
}

/** Runs a suite against the newest server: for what no server has a part in. */
export function describeNewestPostgres(title: string, suite: (server: TestServer) => void): void {
  describeServers(testServers().slice(0, 1), title, suite);
}

function describeServers(
  servers: readonly TestServer[],
  title: string,
  suite: (server: TestServer) => void,
): void {
  if (servers.length === 0) {
    describe.skip(`${title} (no Postgres server in this run)`, () => {
      it('needs a server', () => undefined);
    });
  }
  for (const server of servers)
    describe(`${title}, on Postgres ${server.major}`, () => suite(server));
}

/** A new, empty database on a server of this test run. */
export async function createTestDatabase(server: TestServer = testServer()): Promise<TestDatabase> {
  const name = `test_${randomUUID().replaceAll('-', '').slice(0, 16)}`;
  await once(server.url, `CREATE DATABASE ${name}`);
  const url = server.url.replace(/\/postgres$/, `/${name}`);
  const connect = () => connected(url);
  const client = await connect();
  return {
    name,
    url,
    async query<Row>(sql: string, params: readonly unknown[] = []) {
      const result = (await client.query(
        sql,
        params.length > 0 ? [...params] : undefined,
      )) as unknown;
      const last = (Array.isArray(result) ? result.at(-1) : result) as { rows: Row[] };
      return last.rows;
    },
    connect,
    async drop() {
      await client.end();
      await once(server.url, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
}

async function connected(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  // A dropped or terminated connection is the test's doing.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

async function once(url: string, sql: string): Promise<void> {
  const client = await connected(url);
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
