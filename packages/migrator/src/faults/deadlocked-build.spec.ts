import { createProject, type SqlMigration, type TestProject } from '../testing/faults/project';
import { historyRows } from '../testing/faults/look';
import { until } from '../testing/faults/until';
import { createTestDatabase, describeEachPostgres, type TestDatabase } from '../testing/postgres';

jest.setTimeout(60_000);

const LOOK = 'SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid;';
const EMAIL = 'CREATE INDEX CONCURRENTLY IF NOT EXISTS users_email ON users (email)';
const NAME = 'CREATE INDEX CONCURRENTLY users_name ON users (name)';

/** Two CREATE INDEX CONCURRENTLY on one table: the one waits for the table, the other for that one's snapshot. */
describeEachPostgres('a concurrent build that meets another one on its table', (server) => {
  let database: TestDatabase;
  let project: TestProject;
  let role: string;
  beforeEach(async () => {
    database = await createTestDatabase(server);
    role = `deployer_of_${database.name}`;
    await database.query(
      `CREATE TABLE users (email text, name text); CREATE ROLE ${role} LOGIN PASSWORD 'secret';
       ALTER TABLE users OWNER TO ${role}; GRANT CREATE ON SCHEMA public TO ${role};
       ALTER ROLE ${role} SET deadlock_timeout = '2s'; ALTER ROLE ${role} SET client_min_messages = warning`,
    );
  });
  afterEach(async () => {
    project.remove();
    await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    await database.drop();
  });

  /** Ours: a table, then the index. */
  function building(
    who: 'superuser' | 'deployer',
    environment: { lockTimeout?: string } = {},
    own: { lockTimeout?: string } = {},
  ): TestProject {
    const url = new URL(database.url);
    if (who === 'deployer') Object.assign(url, { username: role, password: 'secret' });
    const index: SqlMigration = {
      version: '20250101000000',
      name: 'index',
      transaction: false,
      send: 'script',
      up: ['CREATE TABLE first (id int)', EMAIL],
      ...own,
    };
    project = createProject({ url: url.href, migrations: [index], environment });
    return project;
  }

  /** Theirs: never the one that Postgres ends. */
  async function otherBuilder() {
    const client = await database.connect();
    await client.query(`SET deadlock_timeout = '1h'`);
    return {
      begin: async () => {
        const built = client.query(NAME);
        await isWaiting('users_name');
        return { end: () => built.then(() => client.end()) };
      },
    };
  }
  const writer = async () => {
    const client = await database.connect();
    await client.query("BEGIN; INSERT INTO users VALUES ('a', 'b')");
    return { commit: () => client.query('COMMIT').then(() => client.end()) };
  };
  const isWaiting = (index: string) =>
    until(`the build of ${index} waits`, async () => {
      const rows = await database.query(
        'SELECT FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND query LIKE $1',
        [`CREATE INDEX CONCURRENTLY%${index}%`],
      );
      return rows.length > 0;
    });
  const indexes = () =>
    database.query(
      `SELECT indexrelid::regclass::text AS name, indisvalid AS valid FROM pg_index WHERE indrelid = 'users'::regclass ORDER BY 1`,
    );
  const retries = () => project.events.filter(({ type }) => type === 'migration-retrying');

  it('and is ended half way: says what happened, what is left, and how to go on', async () => {
    const open = await writer();
    const run = (await building('superuser').agent()).migrate();
    await isWaiting('users_email');
    const other = await (await otherBuilder()).begin();
    await open.commit();

    const { failed } = await run;
    await other.end();

    expect(failed?.error.code).toBe('LOCK_TIMEOUT');
    expect(failed?.error.message).toMatch(/^deadlock detected \(SQLSTATE 40P01\)/);
    expect(failed?.error.message).toMatch(
      /It left an invalid index: public\.users_email on public\.users\.$/,
    );
    expect(failed?.error.hint).toContain('Two CREATE INDEX CONCURRENTLY on one table do that.');
    expect(failed?.error.hint).toContain(LOOK);
    expect(failed?.error.hint).toContain('DROP INDEX CONCURRENTLY public.users_email;');
    expect(failed?.error.hint).not.toContain('duplicate rows');
    const guidance = failed?.guidance.join('\n');
    expect(guidance).toContain('the statements that finished before the failure stay');
    expect(guidance).toContain('It was not tried again by itself');
    expect(guidance).toContain('Run it again: `nx run shop:migrate:test` or `ff db migrate');
    expect(guidance).not.toContain('lockTimeout');
    expect(retries()).toEqual([]);
    expect((await historyRows(database)).at(-1)).toMatchObject({
      state: 'failed',
      error_code: 'LOCK_TIMEOUT',
      finished_statements: 1,
    });
    expect(await indexes()).toEqual([
      { name: 'users_email', valid: false },
      { name: 'users_name', valid: true },
    ]);

    // What it says is true: the next run goes on behind the first statement, and builds the index anew.
    expect(await (await project.agent()).migrate()).toMatchObject({ status: 'done' });
    expect(await indexes()).toEqual([
      { name: 'users_email', valid: true },
      { name: 'users_name', valid: true },
    ]);
  });

  it('and is ended before it began: says that nothing is left', async () => {
    const open = await writer();
    const other = await (await otherBuilder()).begin();
    await database.query(`ALTER DATABASE ${database.name} SET deadlock_timeout = '3s'`);
    const run = (await building('superuser').agent()).migrate();
    await isWaiting('users_email');
    await open.commit();

    const { failed } = await run;
    await other.end();

    expect(failed?.error.message).toMatch(/^deadlock detected[^]*It left no invalid index\.$/);
    expect(failed?.error.hint).not.toContain('DROP INDEX');
    expect(await indexes()).toEqual([{ name: 'users_name', valid: true }]);
  });

  it('and may not see what the other one builds: names what it may have left', async () => {
    const [open, later] = [await writer(), await database.connect()];
    const run = (await building('deployer').agent()).migrate();
    await isWaiting('users_email');
    const other = await (await otherBuilder()).begin();
    await open.commit();
    await until('ours waits for the snapshot of the other', async () => {
      const rows = await database.query(
        `SELECT FROM pg_stat_progress_create_index WHERE phase = 'waiting for old snapshots'`,
      );
      return rows.length > 0;
    });
    // Keeps the other one at work until ours has looked.
    await later.query("BEGIN; INSERT INTO users VALUES ('c', 'd')");

    const { failed } = await run;
    await later.query('COMMIT');
    await Promise.all([other.end(), later.end()]);

    expect(failed?.error.message).toMatch(
      /It may have left an invalid index: public\.users_email on public\.users, .*unless another session is building it\.$/,
    );
    expect(failed?.error.hint).toContain(LOOK);
    expect(failed?.error.hint).toContain('DROP INDEX CONCURRENTLY <name>;');
    expect(await (await project.agent()).migrate()).toMatchObject({ status: 'done' });
    expect(await indexes()).toContainEqual({ name: 'users_email', valid: true });
  });

  it('or loses its connection: says that nobody could be asked', async () => {
    const open = await writer();
    const run = (await building('superuser').agent()).migrate();
    await isWaiting('users_email');
    await database.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX CONCURRENTLY%users_email%'`,
    );

    const { failed } = await run;
    await open.commit();

    expect(failed?.error.code).toBe('CONNECTION_LOST');
    expect(failed?.error.message).toContain(
      'It may have left an invalid index: nobody could be asked.',
    );
    expect(failed?.error.hint).toContain(LOOK);
  });

  it('waits for an older transaction however long, where only the environment has a limit for locks', async () => {
    const open = await writer();
    const run = (await building('superuser', { lockTimeout: '100ms' }).agent()).migrate();
    await isWaiting('users_email');
    await new Promise((resolve) => setTimeout(resolve, 300));
    await open.commit();

    expect(await run).toMatchObject({ status: 'done' });
    expect(await indexes()).toEqual([{ name: 'users_email', valid: true }]);
  });

  it('or waits too long for an older transaction: says so, and that it was not tried again', async () => {
    const open = await writer();

    const { failed } = await (
      await building('superuser', {}, { lockTimeout: '300ms' }).agent()
    ).migrate();
    await open.commit();

    expect(failed?.error.code).toBe('LOCK_TIMEOUT');
    expect(failed?.error.message).toMatch(/It left an invalid index: public\.users_email/);
    expect(failed?.error.hint).toContain('CONCURRENTLY also waits for every older transaction');
    expect(failed?.guidance.join('\n')).toContain('It was not tried again by itself');
    expect(retries()).toEqual([]);
    expect(await (await project.agent()).migrate()).toMatchObject({ status: 'done' });
    expect(await indexes()).toEqual([{ name: 'users_email', valid: true }]);
  });
});
