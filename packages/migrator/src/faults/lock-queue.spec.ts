import { closeGate, type Gate } from '../testing/faults/gate';
import { historyRows, latestStates, tableNames } from '../testing/faults/look';
import { createProject, type TestProject } from '../testing/faults/project';
import { until } from '../testing/faults/until';
import { createTestDatabase, describeEachPostgres, type TestDatabase } from '../testing/postgres';

jest.setTimeout(60_000);

describeEachPostgres('a migration that meets the locks of others', (server) => {
  let database: TestDatabase;
  let project: TestProject;
  beforeEach(async () => {
    database = await createTestDatabase(server);
    await database.query('CREATE TABLE users (id int); CREATE TABLE teams (id int)');
  });
  afterEach(async () => {
    project.remove();
    await database.drop();
  });

  /** Adds a column to `users`, with limits of its own or of the environment. */
  function altering(
    own: { lockTimeout?: string; statementTimeout?: string },
    environment: Record<string, unknown> = {},
  ): TestProject {
    project = createProject({
      url: database.url,
      migrations: [
        {
          version: '20250101000000',
          name: 'add_email',
          up: ['CREATE TABLE traces (id int)', 'ALTER TABLE users ADD COLUMN email text'],
          ...own,
        },
      ],
      environment,
    });
    return project;
  }

  /** Somebody reads a table and does not end the transaction. */
  async function readerOf(table: string) {
    const client = await database.connect();
    await client.query(`BEGIN; SELECT * FROM ${table}`);
    return { client, end: () => client.end() };
  }

  it('55P03 is rolled back and tried again, until the lock is free', async () => {
    const reader = await readerOf('users');
    altering({}, { lockTimeout: '50ms', lockRetries: 50 });
    const run = (await project.agent()).migrate();
    expect(await project.event('migration-retrying')).toMatchObject({
      id: 'shop:20250101000000',
      retry: 1,
      retries: 50,
      error: { code: 'LOCK_TIMEOUT' },
    });
    // Between two tries nobody is kept waiting, and nothing of the first one is left.
    await database.query('INSERT INTO users DEFAULT VALUES');
    expect(await tableNames(database)).not.toContain('traces');
    await reader.end();
    expect(await run).toMatchObject({ status: 'done' });
    expect(await latestStates(database)).toEqual({ add_email: 'applied' });
  });

  it('55P03 in a single transaction runs all of it again', async () => {
    const reader = await readerOf('users');
    altering({}, { lockTimeout: '50ms', lockRetries: 50 });
    project.write({
      version: '20240101000000',
      name: 'first',
      up: ['CREATE TABLE first (id int)'],
    });
    const run = (await project.agent()).migrate({ transaction: 'single' });
    expect(await project.event('migration-retrying')).toMatchObject({ id: 'shop:20250101000000' });
    expect(await tableNames(database)).not.toContain('first');
    await reader.end();
    expect(await run).toMatchObject({
      status: 'done',
      done: [{ name: 'first' }, { name: 'add_email' }],
    });
    const told = project.events.map(({ type }) => type);
    expect(told.indexOf('migration-started')).toBeLessThan(told.indexOf('migration-retrying'));
    expect(told.filter((type) => type === 'migration-finished')).toHaveLength(2);
    expect(await historyRows(database)).toMatchObject([
      { name: 'first', state: 'applied' },
      { name: 'add_email', state: 'applied' },
    ]);
  });

  it('gives up after the last retry, with guidance, and records it once', async () => {
    const reader = await readerOf('users');
    altering({}, { lockTimeout: '20ms', lockRetries: 1 });
    const result = await (await project.agent()).migrate();
    expect(project.events.filter(({ type }) => type === 'migration-retrying')).toHaveLength(1);
    expect(result).toMatchObject({ status: 'failed', failed: { error: { code: 'LOCK_TIMEOUT' } } });
    expect(result.failed?.error.message).toContain('55P03');
    expect(result.failed?.guidance.join('\n')).toMatch(/rolled back[^]*was in the way[^]*migrate/);
    expect(await historyRows(database)).toMatchObject([{ state: 'failed', attempt: 1 }]);
    await reader.end();
  });

  it('a limit of the migration itself goes before that of the environment', async () => {
    const reader = await readerOf('users');
    altering({ lockTimeout: '20ms' }, { lockTimeout: '1h', lockRetries: 0 });
    const result = await (await project.agent()).migrate();
    expect(result).toMatchObject({ failed: { error: { code: 'LOCK_TIMEOUT' } } });
    await reader.end();
  });

  it.each([
    ['environment', {}, { statementTimeout: '50ms' }],
    ['migration', { statementTimeout: '50ms' }, { statementTimeout: '1h' }],
  ] as const)(
    'statementTimeout of the %s ends a statement that takes too long',
    async (_, own, environment) => {
      const gate = await closeGate(database);
      project = createProject({
        url: database.url,
        migrations: [{ version: '20250101000000', name: 'slow', up: [gate.sql], ...own }],
        environment,
      });
      const result = await (await project.agent()).migrate();
      expect(result).toMatchObject({ failed: { error: { code: 'STATEMENT_TIMEOUT' } } });
      expect(result.failed?.error.message).toContain('57014');
      // The connection lives on: the attempt is in the history.
      expect(await latestStates(database)).toEqual({ slow: 'failed' });
    },
  );

  it('40P01, a deadlock with another session, is tried again', async () => {
    // Postgres looks for a deadlock once in each wait: the migration waits last and finds it, the other one never looks.
    await database.query(`ALTER DATABASE ${database.name} SET deadlock_timeout = '50ms'`);
    const gate = await closeGate(database);
    project = createProject({
      url: database.url,
      migrations: [
        {
          version: '20250101000000',
          name: 'both',
          up: ['LOCK TABLE users', gate.sql, 'LOCK TABLE teams'],
        },
      ],
    });
    const other = await database.connect();
    await other.query(`SET deadlock_timeout = '1h'; BEGIN; LOCK TABLE teams`);
    const run = (await project.agent()).migrate();
    await gate.reached();
    const blocked = other.query('LOCK TABLE users');
    await until('the other session waits for users', async () => {
      const waits = `SELECT FROM pg_locks WHERE relation = 'users'::regclass AND NOT granted`;
      return (await database.query(waits)).length > 0;
    });
    await gate.open();
    expect(await project.event('migration-retrying')).toMatchObject({
      error: { code: 'LOCK_TIMEOUT', message: expect.stringContaining('40P01') },
    });
    await blocked;
    await other.end();
    expect(await run).toMatchObject({ status: 'done' });
  });

  it('a statement that waits says which session it waits for', async () => {
    const reader = await readerOf('users');
    const [{ pid } = { pid: 0 }] = (await reader.client.query('SELECT pg_backend_pid() AS pid'))
      .rows as { pid: number }[];
    altering({});
    const run = (await project.agent()).migrate();
    expect(await project.event('migration-waiting')).toMatchObject({
      id: 'shop:20250101000000',
      blockedBy: [{ pid, user: 'postgres' }],
    });
    await reader.end();
    expect(await run).toMatchObject({ status: 'done' });
  });

  describe('a long command tells how far it is:', () => {
    let gate: Gate;
    beforeEach(async () => {
      await database.query('INSERT INTO users VALUES (1)');
      // What calls it takes until the test lets it: it asks for a lock, without waiting for it.
      gate = await closeGate(database);
      const tryGate = gate.sql.replace('pg_advisory_xact_lock', 'pg_try_advisory_xact_lock');
      const define = (body: string) =>
        `CREATE OR REPLACE FUNCTION slow(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN ${body} RETURN $1; END $$`;
      await database.query(`${define('')}; CREATE INDEX users_slow ON users (public.slow(id))`);
      await database.query(define(`WHILE NOT (${tryGate}) LOOP PERFORM pg_sleep(0.02); END LOOP;`));
    });

    it.each([
      ['CREATE INDEX again ON users (public.slow(id))', /^CREATE INDEX: building index/],
      ['CLUSTER users USING users_slow', /^CLUSTER: /],
      [`COPY (SELECT public.slow(id) FROM users) TO '/dev/null'`, /^COPY TO: /],
    ])('%s', async (sql, detail) => {
      project = createProject({
        url: database.url,
        migrations: [{ version: '20250101000000', name: 'long', up: [sql] }],
      });
      const run = (await project.agent()).migrate();
      expect(await project.event('migration-progress')).toMatchObject({
        detail: expect.stringMatching(detail),
      });
      await gate.open();
      expect(await run).toMatchObject({ status: 'done' });
    });

    it('VACUUM', async () => {
      // Freezing a row takes its page alone, and a cursor that stands on it keeps it pinned.
      const reader = await database.connect();
      await reader.query('BEGIN; DECLARE here CURSOR FOR SELECT * FROM users; FETCH here');
      project = createProject({
        url: database.url,
        migrations: [
          {
            version: '20250101000000',
            name: 'long',
            up: ['VACUUM (FREEZE) users'],
            transaction: false,
          },
        ],
      });
      const run = (await project.agent()).migrate();
      expect(await project.event('migration-progress')).toMatchObject({
        detail: expect.stringMatching(/^VACUUM: scanning heap/),
      });
      await reader.end();
      expect(await run).toMatchObject({ status: 'done' });
    });
  });
});
