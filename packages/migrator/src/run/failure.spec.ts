import { nthVersion } from '../testing/migration-source';
import { describeOnOldestAndNewest, describeOnServers } from '../testing/workspace';

const BROKEN = (fixed: string) => `import { setTimeout } from 'node:timers/promises';

interface Row {
  readonly id: number;
}

export default {
  version: '${nthVersion(2)}',
  name: 'add_teams',
  async up(db: { query<T>(sql: string): Promise<{ rows: T[] }> }) {
    await db.query<Row>('CREATE TABLE teams (id int)');
    await setTimeout(1);
    await db.query<Row>('${fixed}');
  },
};
`;

describeOnOldestAndNewest('a migration that fails half way', (workspace) => {
  it('leaves nothing but its record, and is applied by the next run once it is mended', async () => {
    const api = workspace().project().add('create_users', 'CREATE TABLE users (id int)');
    const file = `${nthVersion(2)}_add_teams.ts`;
    api
      .write(file, BROKEN('ALTER TABLE people ADD team int'))
      .add('later', { version: nthVersion(3) });

    const { failed, notReached } = await api.migrate();

    expect(notReached).toEqual([`api:${nthVersion(3)}`]);
    expect(failed).toMatchObject({ name: 'add_teams', error: { code: 'MIGRATION_FAILED' } });
    expect(await workspace().tables()).toEqual(['users']);
    expect(await api.history()).toEqual(['create_users apply applied', 'add_teams apply failed']);
    const [, row] = await api.rows<Record<string, string>>(
      'error_code, error_message, error_stack',
    );
    expect(row?.['error_code']).toBe('MIGRATION_FAILED');
    expect(row?.['error_message']).toContain('relation "people" does not exist (SQLSTATE 42P01)');

    api.write(file, BROKEN('ALTER TABLE users ADD team int'));
    const again = await api.migrate();

    expect(again.plan.steps[0]).toMatchObject({ reason: { kind: 'retry-failed' }, attempt: 2 });
    expect(await workspace().tables()).toEqual(['teams', 'users']);
    expect((await api.history()).slice(2)).toEqual([
      'add_teams apply applied',
      'later apply applied',
    ]);
  });

  it('points at the line of the TypeScript source, in the error and in the history', async () => {
    const api = workspace()
      .project()
      .write(`${nthVersion(2)}_add_teams.ts`, BROKEN('SELECT nonsense'));

    const { failed } = await api.migrate();

    const place = `${api.pathOf('add_teams')}:13:`;
    expect(failed?.error.stack).toContain(place);
    const [row] = await api.rows<{ stack: string }>('error_stack AS stack');
    expect(row?.stack).toContain(place);
  });

  it('is shown by status with its error, and counted as failed', async () => {
    const api = workspace().project().add('one', 'SELECT 1/0');
    await api.migrate();

    const { migrations, counts, recent, problems } = await api.status();

    expect(migrations[0]).toMatchObject({
      state: 'failed',
      entry: { error: { code: 'MIGRATION_FAILED' } },
    });
    expect(counts).toEqual({ applied: 0, pending: 0, failed: 1, drifted: 0 });
    expect(recent[0]).toMatchObject({ action: 'apply', state: 'failed', success: false });
    expect(problems).toEqual([]);
  });
});

