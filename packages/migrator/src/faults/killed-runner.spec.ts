import { describeGated } from '../testing/faults/describe-gated';
import { startFaultProxy, type FaultProxy } from '../testing/faults/fault-proxy';
import { closeGate, type Gate } from '../testing/faults/gate';
import { backendIsGone, historyRows, latestStates, tableNames } from '../testing/faults/look';
import { ffOn, startFfOn } from '../testing/faults/process';
import { createProject, tableMigration, type TestProject } from '../testing/faults/project';
import { createTestDatabase, describeEachPostgres, type TestDatabase } from '../testing/postgres';

jest.setTimeout(60_000);

describeGated('a runner that is killed (SIGKILL)', (scene) => {
  it('in the middle of a statement: the server notices, rolls back and frees the lock', async () => {
    const { database, gate } = scene();
    const { up, ...teams } = tableMigration('20250102000000', 'teams');
    const project = scene().project([
      tableMigration('20250101000000', 'users'),
      { ...teams, up: [...up, gate.sql] },
    ]);
    const killed = startFfOn(project, 'migrate');
    const backend = await gate.reached();
    await killed.kill();
    // The gate is still closed: the statement has not ended by itself.
    await backendIsGone(database, backend);
    expect(await tableNames(database)).toEqual(['users']);
    expect(await latestStates(database)).toEqual({ users: 'applied' });

    await gate.open();
    expect(await (await project.agent()).migrate()).toMatchObject({ status: 'done' });
    expect(await tableNames(database)).toEqual(['teams', 'users']);
  });

  it('while another one waits: that one gets the lock and does the work', async () => {
    const { database, gate } = scene();
    const { up, ...teams } = tableMigration('20250102000000', 'teams');
    const project = scene().project([{ ...teams, up: [gate.sql, ...up] }]);
    const killed = startFfOn(project, 'migrate');
    const backend = await gate.reached();
    const next = (await project.agent()).migrate();
    expect(await project.event('waiting-for-runner')).toMatchObject({ holder: { pid: backend } });
    await killed.kill();
    await backendIsGone(database, backend);
    await gate.open();
    expect(await next).toMatchObject({ status: 'done' });
    expect(await tableNames(database)).toEqual(['teams']);
  });
});

describeEachPostgres('a migration without a transaction whose runner is killed', (server) => {
  let database: TestDatabase;
  let proxy: FaultProxy;
  let gate: Gate;
  let project: TestProject;

  /** Each statement leaves a mark each time it runs. */
  beforeEach(async () => {
    database = await createTestDatabase(server);
    proxy = await startFaultProxy(server.port);
    gate = await closeGate(database);
    await database.query('CREATE TABLE marks (statement text)');
    project = createProject({
      url: proxy.through(database.url),
      migrations: [
        {
          version: '20250101000000',
          name: 'steps',
          transaction: false,
          send: 'script',
          up: [`INSERT INTO marks VALUES ('first')`, gate.sql, `INSERT INTO marks VALUES ('last')`],
        },
        tableMigration('20250102000000', 'after'),
      ],
      environment: { reconnectTimeout: '200ms' },
    });
  });
  afterEach(async () => {
    project.remove();
    await proxy.stop();
    await database.drop();
  });

  const marks = async () =>
    (await database.query<{ statement: string }>('SELECT statement FROM marks')).map(
      ({ statement }) => statement,
    );

  /** The connection dies before the last statement, and the runner cannot come back to say so. */
  async function interrupt(): Promise<void> {
    await gate.open();
    proxy.arm({
      at: (sql) => sql.includes("'last'"),
      action: { kind: 'cut-before' },
      afterwards: 'unreachable',
    });
    await (await project.agent()).migrate();
    proxy.letThrough();
    expect(await latestStates(database)).toEqual({ steps: 'running' });
  }

  it('inside a statement: status shows it, migrate refuses, resume goes on behind what is done', async () => {
    const killed = startFfOn(project, 'migrate');
    const backend = await gate.reached();
    await killed.kill();
    await backendIsGone(database, backend);
    expect(await marks()).toEqual(['first']);

    const status = await ffOn(project, 'status', '--json');
    expect(JSON.parse(status.stdout)).toMatchObject({
      migrations: [
        { name: 'steps', state: 'running' },
        { name: 'after', state: 'pending' },
      ],
      problems: [{ code: 'INTERRUPTED', where: expect.stringContaining('20250101000000') }],
    });
    const refused = await ffOn(project, 'migrate');
    expect(refused).toMatchObject({ exitCode: 2 });
    expect(refused.stderr).toMatch(/INTERRUPTED[^]*repair/);

    await gate.open();
    const shown = await ffOn(project, 'repair', 'steps');
    expect(shown.stdout).toContain('--resume');
    expect(await latestStates(database)).toEqual({ steps: 'running' });
    const resumed = await ffOn(project, 'repair', 'steps', '--resume');
    expect(resumed).toMatchObject({ exitCode: 0 });
    expect(await marks()).toEqual(['first', 'last']);
    expect(await (await project.agent()).migrate()).toMatchObject({ status: 'done' });
    expect(await latestStates(database)).toEqual({ steps: 'applied', after: 'applied' });
  });

  it('between two statements: resume runs what is left, and nothing twice', async () => {
    await gate.open();
    const running: { process?: ReturnType<typeof startFfOn> } = {};
    proxy.arm({
      at: (sql) => sql.includes("'last'"),
      action: { kind: 'cut-before', act: async () => running.process?.kill() },
    });
    running.process = startFfOn(project, 'migrate');
    await running.process.finished;
    expect(await marks()).toEqual(['first']);
    const rows = await historyRows(database);
    expect(rows.at(-1)).toMatchObject({ state: 'running', finished_statements: 2 });

    const resumed = await (
      await project.agent()
    ).repair({ migration: 'steps', action: 'resume', mode: 'run' });
    expect(resumed).toMatchObject({ status: 'done' });
    expect(await marks()).toEqual(['first', 'last']);
  });

  it.each([
    ['mark-applied', 'applied', ['first']],
    ['mark-reverted', 'reverted', ['first', 'first', 'last']],
  ] as const)('%s is one audited row', async (action, state, after) => {
    await interrupt();
    const before = await historyRows(database);
    const agent = await project.agent();
    expect(await agent.repair({ migration: 'steps', action, mode: 'run' })).toMatchObject({
      status: 'done',
    });
    const added = (await historyRows(database)).slice(before.length);
    expect(added).toMatchObject([{ name: 'steps', action: 'repair', state, success: true }]);
    // Marked as applied it is not run again, marked as reverted it starts at its beginning.
    expect(await agent.migrate()).toMatchObject({ status: 'done' });
    expect(await marks()).toEqual(after);
  });

  it('refuses to choose by itself', async () => {
    await interrupt();
    const agent = await project.agent();
    await expect(agent.repair({ mode: 'run' })).rejects.toMatchObject({
      code: 'CONFIRMATION_REQUIRED',
    });
    await expect(agent.rollback({ selection: { kind: 'last', count: 1 } })).rejects.toMatchObject({
      name: 'MigratorError',
    });
    expect(await latestStates(database)).toEqual({ steps: 'running' });
  });
});
