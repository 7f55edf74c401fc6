import { Pool } from 'pg';
import {
  databaseFixture,
  describeEachDatabase,
  OPEN,
  type DatabaseFixture,
} from '../testing/databases';
import { until } from '../testing/faults/until';
import { createTestDatabase, describeEachPostgres, type TestDatabase } from '../testing/postgres';
import { createDatabase } from './create-database';
import type { Session } from './database';

/** Values that would change what the driver reads, or end the session. */
const HOSTILE: Record<string, string> = {
  DateStyle: 'SQL, DMY',
  IntervalStyle: 'sql_standard',
  client_encoding: 'LATIN1',
  extra_float_digits: '-15',
  standard_conforming_strings: 'off',
  bytea_output: 'escape',
  xmloption: 'document',
  lc_monetary: 'C.UTF-8',
  idle_in_transaction_session_timeout: '1s',
  idle_session_timeout: '1s',
  transaction_timeout: '2s',
  statement_timeout: '3s',
  lock_timeout: '4s',
  search_path: 'elsewhere',
};

const EXPECTED = {
  DateStyle: 'ISO, DMY',
  IntervalStyle: 'postgres',
  client_encoding: 'UTF8',
  extra_float_digits: '1',
  standard_conforming_strings: 'on',
  bytea_output: 'hex',
  xmloption: 'content',
  // Not the runner's: it decides how a migration's own literals are read.
  lc_monetary: 'C.UTF-8',
  idle_in_transaction_session_timeout: '0',
  idle_session_timeout: '0',
  transaction_timeout: '0',
  statement_timeout: '0',
  lock_timeout: '5s',
  default_transaction_read_only: 'off',
  search_path: '"public", pg_temp',
};

async function readSettings(session: Session): Promise<Record<string, string | null>> {
  const columns = Object.keys(EXPECTED).map(
    (name) => `current_setting('${name}', true) AS "${name}"`,
  );
  const { rows } = await session.query<Record<string, string | null>>(
    `SELECT ${columns.join(', ')}`,
  );
  return rows[0] ?? {};
}

function expectedOn(session: Session): Record<string, string | null> {
  return {
    ...EXPECTED,
    ...(session.server.versionNumber < 170_000 && { transaction_timeout: null }),
  };
}

describeEachPostgres('The settings of a session on a server', (server) => {
  let test: TestDatabase;

  beforeAll(async () => {
    test = await createTestDatabase(server);
    for (const [name, value] of Object.entries(HOSTILE)) {
      if (name === 'transaction_timeout' && server.major < 17) continue;
      const quoted = name === 'search_path' ? value : `'${value}'`;
      await test.query(`ALTER DATABASE ${test.name} SET ${name} = ${quoted}`);
    }
  });
  afterAll(() => test?.drop());

  it('B10: hold against those of the database, and over RESET ALL, by url', async () => {
    const fixture = await databaseFixture(`${test.url}?options=-c%20geqo%3Doff`);
    const session = await fixture.open();
    expect(await readSettings(session)).toEqual(expectedOn(session));
    await session.query("SET DateStyle = 'German'; SET client_encoding = 'SQL_ASCII'; RESET ALL");
    expect(await readSettings(session)).toEqual(expectedOn(session));
    const { rows } = await session.query(
      "SELECT current_setting('geqo') AS geqo, current_setting('client_connection_check_interval') AS watch",
    );
    expect(rows).toEqual([{ geqo: 'off', watch: '1s' }]);
    await fixture.drop();
  });

  it('B10: hold against those of the database, and over a reset, on a pool', async () => {
    const pool = new Pool({ connectionString: test.url, max: 1 });
    pool.on('error', () => undefined);
    const session = await (
      await createDatabase({ kind: 'pool', pool }, { workspaceRoot: '/', protected: false })
    ).open(OPEN);
    expect(await readSettings(session)).toEqual(expectedOn(session));
    await session.query("SET DateStyle = 'German'; RESET ALL");
    await session.batch(session.restoreSql);
    expect(await readSettings(session)).toEqual(expectedOn(session));
    await session.close();
    await pool.end();
  });
});

describeEachDatabase('The reset of a session', (kind) => {
  let fixture: DatabaseFixture;
  beforeAll(async () => {
    fixture = await kind.create();
  });
  afterEach(() => fixture.closeSessions());
  afterAll(() => fixture?.drop());

  it('C1: keeps advisory locks, resets the rest, and causes no notice', async () => {
    const session = await fixture.open({ searchPath: ['Größe "1" \\', 'public'] });
    await session.query(`SELECT pg_advisory_lock(7); SET my.own = 'x'; PREPARE p AS SELECT 1; LISTEN l;
      CREATE TEMP TABLE t (id serial); INSERT INTO t DEFAULT VALUES; DECLARE c CURSOR WITH HOLD FOR SELECT 1;
      SET client_encoding = 'LATIN1'; SET standard_conforming_strings = off; SET SESSION AUTHORIZATION pg_monitor`);
    await session.batch(`BEGIN; ${session.restoreSql}; COMMIT`);
    const { rows } =
      await session.query(`SELECT session_user::text AS login, current_user::text AS user,
      (SELECT count(*)::int FROM pg_prepared_statements) AS prepared, (SELECT count(*)::int FROM pg_cursors WHERE is_holdable) AS cursors,
      (SELECT count(*)::int FROM pg_listening_channels()) AS channels, to_regclass('pg_temp.t')::text AS temporary,
      nullif(current_setting('my.own', true), '') AS own, current_setting('search_path') AS path,
      (SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory' AND objid = 7 AND pid = pg_backend_pid()) AS locks`);
    expect(rows).toEqual([
      {
        login: 'postgres',
        user: 'postgres',
        prepared: 0,
        cursors: 0,
        channels: 0,
        temporary: null,
        own: null,
        path: '"Größe ""1"" \\", "public", pg_temp',
        locks: 1,
      },
    ]);
    await expect(session.query('SELECT lastval()')).rejects.toMatchObject({ code: '55000' });
  });

  it('knows from the last answer whether a transaction is open', async () => {
    const session = await fixture.open();
    expect(session.transactionStatus).toBe('idle');
    await session.query('BEGIN');
    expect(session.transactionStatus).toBe('open');
    await session.query('SAVEPOINT a; ROLLBACK TO a');
    expect(session.transactionStatus).toBe('open');
    await expect(session.query('SELECT 1 / 0')).rejects.toMatchObject({ code: '22012' });
    await until('the state has arrived', async () => session.transactionStatus !== 'unknown');
    expect(session.transactionStatus).toBe('failed');
    await session.query('COMMIT');
    expect(session.transactionStatus).toBe('idle');
  });
});
