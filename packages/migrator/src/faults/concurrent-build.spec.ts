import { closeGate } from '../testing/faults/gate';
import { createProject, type TestProject } from '../testing/faults/project';
import { until } from '../testing/faults/until';
import { createTestDatabase, describeEachPostgres, type TestDatabase } from '../testing/postgres';

jest.setTimeout(60_000);

describeEachPostgres('an index that another session is building concurrently', (server) => {
  let database: TestDatabase;
  let project: TestProject;
  beforeEach(async () => {
    database = await createTestDatabase(server);
    await database.query('CREATE TABLE users (email text)');
  });
  afterEach(async () => {
    project.remove();
    await database.drop();
  });

  /** The index as it is now. */
  const index = async () => {
    const [row] = await database.query<{ oid: number; valid: boolean }>(
      `SELECT indexrelid::int AS oid, indisvalid AS valid FROM pg_index WHERE indexrelid = to_regclass('users_email')`,
    );
    return row;
  };

  /** Starts a build that waits for a transaction which has written to the table, until `finish` ends that one. */
  async function startBuild() {
    const [writer, builder] = [await database.connect(), await database.connect()];
    await writer.query("BEGIN; INSERT INTO users VALUES ('a')");
    const built = builder.query('CREATE INDEX CONCURRENTLY users_email ON users (email)');
    built.catch(() => undefined);
    await until('the other session builds', async () => (await index())?.valid === false);
    return {
      /** The build fails, and leaves what it had begun. */
      async fail() {
        await database.query(
          `SELECT pg_cancel_backend(pid) FROM pg_stat_progress_create_index WHERE datname = current_database()`,
        );
        await built.catch(() => undefined);
        await writer.query('COMMIT');
        await Promise.all([writer.end(), builder.end()]);
      },
      async finish() {
        await writer.query('COMMIT');
        await built;
        await Promise.all([writer.end(), builder.end()]);
      },
    };
  }

  /** The statement of the migration, once it waits for the other session. */
  const whoWaits = () =>
    until('the migration waits for the other session', async () => {
      const [row] = await database.query<{ query: string }>(
        `SELECT query FROM pg_stat_activity JOIN pg_locks USING (pid)
          WHERE relation = 'users'::regclass AND NOT granted`,
      );
      return row?.query;
    });

  function migration(up: string): TestProject {
    project = createProject({
      url: database.url,
      migrations: [{ version: '20250101000000', name: 'index', transaction: false, up: [up] }],
    });
    return project;
  }

  it('is not taken for one that the migration left invalid', async () => {
    const gate = await closeGate(database);
    const run = (await migration(gate.sql).agent()).migrate();
    await gate.reached();
    const build = await startBuild();
    await gate.open();
    expect(await run).toMatchObject({ failed: undefined, status: 'done' });
    await build.finish();
    expect(await index()).toMatchObject({ valid: true });
  });

  it('is not dropped by a migration that builds the same one', async () => {
    const build = await startBuild();
    const before = await index();
    const same = 'CREATE INDEX CONCURRENTLY IF NOT EXISTS users_email ON users (email)';
    // Two builds on one table deadlock in Postgres itself, so this one is ended before.
    const controller = new AbortController();
    const run = (await migration(same).agent({ signal: controller.signal })).migrate();
    const waiting = await whoWaits();
    controller.abort();
    expect((await run).failed?.error.code).toBe('CANCELLED');
    await build.finish();
    expect(waiting).toBe(same);
    expect(await index()).toEqual({ ...before, valid: true });
  });

  it('is not taken for the real one by IF NOT EXISTS when that session fails', async () => {
    const build = await startBuild();
    const run = (
      await migration(
        'CREATE INDEX CONCURRENTLY IF NOT EXISTS users_email ON users (email)',
      ).agent()
    ).migrate();
    await whoWaits();
    await build.fail();
    expect((await run).failed?.error).toMatchObject({
      code: 'INVALID_INDEX',
      message: expect.stringContaining('public.users_email on public.users'),
    });
    expect(await (await project.agent()).migrate()).toMatchObject({ status: 'done' });
    expect(await index()).toMatchObject({ valid: true });
  });
});
