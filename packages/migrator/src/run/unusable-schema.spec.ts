import type { MigrateOptions } from '../commands/plan-migrate';
import { refusal } from '../source/testing/fixtures';
import { createProject, tableMigration, type TestProject } from '../testing/faults/project';
import { createTestDatabase, describeEachPostgres, type TestDatabase } from '../testing/postgres';

/** Postgres takes this for the schema that is named like the user, and there is none. */
const NOWHERE = '$user';
const SINGLE: MigrateOptions = { transaction: 'single' };
const users = tableMigration('20250101000000', 'users');
const teams = tableMigration('20250102000000', 'teams');

describeEachPostgres('a schema that cannot be used', (server) => {
  let database: TestDatabase;
  let role: string;
  const projects: TestProject[] = [];
  beforeEach(async () => {
    database = await createTestDatabase(server);
    role = `deployer_of_${database.name}`;
    await database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'; CREATE SCHEMA app`);
  });
  afterEach(async () => {
    for (const project of projects.splice(0)) project.remove();
    await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    await database.drop();
  });

  /** The owner's project, or that of a user who may do only what a test grants. */
  function projectOf(who: 'owner' | 'deployer', schema: string, ...migrations: (typeof users)[]) {
    const url = new URL(database.url);
    if (who === 'deployer') Object.assign(url, { username: role, password: 'secret' });
    const project = createProject({ url: url.href, migrations, environment: { schema } });
    projects.push(project);
    return project;
  }
  /** Every table that there is, temporary ones too, without the history's. */
  const tables = async () =>
    (
      await database.query<{ name: string }>(
        `SELECT schemaname || '.' || tablename AS name FROM pg_tables
          WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND tablename NOT LIKE 'migration_%' ORDER BY 1`,
      )
    ).map(({ name }) => name);
  const history = (schema: string) =>
    database.query<{ name: string; state: string; code: string | null }>(
      `SELECT migration_name AS name, state, error_code AS code FROM "${schema}".migration_history ORDER BY id`,
    );

  it('is refused with what to grant before anything is touched, where it is closed to the user', async () => {
    const agent = await projectOf('deployer', 'app', users, teams).agent();
    expect(await refusal(agent.migrate(SINGLE))).toMatchObject({
      code: 'PERMISSION_DENIED',
      message: expect.stringContaining('permission denied for schema app'),
      hint: expect.stringContaining('CREATE on schema "app"'),
    });
    expect(await tables()).toEqual([]);
  });

  it('fails a single transaction whole and on record, where only creating is not allowed', async () => {
    await (await projectOf('owner', 'app', users).agent()).migrate();
    await database.query(
      `GRANT USAGE ON SCHEMA app TO ${role}; GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA app TO ${role}`,
    );
    const fill = { ...teams, name: 'fill', up: ['INSERT INTO users VALUES (1)'] };
    const more = tableMigration('20250103000000', 'more');
    const agent = await projectOf('deployer', 'app', users, fill, more).agent();

    const { failed, done, notReached } = await agent.migrate(SINGLE);

    expect(done).toEqual([]);
    expect(notReached).toEqual(['shop:20250102000000']);
    expect(failed).toMatchObject({
      name: 'more',
      error: { code: 'MIGRATION_FAILED', hint: expect.stringContaining('lacks a right') },
    });
    expect(failed?.error.message).toContain('permission denied for schema app');
    expect(failed?.guidance[0]).toContain('as it was before');
    expect(await database.query('SELECT FROM app.users')).toEqual([]);
    expect(await history('app')).toEqual([
      { name: 'users', state: 'applied', code: null },
      { name: 'more', state: 'failed', code: 'MIGRATION_FAILED' },
    ]);
    // Nothing is lost: once the right is granted, the same command does all of it.
    await database.query(`GRANT CREATE ON SCHEMA app TO ${role}`);
    expect(await agent.migrate(SINGLE)).toMatchObject({ status: 'done' });
    expect(await tables()).toEqual(['app.more', 'app.users']);
  });

  it.each([
    ['in a single transaction', SINGLE, {}, ['failed']],
    ['in a transaction each', {}, {}, ['failed']],
    // Its tables would be made among the temporary ones, and vanish with the session.
    ['without a transaction', {}, { transaction: false }, ['running', 'failed']],
  ])('fails a run %s, where there is none', async (_, options, changes, states) => {
    const project = projectOf('owner', NOWHERE, { ...users, ...changes }, { ...teams, ...changes });

    const { failed, done, notReached } = await (await project.agent()).migrate(options);

    expect(done).toEqual([]);
    expect(notReached).toEqual(['shop:20250102000000']);
    expect(failed).toMatchObject({
      name: 'users',
      error: {
        code: 'PERMISSION_DENIED',
        message: expect.stringContaining(`None of the schemas ${NOWHERE} can be used`),
        hint: expect.stringContaining('Create the schema'),
      },
    });
    expect(await tables()).toEqual([]);
    expect((await history(NOWHERE)).map(({ state }) => state)).toEqual(states);

    await database.query('CREATE SCHEMA postgres');
    expect(await (await project.agent()).migrate(options)).toMatchObject({ status: 'done' });
    expect(await tables()).toEqual(['postgres.teams', 'postgres.users']);
  });
});
