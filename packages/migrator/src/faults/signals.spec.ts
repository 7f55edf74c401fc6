import { describeGated } from '../testing/faults/describe-gated';
import { startFaultProxy } from '../testing/faults/fault-proxy';
import { historyRows, latestStates, tableNames } from '../testing/faults/look';
import { startFfOn } from '../testing/faults/process';
import { tableMigration } from '../testing/faults/project';
import { until } from '../testing/faults/until';

jest.setTimeout(60_000);

describeGated('SIGINT', (scene, server) => {
  it('during a statement: cancels it, rolls back, records, exits with 130', async () => {
    const { database, gate } = scene();
    const { up, ...teams } = tableMigration('20250102000000', 'teams');
    const project = scene().project([
      tableMigration('20250101000000', 'users'),
      { ...teams, up: [...up, gate.sql] },
    ]);
    const { child, finished } = startFfOn(project, 'migrate');
    await gate.reached();
    child.kill('SIGINT');
    const { exitCode, stdout } = await finished;
    expect(exitCode).toBe(130);
    expect(stdout).toMatch(/Applied 1 migration[^]*CANCELLED/);
    expect(await tableNames(database)).toEqual(['users']);
    const last = (await historyRows(database)).at(-1);
    expect(last).toMatchObject({ name: 'teams', state: 'failed', error_code: 'CANCELLED' });
  });

  it('during a migration without a transaction: what had finished is known', async () => {
    const { database, gate } = scene();
    const project = scene().project([
      {
        ...tableMigration('20250101000000', 'users'),
        up: ['CREATE TABLE users (id int)', gate.sql, 'CREATE TABLE never (id int)'],
        send: 'script',
        transaction: false,
      },
    ]);
    const { child, finished } = startFfOn(project, 'migrate');
    await gate.reached();
    child.kill('SIGINT');
    expect(await finished).toMatchObject({ exitCode: 130 });
    expect(await tableNames(database)).toEqual(['users']);
    expect((await historyRows(database)).at(-1)).toMatchObject({
      state: 'failed',
      error_code: 'CANCELLED',
      finished_statements: 1,
    });
    // The next run goes on behind the statement that had finished: it would fail if it were run again.
    await gate.open();
    expect(await (await project.agent()).migrate()).toMatchObject({ status: 'done' });
    expect(await tableNames(database)).toEqual(['never', 'users']);
  });

  it('while waiting for another runner: touches nothing, exits with 130', async () => {
    const { database, gate } = scene();
    const { up, ...teams } = tableMigration('20250102000000', 'teams');
    const project = scene().project([{ ...teams, up: [gate.sql, ...up] }]);
    const first = (await project.agent()).migrate();
    await gate.reached();
    const second = startFfOn(project, 'migrate');
    await second.said('waiting');
    second.child.kill('SIGINT');
    expect(await second.finished).toMatchObject({ exitCode: 130 });
    await gate.open();
    expect(await first).toMatchObject({ status: 'done' });
    expect(await latestStates(database)).toEqual({ teams: 'applied' });
  });

  it('a second time quits at once, also when the server does not answer any more', async () => {
    const { database } = scene();
    const proxy = await startFaultProxy(server.port);
    const project = scene().project(
      [tableMigration('20250101000000', 'users')],
      proxy.through(database.url),
    );
    proxy.arm({
      at: (sql) => sql.includes('CREATE TABLE users'),
      action: { kind: 'meanwhile', act: () => new Promise(() => undefined) },
      afterwards: 'unreachable',
    });
    const running = startFfOn(project, 'migrate');
    await until('the statement is stuck', () => Promise.resolve(proxy.struck.length > 0));
    running.child.kill('SIGINT');
    await running.said('Cancelling');
    await running.insist('SIGINT');
    expect(await running.finished).toMatchObject({ exitCode: 130 });
    await proxy.stop();
    expect(await tableNames(database)).toEqual([]);
  });
});
