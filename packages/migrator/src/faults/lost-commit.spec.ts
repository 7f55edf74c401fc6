import { createTestDatabase, describeEachPostgres, type TestDatabase } from '../testing/postgres';
import { startFaultProxy, type Fault, type FaultProxy } from '../testing/faults/fault-proxy';
import { isCommit } from '../testing/faults/frontend-messages';
import { closeGate, type Gate } from '../testing/faults/gate';
import { historyRows, latestStates, tableNames } from '../testing/faults/look';
import { ffOn } from '../testing/faults/process';
import { createProject, tableMigration, type TestProject } from '../testing/faults/project';

const USERS = 'CREATE TABLE users (id int)';
const TEAMS = 'CREATE TABLE teams (id int)';
const DROPPED: Fault = { at: isCommit, action: { kind: 'cut-before' } };
const SWALLOWED: Fault = { at: isCommit, action: { kind: 'swallow-answer' } };
const WHEN_SENT: Fault = { at: isCommit, action: { kind: 'cut-when-sent' } };

describeEachPostgres('a connection that is lost at COMMIT', (server) => {
  let database: TestDatabase;
  let proxy: FaultProxy;
  let project: TestProject;

  beforeEach(async () => {
    database = await createTestDatabase(server);
    proxy = await startFaultProxy(server.port);
    project = createProject({
      url: proxy.through(database.url),
      migrations: [tableMigration('20250101000000', 'users')],
      environment: { reconnectTimeout: '20s' },
    });
    // The history is there before the faults begin: they strike the COMMIT of a migration, not of the bootstrap.
    await (await project.agent()).migrate();
    project.write(
      tableMigration('20250102000000', 'teams'),
      tableMigration('20250103000000', 'invoices'),
    );
  });
  afterEach(async () => {
    project.remove();
    await proxy.stop();
    await database.drop();
  });

  it('before the server got it: nothing is committed, the failure is recorded, a second run applies', async () => {
    proxy.arm(DROPPED);
    const failed = await (await project.agent()).migrate();
    expect(proxy.struck).toEqual(['COMMIT']);
    expect(failed).toMatchObject({
      status: 'failed',
      failed: { id: 'shop:20250102000000', error: { code: 'CONNECTION_LOST' } },
      notReached: ['shop:20250103000000'],
    });
    expect(await tableNames(database)).toEqual(['users']);
    expect(await latestStates(database)).toEqual({ users: 'applied', teams: 'failed' });

    expect(await (await project.agent()).migrate()).toMatchObject({ status: 'done' });
    expect(await tableNames(database)).toEqual(['invoices', 'teams', 'users']);
  });

  it('after the server did it: it counts as applied, once, and the run goes on', async () => {
    proxy.arm(SWALLOWED);
    const result = await (await project.agent()).migrate();
    expect(proxy.struck).toEqual(['COMMIT']);
    expect(result).toMatchObject({ status: 'done', failed: undefined });
    expect(result.done.map(({ name }) => name)).toEqual(['teams', 'invoices']);
    expect(await project.event('reconnecting')).toMatchObject({ id: 'shop:20250102000000' });
    const rows = await historyRows(database);
    expect(rows.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'users applied',
      'teams applied',
      'invoices applied',
    ]);
  });

  it.each([
    ['swallow-answer', ['teams', 'invoices'], undefined],
    ['cut-before', [], 'CONNECTION_LOST'],
  ] as const)(
    'at the last row of a migration without a transaction: %s is reported as the history has it',
    async (kind, done, code) => {
      project.write({ ...tableMigration('20250102000000', 'teams'), transaction: false });
      let rows = 0;
      // The first row says that it is running.
      const at = (sql: string) => /INSERT INTO .*migration_history/s.test(sql) && ++rows === 2;
      proxy.arm({ at, action: { kind } });
      const result = await (await project.agent()).migrate();
      expect(proxy.struck).toHaveLength(1);
      expect(result.failed?.error.code).toBe(code);
      expect(result.done.map(({ name }) => name)).toEqual(done);
      const states = await latestStates(database);
      expect(states['teams']).toBe(code === undefined ? 'applied' : 'failed');
    },
  );

  it('is told apart also where the server may still be at it', async () => {
    proxy.arm({ at: isCommit, action: { kind: 'cut-when-sent' } });
    const result = await (await project.agent()).migrate();
    expect(proxy.struck).toEqual(['COMMIT']);
    const states = await latestStates(database);
    const tables = await tableNames(database);
    expect(tables.includes('teams')).toBe(states['teams'] === 'applied');
    expect(result.done.some(({ name }) => name === 'teams')).toBe(states['teams'] === 'applied');
  });

  it('of a rollback is resolved the same way', async () => {
    await (await project.agent()).migrate();
    const last = { selection: { kind: 'last', count: 1 } } as const;
    proxy.arm(DROPPED);
    const kept = await (await project.agent()).rollback(last);
    expect(kept).toMatchObject({
      status: 'failed',
      failed: { error: { code: 'CONNECTION_LOST' } },
    });
    expect(await tableNames(database)).toContain('invoices');
    expect(await latestStates(database)).toMatchObject({ invoices: 'applied' });

    proxy.arm(SWALLOWED);
    expect(await (await project.agent()).rollback(last)).toMatchObject({ status: 'done' });
    expect(await tableNames(database)).not.toContain('invoices');
    expect(await latestStates(database)).toMatchObject({ invoices: 'reverted' });
  });

  it.each([
    ['dropped', DROPPED, []],
    ['swallowed', SWALLOWED, ['invoices', 'teams']],
  ] as const)(
    'of all migrations in one transaction, %s: all of them or none',
    async (_, fault, expected) => {
      proxy.arm(fault);
      const result = await (await project.agent()).migrate({ transaction: 'single' });
      expect(result.status).toBe(expected.length > 0 ? 'done' : 'failed');
      expect(result.done).toHaveLength(expected.length);
      expect(await tableNames(database)).toEqual([...expected, 'users']);
    },
  );

  it('before all migrations in one transaction were begun: the run failed, at the first of them', async () => {
    proxy.arm({ at: (sql) => sql.includes('; BEGIN; '), action: { kind: 'cut-before' } });
    const result = await (await project.agent()).migrate({ transaction: 'single' });
    expect(proxy.struck).toHaveLength(1);
    expect(result).toMatchObject({
      status: 'failed',
      done: [],
      failed: { name: 'teams', error: { code: 'CONNECTION_LOST' } },
      notReached: ['shop:20250103000000'],
    });
    expect(await latestStates(database)).toEqual({ users: 'applied', teams: 'failed' });
    expect(await tableNames(database)).toEqual(['users']);
  });

  describe.each([
    ['before the server got it', DROPPED],
    ['after the server did it', SWALLOWED],
    ['while the server may be at it', WHEN_SENT],
  ] as const)('that carries rows over to a new name, %s', (_, fault) => {
    const carried = [
      'shop users apply applied',
      '@acme/shop users repair applied',
      '@acme/shop teams apply applied',
      '@acme/shop invoices apply applied',
    ];
    const rows = async () =>
      (await historyRows(database)).map(
        ({ project, name, action, state }) => `${project} ${name} ${action} ${state}`,
      );
    beforeEach(() => project.configure({ project: '@acme/shop', renamedFrom: ['shop'] }));

    it('A3: lets the run continue, and carries each row over once', async () => {
      proxy.arm(fault);
      const result = await (await project.agent()).migrate();
      expect(proxy.struck).toEqual(['COMMIT']);
      expect(result).toMatchObject({ status: 'done', failed: undefined });
      expect(result.done.map(({ name }) => name)).toEqual(['teams', 'invoices']);
      expect(await rows()).toEqual(carried);
    });

    it('A3: lets a rollback continue, too', async () => {
      proxy.arm(fault);
      const last = { selection: { kind: 'last', count: 1 } } as const;
      expect(await (await project.agent()).rollback(last)).toMatchObject({ status: 'done' });
      expect(proxy.struck).toEqual(['COMMIT']);
      expect(await tableNames(database)).toEqual([]);
      expect(await rows()).toEqual([...carried.slice(0, 2), '@acme/shop users revert reverted']);
    });
  });

  it('A3: of the first migration after rows were carried over is resolved as always', async () => {
    project.configure({ project: '@acme/shop', renamedFrom: ['shop'] });
    let commits = 0;
    proxy.arm({ ...SWALLOWED, at: (sql) => isCommit(sql) && ++commits === 2 });
    const result = await (await project.agent()).migrate();
    expect(proxy.struck).toEqual(['COMMIT']);
    expect(result).toMatchObject({ status: 'done', failed: undefined });
    expect(await historyRows(database)).toHaveLength(4);
  });

  it('A3: that stays away while rows are carried over ends the run, and the next one continues', async () => {
    project.configure({ project: '@acme/shop', renamedFrom: ['shop'] });
    proxy.arm({ ...SWALLOWED, afterwards: 'unreachable' });
    await expect((await project.agent()).migrate()).rejects.toMatchObject({
      name: 'MigratorError',
    });
    expect(await tableNames(database)).toEqual(['users']);
    proxy.letThrough();
    expect((await (await project.agent()).migrate()).done).toHaveLength(2);
    expect(await historyRows(database)).toHaveLength(4);
  });

  it('between two rollbacks: the first one stays done and is told', async () => {
    await (await project.agent()).migrate();
    let reads = 0;
    proxy.arm({
      at: (sql) => /SELECT[^]*rollback_data/i.test(sql) && !/INSERT/i.test(sql) && ++reads === 2,
      action: { kind: 'cut-before' },
    });
    const agent = await project.agent();
    const result = await agent.rollback({ selection: { kind: 'last', count: 2 } });
    expect(proxy.struck).toHaveLength(1);
    expect(result).toMatchObject({
      status: 'failed',
      done: [{ name: 'invoices' }],
      failed: { name: 'teams', error: { code: 'CONNECTION_LOST' } },
    });
    expect(await tableNames(database)).toEqual(['teams', 'users']);
  });

  it('before anything was begun is an error that says so', async () => {
    proxy.arm({ at: () => true, action: { kind: 'cut-before' } });
    await expect((await project.agent()).migrate()).rejects.toMatchObject({
      name: 'MigratorError',
    });
    proxy.arm({ at: (sql) => sql.includes('migration_history'), action: { kind: 'cut-before' } });
    await expect((await project.agent()).migrate()).rejects.toMatchObject({
      code: 'CONNECTION_LOST',
      hint: expect.stringContaining('status'),
    });
    expect(await tableNames(database)).toEqual(['users']);
  });

  it('is of unknown outcome only when the server does not come back', async () => {
    const impatient = createProject({
      url: proxy.through(database.url),
      migrations: [
        tableMigration('20250101000000', 'users'),
        tableMigration('20250102000000', 'teams'),
      ],
      environment: { reconnectTimeout: '200ms' },
    });
    proxy.arm({ ...SWALLOWED, afterwards: 'unreachable' });
    const result = await (await impatient.agent()).migrate();
    expect(result).toMatchObject({
      status: 'failed',
      failed: { error: { code: 'OUTCOME_UNKNOWN' } },
    });
    expect(result.failed?.guidance.join(' ')).toContain('ff db status');

    // What the guidance says is true: the history tells, as soon as the server can be reached.
    proxy.letThrough();
    expect(await latestStates(database)).toEqual({ users: 'applied', teams: 'applied' });
    expect(await (await impatient.agent()).migrate()).toMatchObject({ status: 'nothing-to-do' });
    impatient.remove();
  });

  it('of unknown outcome makes ff exit with 4', async () => {
    const impatient = createProject({
      url: proxy.through(database.url),
      migrations: [
        tableMigration('20250101000000', 'users'),
        tableMigration('20250102000000', 'teams'),
      ],
      environment: { reconnectTimeout: '200ms' },
    });
    proxy.arm({ ...SWALLOWED, afterwards: 'unreachable' });
    const { exitCode, stdout } = await ffOn(impatient, 'migrate');
    expect(exitCode).toBe(4);
    expect(stdout).toContain('OUTCOME_UNKNOWN');
    proxy.letThrough();
    expect(await ffOn(impatient, 'migrate')).toMatchObject({ exitCode: 0 });
    impatient.remove();
  });

  it('while the history table is being made leaves nothing half made', async () => {
    const fresh = await createTestDatabase(server);
    const first = createProject({
      url: proxy.through(fresh.url),
      migrations: [tableMigration('20250101000000', 'users')],
    });
    proxy.arm({
      at: (sql) => /CREATE TABLE.*migration_history/is.test(sql),
      action: { kind: 'cut-when-sent' },
    });
    await expect((await first.agent()).migrate()).rejects.toMatchObject({ name: 'MigratorError' });
    expect(proxy.struck).toHaveLength(1);
    expect(await (await first.agent()).migrate()).toMatchObject({ status: 'done' });
    expect(await tableNames(fresh)).toEqual(['users']);
    first.remove();
    await fresh.drop();
  });
});

