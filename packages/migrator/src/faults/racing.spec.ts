import { closeGate } from '../testing/faults/gate';
import { historyRows, latestStates, tableNames } from '../testing/faults/look';
import { ffOn } from '../testing/faults/process';
import { createProject, tableMigration, type TestProject } from '../testing/faults/project';
import { createTestDatabase, describeEachPostgres, type TestDatabase } from '../testing/postgres';

jest.setTimeout(180_000);

/** Processes and migrations of the big race. */
const PROCESSES = 8;
const MIGRATIONS = 100;

describeEachPostgres('runners that race', (server) => {
  let database: TestDatabase;
  const projects: TestProject[] = [];
  beforeEach(async () => {
    database = await createTestDatabase(server);
  });
  afterEach(async () => {
    for (const project of projects.splice(0)) project.remove();
    await database.drop();
  });

  function projectOf(options: Omit<Parameters<typeof createProject>[0], 'url'>): TestProject {
    const project = createProject({ url: database.url, ...options });
    projects.push(project);
    return project;
  }

  it('of different projects do not wait for each other', async () => {
    const gate = await closeGate(database);
    const { up, ...invoices } = tableMigration('20250101000000', 'invoices');
    const billing = projectOf({
      name: 'billing',
      migrations: [{ ...invoices, up: [...up, gate.sql] }],
    });
    const users = projectOf({
      name: 'users',
      migrations: [tableMigration('20250101000000', 'users')],
    });
    const web = projectOf({ name: 'web', migrations: [tableMigration('20250101000000', 'flags')] });
    const slow = (await billing.agent()).migrate();
    await gate.reached();
    // The first one is in the middle of its work, and stays there until the others are done.
    expect(await (await users.agent()).migrate()).toMatchObject({ status: 'done' });
    expect(await (await web.agent()).migrate()).toMatchObject({ status: 'done' });
    expect(await tableNames(database)).toEqual(['flags', 'users']);
    await gate.open();
    expect(await slow).toMatchObject({ status: 'done' });
    expect(await tableNames(database)).toEqual(['flags', 'invoices', 'users']);
  });

  it('of one project wait in turn, and say for whom', async () => {
    const gate = await closeGate(database);
    const { up, ...users } = tableMigration('20250101000000', 'users');
    const shop = projectOf({ migrations: [{ ...users, up: [gate.sql, ...up] }] });
    const first = (await shop.agent()).migrate();
    const pid = await gate.reached();
    const second = (await shop.agent()).migrate();
    expect(await shop.event('waiting-for-runner')).toMatchObject({
      project: 'shop',
      holder: { pid, applicationName: 'flashfusion shop', user: 'postgres' },
    });
    await gate.open();
    expect(await first).toMatchObject({ status: 'done' });
    expect(await second).toMatchObject({ status: 'nothing-to-do' });
    expect(await historyRows(database)).toHaveLength(1);
  });

  it('with a lock wait of 0 fail at once, name the holder, and touch nothing', async () => {
    const gate = await closeGate(database);
    const { up, ...users } = tableMigration('20250101000000', 'users');
    const shop = projectOf({ migrations: [{ ...users, up: [gate.sql, ...up] }] });
    const first = (await shop.agent()).migrate();
    const pid = await gate.reached();
    const { exitCode, stderr } = await ffOn(shop, 'migrate', '--lock-wait=0');
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(new RegExp(`LOCK_HELD[^]*pid ${pid} \\(flashfusion shop\\)`));
    await gate.open();
    expect(await first).toMatchObject({ status: 'done' });
  });

  it('on a database without a history: each of three projects makes it or finds it', async () => {
    const names = ['users', 'billing', 'web'];
    const agents = await Promise.all(
      names.map((name) =>
        projectOf({ name, migrations: [tableMigration('20250101000000', `of_${name}`)] }).agent(),
      ),
    );
    const results = await Promise.all(agents.map((agent) => agent.migrate()));
    expect(results.map(({ status }) => status)).toEqual(['done', 'done', 'done']);
    expect(await latestStates(database)).toEqual({
      of_users: 'applied',
      of_billing: 'applied',
      of_web: 'applied',
    });
  });

  it(`${PROCESSES} processes, ${MIGRATIONS} migrations, no history yet: each body runs once`, async () => {
    await database.query('CREATE TABLE bodies (version text)');
    const versions = Array.from({ length: MIGRATIONS }, (_, index) =>
      String(20250101000000 + Math.floor(index / 60) * 100 + (index % 60)),
    );
    const shop = projectOf({
      migrations: versions.map((version) => ({
        version,
        name: `step_${version}`,
        up: [`INSERT INTO bodies VALUES ('${version}')`],
      })),
      environment: { lockWait: '120s' },
    });
    const ended = await Promise.all(Array.from({ length: PROCESSES }, () => ffOn(shop, 'migrate')));
    expect(ended.map(({ exitCode, stderr }) => [exitCode, exitCode === 0 ? '' : stderr])).toEqual(
      Array.from({ length: PROCESSES }, () => [0, '']),
    );
    const bodies = await database.query<{ version: string }>(
      'SELECT version FROM bodies ORDER BY 1',
    );
    expect(bodies.map(({ version }) => version)).toEqual(versions);
    expect(await historyRows(database)).toHaveLength(MIGRATIONS);
  });
});
