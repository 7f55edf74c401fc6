import { Pool } from 'pg';
import { databaseFixture, OPEN, type DatabaseFixture } from '../testing/databases';
import { findPgBouncer, startPgBouncer, type PgBouncer } from '../testing/pgbouncer';
import {
  createTestDatabase,
  testServer,
  testServers,
  type TestDatabase,
} from '../testing/postgres';
import { createDatabase } from './create-database';
import { acquireLock, lockHeldSql } from './lock';

const missing =
  findPgBouncer() === undefined
    ? 'PgBouncer is not installed (Debian: apt-get install pgbouncer)'
    : testServers().length === 0
      ? 'no Postgres server in this run'
      : undefined;

if (missing !== undefined) {
  describe('Through PgBouncer', () => {
    // The name is the message: a skipped test has no other place for it.
    it.skip(`SKIPPED: ${missing}`, () => undefined);
  });
} else {
  describe.each([
    ['transaction', []],
    ['transaction', ['server_round_robin = 1']],
    ['transaction', ['ignore_startup_parameters = options']],
    ['transaction', ['default_pool_size = 1']],
    ['statement', []],
  ] as const)('Through PgBouncer in %s mode with %j', (mode, settings) => {
    let database: TestDatabase;
    let pooler: PgBouncer;
    let fixture: DatabaseFixture;

    beforeAll(async () => {
      database = await createTestDatabase();
      pooler = await startPgBouncer({ serverUrl: testServer().url, mode, settings });
      fixture = await databaseFixture(pooler.through(database.url));
    });
    afterAll(async () => {
      await fixture?.drop();
      await pooler?.stop();
      await database?.drop();
    });

    it('a session is refused, and the way out is named', async () => {
      const error: unknown = await fixture.open().catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({
        code: 'POOLED_CONNECTION',
        where: 'TEST_URL',
        hint: expect.stringContaining('direct url'),
      });
    });

    it('a session is refused also while others keep the pooler busy', async () => {
      const busy = new Pool({ connectionString: pooler.through(database.url), max: 3 });
      busy.on('error', () => undefined);
      // Leaves several servers in the pooler's hands, so that the next client need not get the last one used.
      await Promise.all(
        [1, 2, 3].map(() => busy.query('SELECT pg_sleep(0.05)').catch(() => undefined)),
      );
      await expect(fixture.open()).rejects.toMatchObject({ code: 'POOLED_CONNECTION' });
      await busy.end();
    });

    it('a pool of the application is refused', async () => {
      const pool = new Pool({ connectionString: pooler.through(database.url), max: 1 });
      pool.on('error', () => undefined);
      const application = await createDatabase(
        { kind: 'pool', pool },
        { workspaceRoot: '/', protected: false },
      );
      await expect(application.open(OPEN)).rejects.toMatchObject({ code: 'POOLED_CONNECTION' });
      await pool.end();
    });
  });

  describe.each([[[]], [['ignore_startup_parameters = options']]])(
    'Through PgBouncer in session mode with %j',
    (settings) => {
      let database: TestDatabase;
      let pooler: PgBouncer;
      let fixture: DatabaseFixture;

      beforeAll(async () => {
        database = await createTestDatabase();
        pooler = await startPgBouncer({ serverUrl: testServer().url, mode: 'session', settings });
        fixture = await databaseFixture(pooler.through(database.url));
      });
      afterAll(async () => {
        await fixture?.drop();
        await pooler?.stop();
        await database?.drop();
      });

      it('a session works, with its settings', async () => {
        const session = await fixture.open({ searchPath: ['app'], lockTimeoutMs: 1_234 });
        const { rows } = await session.query(
          `SELECT current_setting('search_path') AS path, current_setting('lock_timeout') AS lock`,
        );
        await session.close();
        expect(rows).toEqual([{ path: '"app", pg_temp', lock: '1234ms' }]);
      });

      it('locks hold, and end with the session', async () => {
        const first = await fixture.open();
        const second = await fixture.open();
        await acquireLock(first, { key: '47', waitMs: 0, project: 'api' });
        await expect(
          acquireLock(second, { key: '47', waitMs: 0, project: 'api' }),
        ).rejects.toMatchObject({ code: 'LOCK_HELD' });
        await first.close();
        await acquireLock(second, { key: '47', waitMs: 10_000, project: 'api' });
        expect((await second.query(`SELECT ${lockHeldSql('47')} AS held`)).rows).toEqual([
          { held: true },
        ]);
        await second.close();
      });

      it('read-only refuses writes', async () => {
        const session = await fixture.open({ access: 'read-only' });
        await expect(session.query('CREATE TABLE no (id int)')).rejects.toMatchObject({
          code: '25006',
        });
        await session.close();
      });
    },
  );
}
