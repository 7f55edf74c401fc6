import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { databaseFixture, type DatabaseFixture } from '../testing/databases';
import { startServer, type EmbeddedServer } from '../testing/embedded-server';
import { findPgBouncer, startPgBouncer } from '../testing/pgbouncer';
import {
  createTestDatabase,
  testServer,
  testServers,
  type TestDatabase,
} from '../testing/postgres';
import { createDatabase } from './create-database';
import { OPEN } from '../testing/databases';

const suite = testServers().length > 0 ? describe : describe.skip;

suite('D6: the url of a server', () => {
  let database: TestDatabase;
  let standby: EmbeddedServer;
  let fixture: DatabaseFixture | undefined;

  beforeAll(async () => {
    database = await createTestDatabase();
    standby = await startServer(testServer().major);
    await standby.restartAsStandby();
  });
  afterEach(() => fixture?.drop());
  afterAll(async () => {
    await database?.drop();
    await standby?.stop();
  });

  const open = async (url: string, access: 'read-write' | 'read-only' = 'read-write') => {
    fixture = await databaseFixture(url);
    return fixture.open({ access });
  };
  const refusal = async (url: string, access?: 'read-only') => {
    const error: unknown = await open(url, access).catch((thrown: unknown) => thrown);
    expect(JSON.stringify(error)).not.toContain('canary');
    return error as Error & { hint: string };
  };
  const portOf = (url: string) => Number(new URL(url).port);
  /** Several servers with the password of the test servers; the standby has a database `postgres` only. */
  const several = (ports: readonly number[], query = '') => {
    const { username, password } = new URL(testServer().url);
    const hosts = ports.map((port) => `127.0.0.1:${port}`).join(',');
    return `postgres://${username}:${password}@${hosts}/postgres${query}`;
  };
  const primary = () => portOf(testServer().url);

  it('D6: its options are kept over RESET ALL, with its role, next to those of the runner', async () => {
    const options = encodeURIComponent(
      '-c role=pg_monitor --TimeZone=Asia/Tokyo -c app.note=a\\ b',
    );
    const session = await open(`${database.url}?options=${options}`);
    const read = `SELECT current_user::text AS role, current_setting('TimeZone') AS zone, current_setting('app.note') AS note,
      current_setting('search_path') AS path, session_user::text AS login`;
    const expected = {
      role: 'pg_monitor',
      zone: 'Asia/Tokyo',
      note: 'a b',
      path: '"public", pg_temp',
      login: 'postgres',
    };
    expect((await session.query(read)).rows).toEqual([expected]);
    await session.query("SET TimeZone = 'UTC'; SET ROLE none; RESET ALL");
    await session.batch(session.restoreSql);
    expect((await session.query(read)).rows).toEqual([expected]);
  });

  it('D6: a setting that the server does not take is named', async () => {
    const error = await refusal(`${database.url}?options=-c%20geqo%3Dmaybe`);
    expect(error).toMatchObject({ code: 'CONNECTION_FAILED' });
    expect(error.message).toContain('geqo');
    expect(error.hint).toContain('options');
  });

  it('D6: its options let write a database that is read-only', async () => {
    await database.query(`ALTER DATABASE ${database.name} SET default_transaction_read_only = on`);
    expect(await refusal(database.url)).toMatchObject({ code: 'READ_ONLY_SERVER' });
    await open(`${database.url}?options=-c%20default_transaction_read_only%3Doff`);
    await fixture?.closeSessions();
    await database.query('SET default_transaction_read_only = off');
    await database.query(`ALTER DATABASE ${database.name} RESET default_transaction_read_only`);
    expect(
      await refusal(`${database.url}?options=-c%20default_transaction_read_only%3Don`),
    ).toMatchObject({ code: 'READ_ONLY_SERVER' });
  });

  it('D6: of several servers, a session that writes takes the first one that can be written to', async () => {
    for (const query of ['', '?target_session_attrs=read-write', '?target_session_attrs=primary']) {
      const session = await open(several([1, standby.port, primary()], query));
      expect(session.target.port).toBe(primary());
      await fixture?.closeSessions();
    }
    // What looks at that session looks at the same server.
    const session = await fixture?.open({ access: 'read-only' });
    expect(session?.target.port).toBe(primary());
  });

  it.each([
    ['', 'standby'],
    ['?target_session_attrs=read-write', 'primary'],
    ['?target_session_attrs=standby', 'standby'],
    ['?target_session_attrs=prefer-standby', 'standby'],
  ])('D6: a session that reads, with %j, takes the %s', async (query, expected) => {
    const order =
      expected === 'standby' && query !== ''
        ? [primary(), standby.port]
        : [standby.port, primary()];
    const session = await open(several(order, query), 'read-only');
    expect(session.target.port).toBe(expected === 'standby' ? standby.port : primary());
  });

  it('D6: if no server will do, the reason of each is named', async () => {
    const error = await refusal(several([1, standby.port], '?target_session_attrs=read-write'));
    expect(error).toMatchObject({ code: 'READ_ONLY_SERVER' });
    expect(error.message).toContain('127.0.0.1:1 is not listening');
    expect(error.message).toContain(`127.0.0.1:${standby.port}`);
    expect(await refusal(several([1, 2]))).toMatchObject({ code: 'CONNECTION_FAILED' });
    expect(await refusal(several([primary()], '?target_session_attrs=standby'))).toMatchObject({
      code: 'READ_ONLY_SERVER',
    });
    expect(
      await refusal(several([primary()], '?target_session_attrs=standby'), 'read-only'),
    ).toMatchObject({ code: 'CONNECTION_FAILED' });
  });

  it('D6: a wrong password ends the search', async () => {
    const wrong = several([primary(), standby.port]).replace(/:[^:@]+@/, ':wrong-canary@');
    const error = await refusal(wrong);
    expect(error).toMatchObject({ code: 'CONNECTION_FAILED' });
    expect(error.message).toContain('refused the password');
  });

  it('D6: channel_binding=require is refused without TLS, and no password is sent', async () => {
    const error = await refusal(`${database.url}?sslmode=prefer&channel_binding=require`);
    expect(error).toMatchObject({ code: 'CONNECTION_FAILED' });
    expect(error.message).toContain('no channel binding');
  });

  it('D6: a password file is read if the url has no password', async () => {
    const { password, port, username } = new URL(database.url);
    const folder = mkdtempSync(join(tmpdir(), 'flashfusion-pgpass-'));
    const path = join(folder, 'passwords');
    writeFileSync(path, `127.0.0.1:${port}:${database.name}:${username}:${password}\n`);
    chmodSync(path, 0o600);
    const url = database.url.replace(`:${password}@`, '@');
    try {
      await open(`${url}?passfile=${path}`);
      const connection = { kind: 'url', url, source: 'API_URL' } as const;
      const byVariable = await createDatabase(connection, {
        workspaceRoot: '/',
        protected: false,
        env: { PGPASSFILE: path },
      });
      await (await byVariable.open(OPEN)).close();
      const without = await createDatabase(connection, {
        workspaceRoot: '/',
        protected: false,
        env: { HOME: folder },
      });
      await expect(without.open(OPEN)).rejects.toMatchObject({
        code: 'CONNECTION_FAILED',
        message: expect.stringContaining('.pgpass'),
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  (findPgBouncer() === undefined ? it.skip : it)(
    'D6: its options are kept behind a pooler in session mode',
    async () => {
      const pooler = await startPgBouncer({
        serverUrl: testServer().url,
        mode: 'session',
        settings: [],
      });
      try {
        const session = await open(
          `${pooler.through(database.url)}?options=-c%20TimeZone%3DAsia%2FTokyo`,
        );
        await session.query('RESET ALL');
        await session.batch(session.restoreSql);
        const { rows } = await session.query("SELECT current_setting('TimeZone') AS zone");
        expect(rows).toEqual([{ zone: 'Asia/Tokyo' }]);
      } finally {
        await fixture?.closeSessions();
        await pooler.stop();
      }
    },
  );
});
