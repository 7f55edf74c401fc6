import { latestStates, tableNames } from '../testing/faults/look';
import { ffOn } from '../testing/faults/process';
import { createProject, tableMigration, type TestProject } from '../testing/faults/project';
import { findPgBouncer, startPgBouncer, type PgBouncer } from '../testing/pgbouncer';
import { createTestDatabase, describeEachPostgres, type TestDatabase } from '../testing/postgres';

jest.setTimeout(60_000);

const installed = findPgBouncer() !== undefined;
const title = `PgBouncer${installed ? '' : ' (skipped: it is not installed; `apt-get install pgbouncer`)'}`;

describeEachPostgres(title, (server) => {
  const test = installed ? it : it.skip;
  let database: TestDatabase;
  let bouncer: PgBouncer | undefined;
  let project: TestProject;
  beforeEach(async () => {
    database = await createTestDatabase(server);
  });
  afterEach(async () => {
    project.remove();
    await bouncer?.stop();
    await database.drop();
  });

  async function projectBehind(
    options: Omit<Parameters<typeof startPgBouncer>[0], 'serverUrl'>,
  ): Promise<TestProject> {
    bouncer = await startPgBouncer({ serverUrl: server.url, ...options });
    project = createProject({
      url: bouncer.through(database.url),
      migrations: [tableMigration('20250101000000', 'users')],
    });
    return project;
  }

  test.each([
    ['which refuses start-up parameters (08P01)', []],
    ['which passes over start-up parameters', ['ignore_startup_parameters = options']],
    ['with one connection to the server', ['default_pool_size = 1']],
  ] as const)(
    'in transaction mode, %s, is refused with a hint to the direct url; nothing is touched',
    async (_, settings) => {
      await projectBehind({ mode: 'transaction', settings });
      await expect((await project.agent()).migrate()).rejects.toMatchObject({
        code: 'POOLED_CONNECTION',
        hint: expect.stringContaining('direct url'),
      });
      expect(await tableNames(database)).toEqual([]);
      const locks = await database.query(
        `SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
          WHERE l.locktype = 'advisory' AND d.datname = current_database()`,
      );
      expect(locks).toEqual([]);
    },
  );

  test('in transaction mode makes ff exit with 2 and say what to do', async () => {
    await projectBehind({ mode: 'transaction' });
    const { exitCode, stderr } = await ffOn(project, 'migrate');
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/POOLED_CONNECTION[^]*direct url/);
  });

  test('in session mode works: one client has one backend', async () => {
    await projectBehind({ mode: 'session' });
    expect(await (await project.agent()).migrate()).toMatchObject({ status: 'done' });
    expect(await latestStates(database)).toEqual({ users: 'applied' });
    expect(
      await (await project.agent()).rollback({ selection: { kind: 'last', count: 1 } }),
    ).toMatchObject({ status: 'done' });
    expect(await tableNames(database)).toEqual([]);
  });

  test('in session mode keeps two runners apart, and leaves no lock behind in the pool', async () => {
    await projectBehind({ mode: 'session' });
    const runs = await Promise.all([
      (await project.agent()).migrate(),
      (await project.agent()).migrate(),
    ]);
    expect(runs.map(({ status }) => status).sort()).toEqual(['done', 'nothing-to-do']);
    expect(await (await project.agent()).migrate()).toMatchObject({ status: 'nothing-to-do' });
  });
});