describeOnOldestAndNewest('what a migration does wrong', (workspace) => {
  /** Applies one migration that is to fail, and gives its error; nothing of it may be left. */
  async function failure(snippet: Parameters<ReturnType<typeof add>['add']>[1]) {
    const api = add();
    const { failed } = await api.add('wrong', snippet).migrate();
    expect(await workspace().tables()).toEqual([]);
    expect(await api.history()).toEqual(['wrong apply failed']);
    const [row] = await api.rows<{ code: string }>('error_code AS code');
    expect(row?.code).toBe(failed?.error.code);
    return failed?.error;
  }
  const add = () => workspace().project();
  const up = 'CREATE TABLE teams (id int)';

  it('a validate that is not true undoes the change', async () => {
    expect(await failure({ up, validate: () => false })).toMatchObject({
      code: 'VALIDATION_FAILED',
      message: expect.stringContaining(`validate of api:${nthVersion(1)} returned false`),
    });
  });

  it('a validate that gives back nothing undoes the change too', async () => {
    expect(await failure({ up, validate: () => undefined })).toMatchObject({
      code: 'VALIDATION_FAILED',
    });
  });

  it('a validate that throws undoes the change', async () => {
    const error = await failure({
      up,
      async validate(db) {
        return (await db.query<{ ok: boolean }>('SELECT count(*) > 0 AS ok FROM team')).rows[0]?.ok;
      },
    });
    expect(error).toMatchObject({
      code: 'MIGRATION_FAILED',
      message: expect.stringContaining('relation "team" does not exist'),
    });
  });

  it('a validate sees what up did, and true keeps it', async () => {
    const api = add().add('right', {
      up,
      validate: async (db) => (await db.select('teams')).length === 0,
    });
    expect(await api.migrate()).toMatchObject({ failed: undefined, status: 'done' });
    expect(await workspace().tables()).toEqual(['teams']);
  });

  it.each([
    ['null', 'null'],
    ['undefined', 'undefined'],
    ['a string', '"enough"'],
  ])('throw %s is told as what it is', async (_, thrown) => {
    const api = add().write(
      `${nthVersion(1)}_wrong.js`,
      `module.exports = { version: '${nthVersion(1)}', name: 'wrong', up() { throw ${thrown}; } };`,
    );
    const { failed } = await api.migrate();
    expect(failed?.error).toMatchObject({
      code: 'MIGRATION_FAILED',
      message: `The migration threw ${thrown}, which is no Error.`,
    });
  });

  it('process.exit becomes an error, and the process lives on', async () => {
    const error = await failure({
      async up(db) {
        await db.query('CREATE TABLE teams (id int)');
        process.exit(7);
      },
    });
    expect(error).toMatchObject({ code: 'PROCESS_EXIT' });
  });

  it('rollback data that JSON cannot hold undoes the change, naming the path', async () => {
    const error = await failure({
      async up(db) {
        await db.query('CREATE TABLE teams (id int)');
        return { kept: { count: 12n } };
      },
    });
    expect(error).toMatchObject({
      code: 'INVALID_ROLLBACK_DATA',
      message: expect.stringContaining('kept.count'),
    });
  });

  it('an SQL error that it catches is found at the end', async () => {
    const error = await failure({
      async up(db) {
        await db.query('CREATE TABLE teams (id int)');
        await db.query('SELECT 1/0').catch(() => undefined);
      },
    });
    expect(error).toMatchObject({
      code: 'TRANSACTION_ABORTED',
      hint: expect.stringContaining('SAVEPOINT'),
    });
  });

  it('a deferred foreign key that COMMIT refuses leaves nothing', async () => {
    const error = await failure(
      `CREATE TABLE teams (id int PRIMARY KEY);
       CREATE TABLE users (team int REFERENCES teams DEFERRABLE INITIALLY DEFERRED);
       INSERT INTO users VALUES (1)`,
    );
    expect(error).toMatchObject({
      code: 'MIGRATION_FAILED',
      message: expect.stringContaining('SQLSTATE 23503'),
    });
    expect(error?.message).toContain('Key (team)=(1) is not present');
  });

  it('a query that nobody awaits and that fails is the failure of the migration', async () => {
    const error = await failure({
      up(db) {
        void db.query('CREATE TABLE teams (id int)');
        void db.query('SELECT 1/0');
      },
    });
    expect(error).toMatchObject({
      code: 'MIGRATION_FAILED',
      message: expect.stringContaining('division by zero'),
    });
  });

  it('a new enum value used in its own transaction says what to do', async () => {
    await workspace().sql("CREATE TYPE mood AS ENUM ('calm')");
    const error = await failure("ALTER TYPE mood ADD VALUE 'bright'; SELECT 'bright'::mood");
    expect(error).toMatchObject({
      code: 'ENUM_VALUE_NOT_COMMITTED',
      hint: expect.stringContaining('transaction: false'),
    });
  });

  it('a statement that cannot run in a transaction says what to do', async () => {
    const error = await failure({
      up(db) {
        const computed = 'VACUUM';
        return db.query(computed);
      },
    });
    expect(error).toMatchObject({
      message: expect.stringContaining('25001'),
      hint: expect.stringContaining('transaction: false'),
    });
  });
});

