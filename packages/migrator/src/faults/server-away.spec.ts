import { startServer, type EmbeddedServer } from '../testing/embedded-server';
import { createTestDatabase, describeEachPostgres, type TestDatabase } from '../testing/postgres';
import { startFaultProxy, type FaultProxy } from '../testing/faults/fault-proxy';
import { isCommit } from '../testing/faults/frontend-messages';
import { closeGate, type Gate } from '../testing/faults/gate';
import { latestStates, tableNames } from '../testing/faults/look';
import { createProject, tableMigration, type TestProject } from '../testing/faults/project';
import { until } from '../testing/faults/until';

jest.setTimeout(60_000);

/** `users` is quick, `teams` waits at the gate: in `up`, or when it is validated. */
function gatedProject(url: string, gate: Gate, where: 'up' | 'validate'): TestProject {
  const { up, ...teams } = tableMigration('20250102000000', 'teams');
  return createProject({
    url,
    migrations: [
      tableMigration('20250101000000', 'users'),
      where === 'up'
        ? { ...teams, up: [...up, gate.sql] }
        : { ...teams, up, validate: gate.sql.replace('SELECT', 'SELECT true FROM') },
    ],
    environment: { reconnectTimeout: '40s' },
  });
}

describeEachPostgres('a backend that is terminated (57P01)', (server) => {
  let database: TestDatabase;
  let gate: Gate;
  beforeEach(async () => {
    database = await createTestDatabase(server);
    gate = await closeGate(database);
  });
  afterEach(() => database.drop());

  it.each(['up', 'validate'] as const)(
    'during %s: rolled back, recorded, and applied by the next run',
    async (where) => {
      const project = gatedProject(database.url, gate, where);
      const run = (await project.agent()).migrate();
      await database.query('SELECT pg_terminate_backend($1)', [await gate.reached()]);
      expect(await run).toMatchObject({
        status: 'failed',
        done: [{ name: 'users' }],
        failed: { name: 'teams', error: { code: 'CONNECTION_LOST' } },
      });
      expect(await tableNames(database)).toEqual(['users']);
      expect(await latestStates(database)).toEqual({ users: 'applied', teams: 'failed' });

      await gate.open();
      expect(await (await project.agent()).migrate()).toMatchObject({ status: 'done' });
      expect(await tableNames(database)).toEqual(['teams', 'users']);
      project.remove();
    },
  );

  it('while it waits for the lock: says so, and nothing was touched', async () => {
    const project = gatedProject(database.url, gate, 'up');
    const first = (await project.agent()).migrate();
    const owner = await gate.reached();
    const waiting = (await project.agent()).migrate();
    const outcome = expect(waiting).rejects.toMatchObject({
      name: 'MigratorError',
      code: 'CONNECTION_LOST',
    });
    await project.event('waiting-for-runner');
    await until('the one who waits is terminated', async () => {
      const [ended] = await database.query<{ ended: boolean }>(
        `SELECT pg_terminate_backend(pid) AS ended FROM pg_stat_activity
          WHERE datname = current_database() AND application_name = 'flashfusion shop' AND pid <> $1`,
        [owner],
      );
      return ended?.ended;
    });
    await outcome;
    await gate.open();
    expect(await first).toMatchObject({ status: 'done' });
    project.remove();
  });
});

describeEachPostgres('a server that goes away and comes back', ({ major }) => {
  let server: EmbeddedServer;
  let proxy: FaultProxy;
  beforeAll(async () => {
    server = await startServer(major);
    proxy = await startFaultProxy(server.port);
  });
  afterAll(async () => {
    await proxy.stop();
    await server.stop();
  });

  it.each([
    ['restart', 'fast'],
    ['crash', 'immediate'],
  ] as const)('%s during up: rolled back, recorded, applied by the next run', async (_, mode) => {
    const database = await createTestDatabase(server);
    const gate = await closeGate(database);
    const project = gatedProject(database.url, gate, 'up');
    const run = (await project.agent()).migrate();
    await gate.reached();
    await server.shutDown(mode);
    await server.startAgain();
    expect(await run).toMatchObject({
      status: 'failed',
      done: [{ name: 'users' }],
      failed: { name: 'teams', error: { code: 'CONNECTION_LOST' } },
    });
    // The gate went with the server's memory.
    const look = await until('the server answers', () => connectAgain(database.url));
    expect(await tableNames(look)).toEqual(['users']);
    expect(await latestStates(look)).toEqual({ users: 'applied', teams: 'failed' });
    expect(await (await project.agent()).migrate()).toMatchObject({ status: 'done' });
    expect(await tableNames(look)).toEqual(['teams', 'users']);
    await look.end();
    project.remove();
  });

  it.each([
    ['before it got the COMMIT', 'meanwhile', 'failed'],
    ['after it did the COMMIT', 'swallow-answer', 'done'],
  ] as const)('crash %s: the outcome is found out', async (_, kind, expected) => {
    const database = await createTestDatabase(server);
    const project = createProject({
      url: proxy.through(database.url),
      migrations: [tableMigration('20250101000000', 'users')],
      environment: { reconnectTimeout: '40s' },
    });
    await (await project.agent()).migrate();
    project.write(tableMigration('20250102000000', 'teams'));
    const crash = async () => {
      await server.shutDown('immediate');
      await server.startAgain();
    };
    proxy.arm({
      at: isCommit,
      action: kind === 'meanwhile' ? { kind, act: crash } : { kind },
      afterwards: kind === 'meanwhile' ? 'reachable' : 'unreachable',
    });
    const run = (await project.agent()).migrate();
    if (kind === 'swallow-answer') {
      await project.event('reconnecting');
      await crash();
      proxy.letThrough();
    }
    expect(await run).toMatchObject({ status: expected });
    const look = await until('the server answers', () => connectAgain(database.url));
    expect((await tableNames(look)).includes('teams')).toBe(expected === 'done');
    expect((await latestStates(look))['teams']).toBe(expected === 'done' ? 'applied' : 'failed');
    await look.end();
    project.remove();
  });
});

/** A connection of the test's own, after the server has forgotten the first one. */
async function connectAgain(url: string) {
  const { Client } = await import('pg');
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch {
    return undefined;
  }
  return {
    query: async <Row>(sql: string) => (await client.query(sql)).rows as Row[],
    end: () => client.end(),
  };
}
