import { Pool, type Client } from 'pg';
import type { DatabaseService } from '../config/settings';
import { OPEN } from '../testing/databases';
import { until } from '../testing/faults/until';
import { createTestDatabase, describeEachPostgres, type TestDatabase } from '../testing/postgres';
import { createDatabase } from './create-database';
import type { Database } from './database';
import { acquireLock, lockHeldSql } from './lock';

const OPTIONS = { workspaceRoot: '/', protected: false };

describeEachPostgres('The pool of an application', (server) => {
  let test: TestDatabase;
  let pool: Pool;
  let database: Database;

  beforeAll(async () => {
    test = await createTestDatabase(server);
  });
  beforeEach(async () => {
    pool = new Pool({ connectionString: test.url, max: 2 });
    // Dropping the database ends its idle connections.
    pool.on('error', () => undefined);
    pool.on('error', () => undefined);
    database = await createDatabase({ kind: 'pool', pool }, OPTIONS);
  });
  afterEach(() => pool.end());
  afterAll(() => test?.drop());

  it('lends one client for the whole session', async () => {
    const session = await database.open(OPEN);
    await acquireLock(session, { key: '47', waitMs: 0, project: 'api' });
    await session.query('BEGIN');
    await session.query('CREATE TABLE by_pool (id int)');
    expect(await session.query('COMMIT')).toMatchObject({ command: 'COMMIT' });
    const { rows } = await session.query(
      `SELECT ${lockHeldSql('47')} AS held, pg_backend_pid() AS pid`,
    );
    expect(rows).toEqual([{ held: true, pid: session.server.backendPid }]);
    expect(pool.totalCount).toBe(1);
    await session.close();
    expect(pool.idleCount).toBe(1);
  });

  it('gets its client back as it was', async () => {
    const before = `SELECT current_setting('search_path') AS path, current_setting('lock_timeout') AS lock,
      current_setting('application_name') AS name, current_setting('default_transaction_read_only') AS readonly`;
    await pool.query(`SET search_path = shop, public; SET lock_timeout = '7s'`);
    const expected = (await pool.query(before)).rows;
    const session = await database.open({
      ...OPEN,
      access: 'read-only',
      searchPath: ['elsewhere'],
    });
    await session.query('SELECT pg_advisory_lock(48); BEGIN');
    await session.close();
    expect((await pool.query(before)).rows).toEqual(expected);
    const locks = await pool.query(
      `SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 48`,
    );
    expect(locks.rows).toEqual([]);
    expect(pool.totalCount).toBe(1);
  });

  it('does not get a client back whose connection is gone', async () => {
    const session = await database.open(OPEN);
    await test.query('SELECT pg_terminate_backend($1)', [session.server.backendPid]);
    await expect(session.query('SELECT 1')).rejects.toThrow();
    await session.close();
    expect(pool.totalCount).toBe(0);
  });

  it('cancels by a second client', async () => {
    const session = await database.open(OPEN);
    const sleeping = session.query('SELECT pg_sleep(300)').catch((error: unknown) => error);
    await until('it sleeps', async () => {
      const rows = await test.query(
        `SELECT FROM pg_stat_activity WHERE pid = $1 AND query LIKE '%pg_sleep(300)%'`,
        [session.server.backendPid],
      );
      return rows.length > 0;
    });
    await session.cancel();
    expect(await sleeping).toMatchObject({ code: '57014' });
    await session.close();
  });

  it('says where it leads', async () => {
    expect(database.target).toMatchObject({ driver: 'postgres', source: 'application' });
    const session = await database.open(OPEN);
    expect(session.target).toMatchObject({ host: '127.0.0.1', database: test.name });
    await session.close();
  });

  it('that cannot connect is an error without its password', async () => {
    const broken = new Pool({ connectionString: test.url.replace('canary', 'wrong-canary') });
    // Dropping the database ends its idle connections.
    broken.on('error', () => undefined);
    const other = await createDatabase({ kind: 'pool', pool: broken }, OPTIONS);
    const error: unknown = await other.open(OPEN).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'CONNECTION_FAILED' });
    expect((error as Error).message).not.toContain('wrong-canary');
    await broken.end();
  });
});

describeEachPostgres('The database service of an application', (server) => {
  let test: TestDatabase;

  beforeAll(async () => {
    test = await createTestDatabase(server);
  });
  afterAll(() => test?.drop());

  /** As applications write them: one query after the other. */
  const serviceOn = (client: Client): DatabaseService => {
    let last: Promise<unknown> = Promise.resolve();
    return {
      query(sql, params) {
        const result = last.then(() => client.query(sql, params && [...params]));
        last = result.catch(() => undefined);
        return result;
      },
    };
  };
  const open = async (service: DatabaseService) =>
    (await createDatabase({ kind: 'service', service }, OPTIONS)).open(OPEN);

  it('on one client works', async () => {
    const client = await test.connect();
    const session = await open(serviceOn(client));
    await session.query('BEGIN');
    await session.query('CREATE TABLE by_service (id int)');
    expect(await session.query('COMMIT')).toMatchObject({ command: 'COMMIT' });
    expect(await session.query('INSERT INTO by_service VALUES ($1)', [1])).toMatchObject({
      rowCount: 1,
      command: 'INSERT',
    });
    await session.close();
    expect((await client.query('SHOW search_path')).rows).toEqual([
      { search_path: '"$user", public' },
    ]);
    await client.end();
  });

  it('on a pool is refused', async () => {
    const pool = new Pool({ connectionString: test.url, max: 4 });
    // Dropping the database ends its idle connections.
    pool.on('error', () => undefined);
    await expect(
      open({ query: (sql, params) => pool.query(sql, params && [...params]) }),
    ).rejects.toMatchObject({
      code: 'POOLED_CONNECTION',
      hint: expect.stringContaining('pool'),
    });
    await pool.end();
  });

  it('that gives only rows still tells a rolled back COMMIT', async () => {
    const client = await test.connect();
    const service = serviceOn(client);
    const session = await open({
      query: async (sql, params) => ({ rows: (await service.query(sql, params)).rows }),
    });
    await session.query('BEGIN');
    await expect(session.query('SELECT 1 / 0')).rejects.toMatchObject({ code: '22012' });
    expect(await session.query('COMMIT')).toMatchObject({ command: 'ROLLBACK' });
    await session.query('BEGIN');
    expect(await session.query('COMMIT')).toMatchObject({ command: 'COMMIT' });
    await session.close();
    await client.end();
  });

  it('that changes its connection on the way is refused', async () => {
    const clients = [await test.connect(), await test.connect()];
    const services = clients.map(serviceOn);
    let current = 0;
    const session = await open({
      query: (sql, params) => services[current]!.query(sql, params),
    });
    current = 1;
    await expect(session.query('BEGIN')).rejects.toMatchObject({ code: 'POOLED_CONNECTION' });
    await session.close();
    for (const client of clients) await client.end();
  });
});