describeOnOldestAndNewest('what a migration may do', (workspace) => {
  it('queries that nobody awaits are finished before COMMIT', async () => {
    const api = workspace().project();
    api.add('hasty', {
      up(db) {
        void db.query('CREATE TABLE teams (id int)');
        void db.query('INSERT INTO teams SELECT generate_series(1, 1000)');
      },
    });
    expect(await api.migrate()).toMatchObject({ failed: undefined, status: 'done' });
    expect(await workspace().sql('SELECT count(*)::int AS n FROM teams')).toEqual([{ n: 1000 }]);
  });

  it('a query that comes after the end is refused, and does not reach the next migration', async () => {
    const api = workspace().project();
    api.add('early', {
      up(db) {
        const late = new Promise((resolve) => setImmediate(resolve))
          .then(() => new Promise((resolve) => setTimeout(resolve, 5)))
          .then(() => db.query('CREATE TABLE smuggled (id int)'))
          .catch((error: { code: string }) => error.code);
        (globalThis as { lateQuery?: unknown }).lateQuery = late;
      },
    });
    api.add('next', {
      async up(db) {
        const code = await (globalThis as { lateQuery?: Promise<string> }).lateQuery;
        await db.query('CREATE TABLE told (code text)');
        await db.insert('told', { code });
      },
    });

    expect(await api.migrate()).toMatchObject({ failed: undefined, status: 'done' });
    expect(await workspace().tables()).toEqual(['told']);
    expect(await workspace().sql('SELECT code FROM told')).toEqual([{ code: 'UNAWAITED_QUERY' }]);
  });

  it('an error behind a savepoint is its own business', async () => {
    const api = workspace()
      .project()
      .add('careful', {
        async up(db) {
          await db.query('CREATE TABLE teams (id int); SAVEPOINT before');
          await db.query('SELECT 1/0').catch(() => db.query('ROLLBACK TO SAVEPOINT before'));
          await db.query('RELEASE SAVEPOINT before');
        },
      });
    expect(await api.migrate()).toMatchObject({ failed: undefined, status: 'done' });
    expect(await workspace().tables()).toEqual(['teams']);
  });

  it('what it sets for its session does not reach the next one', async () => {
    await workspace().sql('CREATE SCHEMA IF NOT EXISTS elsewhere');
    const api = workspace().project();
    api.add(
      'settings',
      "SET search_path = elsewhere; SET statement_timeout = '1h'; SET ROLE pg_monitor",
    );
    api.add('next', 'CREATE TABLE teams AS SELECT current_user = session_user AS same');

    expect(await api.migrate()).toMatchObject({ failed: undefined, status: 'done' });
    expect(await workspace().sql(`SELECT same FROM ${workspace().schema}.teams`)).toEqual([
      { same: true },
    ]);
    await workspace().sql('DROP SCHEMA elsewhere');
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('the terminal is gone');
      },
    ],
    ['returns a promise that rejects', () => Promise.reject(new Error('the terminal is gone'))],
    [
      'returns what cannot be read',
      () =>
        Object.defineProperty({}, 'then', {
          get: () => {
            throw new Error('the terminal is gone');
          },
        }),
    ],
  ])('E2: a listener that %s changes nothing', async (_, listener: () => unknown) => {
    const api = workspace().project().add('one', 'CREATE TABLE one (id int)');
    const onEvent = () => listener() as void;
    expect((await api.migrate({}, { onEvent })).status).toBe('done');
  });

  it('tells what happens in order, log lines of migrations among it', async () => {
    const api = workspace()
      .project()
      .add('one', {
        up: (_, agent) => agent.logger.warn(`in ${agent.environment} of ${agent.project}`),
      });
    await api.add('two', 'SELECT 1/0').migrate();

    expect(api.events.map(({ type }) => type)).toEqual([
      'connecting',
      'run-started',
      'migration-started',
      'migration-log',
      'migration-finished',
      'migration-started',
      'migration-failed',
    ]);
    expect(api.events[3]).toMatchObject({ level: 'warn', message: 'in development of api' });
  });
});

describeOnServers('a limit of the migration itself', (workspace) => {
  it('ends a statement that takes longer', async () => {
    const api = workspace()
      .project()
      .add('slow', { statementTimeout: '50ms', up: 'SELECT pg_sleep(600)' });
    expect((await api.migrate()).failed?.error.code).toBe('STATEMENT_TIMEOUT');
  });
});
