import { databaseFixture, type DatabaseFixture } from '../testing/databases';
import { until } from '../testing/faults/until';
import { createTestDatabase, describeEachPostgres, type TestDatabase } from '../testing/postgres';
import { isConnectionLost } from './failure';

describeEachPostgres('A session on a server', (server) => {
  let database: TestDatabase;
  let fixture: DatabaseFixture;

  beforeAll(async () => {
    database = await createTestDatabase(server);
    fixture = await databaseFixture(database.url, database.drop);
  });
  afterEach(() => fixture.closeSessions());
  afterAll(() => fixture?.drop());

  const isRunning = async (pid: number) => {
    const [row] = await database.query<{ active: boolean }>(
      `SELECT state = 'active' AS active FROM pg_stat_activity WHERE pid = $1 AND query LIKE '%pg_sleep(300)%'`,
      [pid],
    );
    return row?.active;
  };

  it('cancels the running statement on the server, and goes on', async () => {
    const session = await fixture.open();
    const sleeping = session.query('SELECT pg_sleep(300)').catch((error: unknown) => error);
    await until('the statement runs', () => isRunning(session.server.backendPid));
    await session.cancel();
    expect(await sleeping).toMatchObject({ code: '57014' });
    expect((await session.query('SELECT 1 AS fine')).rows).toEqual([{ fine: 1 }]);
  });

  it('cancels also when no second connection can be had', async () => {
    const session = await fixture.open();
    const sleeping = session.query('SELECT pg_sleep(300)').catch((error: unknown) => error);
    await until('the statement runs', () => isRunning(session.server.backendPid));
    const allow = `UPDATE pg_database SET datallowconn = $1 WHERE datname = current_database()`;
    await database.query(allow, [false]);
    try {
      await session.cancel();
      expect(await sleeping).toMatchObject({ code: '57014' });
    } finally {
      await database.query(allow, [true]);
    }
  });

  it('frees what it held when it is closed in the middle of a statement', async () => {
    const session = await fixture.open();
    const { backendPid } = session.server;
    const sleeping = session.query('SELECT pg_sleep(300)').catch((error: unknown) => error);
    await until('the statement runs', () => isRunning(backendPid));
    await session.close();
    expect(isConnectionLost(await sleeping)).toBe(true);
    await until('the server noticed', async () => {
      const rows = await database.query('SELECT FROM pg_stat_activity WHERE pid = $1', [
        backendPid,
      ]);
      return rows.length === 0;
    });
  });

  it('asks the server to look every second whether we are still there', async () => {
    const session = await fixture.open();
    const { rows } = await session.query('SHOW client_connection_check_interval');
    expect(rows).toEqual([{ client_connection_check_interval: '1s' }]);
  });

  it('keeps its settings over RESET ALL', async () => {
    const session = await fixture.open({ searchPath: ['app', 'public'], lockTimeoutMs: 1_234 });
    await session.query(`SET search_path = elsewhere; SET lock_timeout = 0; RESET ALL`);
    const { rows } = await session.query(
      `SELECT current_setting('search_path') AS path, current_setting('lock_timeout') AS lock`,
    );
    expect(rows).toEqual([{ path: '"app", "public", pg_temp', lock: '1234ms' }]);
  });

  it('knows at once that its backend was terminated', async () => {
    const session = await fixture.open();
    await database.query('SELECT pg_terminate_backend($1)', [session.server.backendPid]);
    const error: unknown = await session.query('SELECT 1').catch((thrown: unknown) => thrown);
    expect(isConnectionLost(error)).toBe(true);
    expect(session.closed).toBe(true);
  });

  it('ends a statement that waits too long for a lock', async () => {
    const holder = await fixture.open();
    await holder.query('CREATE TABLE wanted (id int)');
    await holder.query('BEGIN; LOCK TABLE wanted');
    const session = await fixture.open({ lockTimeoutMs: 50 });
    await expect(session.query('SELECT * FROM wanted')).rejects.toMatchObject({ code: '55P03' });
  });

  it('ends a statement that runs too long', async () => {
    const session = await fixture.open({ statementTimeoutMs: 50 });
    await expect(session.query('SELECT pg_sleep(300)')).rejects.toMatchObject({ code: '57014' });
  });

  it('0 switches off the limits that the server sets for the user', async () => {
    await database.query(`ALTER DATABASE ${database.name} SET statement_timeout = '1ms'`);
    const session = await fixture.open({ statementTimeoutMs: 0 });
    await session.query('SELECT pg_sleep(0.05)');
    await database.query(`ALTER DATABASE ${database.name} RESET statement_timeout`);
  });

  it('takes nothing from the variables of libpq', async () => {
    const before = { ...process.env };
    Object.assign(process.env, {
      PGHOST: 'nowhere.invalid',
      PGPORT: '1',
      PGUSER: 'nobody',
      PGPASSWORD: 'wrong',
      PGDATABASE: 'none',
      PGOPTIONS: '-c nonsense=1',
      PGSSLMODE: 'verify-full',
      PGAPPNAME: 'other',
    });
    try {
      const session = await fixture.open({ applicationName: 'flashfusion api' });
      const { rows } = await session.query('SHOW application_name');
      expect(rows).toEqual([{ application_name: 'flashfusion api' }]);
    } finally {
      process.env = before;
    }
  });

  it('starts with the options of the url, then ours', async () => {
    const url = `${database.url}?options=-c%20geqo%3Doff`;
    const other = await databaseFixture(url);
    const session = await other.open({ lockTimeoutMs: 9 });
    const { rows } = await session.query(
      `SELECT current_setting('geqo') AS geqo, current_setting('lock_timeout') AS lock`,
    );
    await other.drop();
    expect(rows).toEqual([{ geqo: 'off', lock: '9ms' }]);
  });
});
