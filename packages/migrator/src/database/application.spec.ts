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
  });

  it.each(['read-write', 'read-only'] as const)(
    'C3: never gets a client back that a %s session has used',
    async (access) => {
      const session = await database.open({ ...OPEN, access, searchPath: ['elsewhere'] });
      const { backendPid } = session.server;
      await session.query(
        "SELECT pg_advisory_lock(48); SET TimeZone = 'Asia/Tokyo'; SET ROLE pg_monitor; LISTEN news; BEGIN",
      );
      await session.close();
      expect(pool.totalCount).toBe(0);
      const { rows } = await pool.query(
        `SELECT pg_backend_pid() AS pid, current_user::text AS user, current_setting('TimeZone') <> 'Asia/Tokyo' AS fresh,
           EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 48) AS locked`,
      );
      expect(rows).toEqual([
        { pid: expect.any(Number), user: 'postgres', fresh: true, locked: false },
      ]);
      expect(rows[0].pid).not.toBe(backendPid);
    },
  );

  it('C3: does not get a client back after an error either, and keeps no backend alive', async () => {
    const session = await database.open(OPEN);
    const { backendPid } = session.server;
    await session.query('BEGIN');
    await expect(session.query('SELECT 1 / 0')).rejects.toMatchObject({ code: '22012' });
    await session.close();
    expect(pool.totalCount).toBe(0);
    await until('the backend is gone', async () => {
      const rows = await test.query('SELECT FROM pg_stat_activity WHERE pid = $1', [backendPid]);
      return rows.length === 0;
    });
  });

  it('C3: of one client works for several sessions, one after the other', async () => {
    const single = new Pool({ connectionString: test.url, max: 1 });
    single.on('error', () => undefined);
    const other = await createDatabase({ kind: 'pool', pool: single }, OPTIONS);
    for (let round = 0; round < 3; round += 1) {
      const session = await other.open(OPEN);
      await acquireLock(session, { key: '49', waitMs: 0, project: 'api' });
      await session.close();
    }
    expect((await single.query('SHOW search_path')).rows).toEqual([
      { search_path: '"$user", public' },
    ]);
    await single.end();
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

  it('C3: is left as it was: settings, role, locks and what the application has created', async () => {
    const client = await test.connect();
    await client.query(`CREATE TABLE IF NOT EXISTS own (id int); CREATE TEMP TABLE own_temporary (id int);
      SET TimeZone = 'Asia/Tokyo'; SET search_path = shop, public; SET ROLE pg_monitor; LISTEN own_channel;
      PREPARE own_statement AS SELECT 1; SELECT pg_advisory_lock(50), pg_advisory_lock_shared(3, -4)`);
    const state = `SELECT current_setting('TimeZone') AS zone, current_setting('search_path') AS path,
        current_setting('DateStyle') AS dates, current_user::text AS user, session_user::text AS login,
        (SELECT array_agg(name ORDER BY name) FROM pg_prepared_statements) AS prepared,
        (SELECT array_agg(name ORDER BY name) FROM pg_cursors WHERE is_holdable) AS cursors,
        (SELECT array_agg(c ORDER BY c) FROM pg_listening_channels() AS c) AS channels,
        (SELECT array_agg(relname::text ORDER BY 1) FROM pg_class WHERE relnamespace = pg_my_temp_schema()) AS temporary,
        (SELECT array_agg(concat_ws(' ', classid, objid, objsubid, mode) ORDER BY objid)
           FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()) AS locks`;
    const before = (await client.query(state)).rows;
    const session = await open(serviceOn(client));
    await acquireLock(session, { key: '-51', waitMs: 0, project: 'api' });
    const leaks = `SET TimeZone = 'Europe/Rome'; SET DateStyle = 'SQL, DMY'; SET ROLE postgres; LISTEN other_channel;
      PREPARE other_statement AS SELECT 2; CREATE TEMP TABLE "other temporary" (id serial); CREATE TEMP VIEW seen AS SELECT 1 AS n;
      DECLARE other_cursor CURSOR WITH HOLD FOR SELECT 1; SET SESSION AUTHORIZATION pg_monitor; SELECT pg_advisory_lock_shared(-9)`;
    await session.query(leaks);
    await session.batch(`BEGIN; ${session.restoreSql}; COMMIT`);
    expect(await session.query(state)).toMatchObject({
      rows: [{ ...before[0], path: '"public", pg_temp', locks: expect.anything() }],
    });
    await session.query(leaks);
    await session.close();
    expect((await client.query(state)).rows).toEqual(before);
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