describeEachPostgres('a connection that is lost at COMMIT while another runner waits', (server) => {
  let database: TestDatabase;
  let proxy: FaultProxy;
  let projects: { readonly first: TestProject; readonly second: TestProject };
  /** Before the COMMIT that is struck, and in the migration behind it. */
  let gates: { readonly before: Gate; readonly behind: Gate };

  beforeEach(async () => {
    database = await createTestDatabase(server);
    proxy = await startFaultProxy(server.port);
    gates = { before: await closeGate(database), behind: await closeGate(database) };
    const project = (url: string) =>
      createProject({
        url,
        migrations: [
          { version: '20250101000000', name: 'users', up: [gates.before.sql, USERS] },
          { version: '20250102000000', name: 'teams', up: [gates.behind.sql, TEAMS] },
        ],
        environment: { reconnectTimeout: '30s', lockWait: '30s' },
      });
    projects = { first: project(proxy.through(database.url)), second: project(database.url) };
  });
  afterEach(async () => {
    projects.first.remove();
    projects.second.remove();
    await proxy.stop();
    await database.drop();
  });

  /** Both run; the first loses its connection and cannot come back before the second has got to the gate behind. */
  async function overtake(fault: Fault) {
    const first = (await projects.first.agent()).migrate();
    await gates.before.reached();
    const second = (await projects.second.agent()).migrate();
    await projects.second.event('waiting-for-runner');
    proxy.arm({ ...fault, afterwards: 'unreachable' });
    await gates.before.open();
    await gates.behind.reached();
    return { first, second };
  }
  const rows = async () =>
    (await historyRows(database)).map(({ name, state }) => `${name} ${state}`);
  const OVERTAKEN = {
    status: 'failed',
    done: [{ name: 'users' }],
    failed: { name: 'teams', error: { code: 'LOCK_HELD' } },
  };

  it('is resolved though that one has the lock, and the rest is left to it', async () => {
    const { first, second } = await overtake(SWALLOWED);
    proxy.letThrough();
    const result = await first;
    expect(result).toMatchObject(OVERTAKEN);
    expect(result.failed?.guidance[0]).toContain('The run stopped before shop:20250102000000');

    await gates.behind.open();
    expect(await second).toMatchObject({ status: 'done', done: [{ name: 'teams' }] });
    expect(await rows()).toEqual(['users applied', 'teams applied']);
  });

  it('is resolved when that one has done the rest and gone', async () => {
    const { first, second } = await overtake(SWALLOWED);
    await gates.behind.open();
    await second;
    proxy.letThrough();
    expect(await first).toMatchObject(OVERTAKEN);
    expect(await rows()).toEqual(['users applied', 'teams applied']);
  });

  it('and was not committed is a failure, of which the other one’s history has no row', async () => {
    const { first, second } = await overtake(DROPPED);
    proxy.letThrough();
    expect(await first).toMatchObject({
      status: 'failed',
      failed: { name: 'users', error: { code: 'CONNECTION_LOST' } },
    });
    await gates.behind.open();
    expect(await second).toMatchObject({ status: 'done', done: [{}, {}] });
    expect(await rows()).toEqual(['users applied', 'teams applied']);
  });
});
