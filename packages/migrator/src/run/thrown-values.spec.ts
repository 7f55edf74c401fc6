import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { nthVersion } from '../testing/migration-source';
import { plainNode } from '../testing/plain-node';
import { describeOnOldestAndNewest, describeOnServers, type Workspace } from '../testing/workspace';

/** Two migrations: one that is applied, and one whose `up` is the given code. */
function project(workspace: Workspace, up: string) {
  return workspace
    .project()
    .write(
      `${nthVersion(1)}_good.js`,
      `module.exports = { version: '${nthVersion(1)}', name: 'good', up: (db) => db.query('CREATE TABLE good (id int)').then(() => {}) };`,
    )
    .write(
      `${nthVersion(2)}_bad.js`,
      `module.exports = { version: '${nthVersion(2)}', name: 'bad', async up(db) { await db.query('CREATE TABLE bad (id int)'); ${up} } };`,
    );
}

describeOnOldestAndNewest('E2: any thrown value', (workspace) => {
  it.each([
    ['a bigint', 'throw 10n', 'The migration threw 10n, which is no Error.'],
    ['a symbol', "throw Symbol('x')", 'The migration threw Symbol(x), which is no Error.'],
    ['a function', 'throw () => 1', 'The migration threw a function, which is no Error.'],
    ['a circular object', 'const o = {}; o.o = o; throw o', 'threw [object Object]'],
    ['an object with a bigint', 'throw { n: 1n }', 'threw [object Object]'],
    ['an object without a prototype', 'throw Object.create(null)', 'threw {}'],
    ['a number', 'throw 0', 'threw 0'],
    [
      'a proxy that throws',
      "throw new Proxy({}, new Proxy({}, { get() { throw new Error('trap'); } }))",
      'threw ',
    ],
    [
      'getters that throw',
      'throw { get message() { throw 1; }, get code() { throw 2; }, toString() { throw 3; }, toJSON() { throw 4; } }',
      'threw [object Object]',
    ],
    [
      'an error whose message is no string',
      'throw Object.assign(new Error(), { message: 7 })',
      'threw {"message":7}',
    ],
    ['an error with a NUL', "throw new Error('a\\u0000b')", 'a'],
    ['a frozen error', "throw Object.freeze(new Error('cold'))", 'cold'],
    [
      'several errors at once',
      "await Promise.any([Promise.reject(new Error('first reason')), Promise.reject('second reason')])",
      'second reason',
    ],
    [
      'an error of another realm',
      "require('node:vm').runInNewContext(\"throw new Error('far')\")",
      'far',
    ],
  ])('E2: %s fails the migration and is recorded', async (_, up, message) => {
    const api = project(workspace(), up);
    const { status, done, failed } = await api.migrate();
    expect(status).toBe('failed');
    expect(done).toHaveLength(1);
    expect(failed?.error).toMatchObject({
      code: 'MIGRATION_FAILED',
      message: expect.stringContaining(message),
    });
    expect(await api.history()).toEqual(['good apply applied', 'bad apply failed']);
    expect(await workspace().tables()).toEqual(['good']);
  });

  it('E2: a very long message is cut', async () => {
    const api = project(workspace(), "throw new Error('x'.repeat(5_000_000))");
    expect((await api.migrate()).failed?.error.message.length).toBeLessThan(11_000);
    expect(await api.history()).toEqual(['good apply applied', 'bad apply failed']);
  });

  it('E2: validate may return anything', async () => {
    const api = workspace()
      .project()
      .add('odd', { up: 'CREATE TABLE odd (id int)', validate: () => 0n });
    expect((await api.migrate()).failed?.error.message).toContain('returned 0n');
  });
});

describeOnServers('E2: an error that no code catches', (workspace) => {
  /** Migrates in a process of its own: the test runner has its own listeners for such errors. */
  async function migrate(up: string) {
    const api = project(workspace(), up);
    const { ended } = plainNode(`
      const [agent] = await MigrationAgent.load({ projectRoot: ${JSON.stringify(api.root)}, environment: 'development' });
      const { status, done, failed } = await agent.migrate();
      console.log(status, done.length, failed?.error.code, failed?.error.message, failed?.error.hint);
      console.log('listeners', process.listenerCount('uncaughtException') + process.listenerCount('unhandledRejection'));`);
    const { output, exitCode } = await ended;
    return { output, exitCode, history: await api.history() };
  }

  it.each([
    ['a promise that is not awaited', "Promise.reject(new Error('loose'))", 'promise'],
    ['a promise rejected with nothing', 'Promise.reject(undefined)', 'promise'],
    [
      'an async function that is not awaited',
      "(async () => { await null; throw new Error('loose'); })(); await new Promise((r) => setTimeout(r, 50))",
      'promise',
    ],
    [
      'a timer',
      "setTimeout(() => { throw new Error('loose'); }, 1); await new Promise((r) => setTimeout(r, 5_000))",
      'timer',
    ],
    [
      'an event without a listener',
      "const e = new (require('node:events'))(); setImmediate(() => e.emit('error', new Error('loose'))); await db.query('SELECT pg_sleep(0.1)')",
      'event handler',
    ],
    [
      'a bigint in a timer',
      'setImmediate(() => { throw 10n; }); await new Promise((r) => setTimeout(r, 5_000))',
      'timer',
    ],
  ])('E2: %s fails the migration, which is rolled back and recorded', async (_, up, what) => {
    const { output, exitCode, history } = await migrate(up);
    expect(output).toContain('failed 1 MIGRATION_FAILED');
    expect(output).toContain(what);
    expect(output).toContain('listeners 0');
    expect(exitCode).toBe(0);
    expect(history).toEqual(['good apply applied', 'bad apply failed']);
    expect(await workspace().tables()).toEqual(['good']);
  });

  it('E2: in a single transaction, a timer of an earlier migration undoes all', async () => {
    const api = project(workspace(), "await db.query('SELECT pg_sleep(0.2)')");
    api.write(
      `${nthVersion(1)}_good.js`,
      `module.exports = { version: '${nthVersion(1)}', name: 'good', up() { setTimeout(() => { throw new Error('late'); }, 20); } };`,
    );
    const { ended } = plainNode(`
      const [agent] = await MigrationAgent.load({ projectRoot: ${JSON.stringify(api.root)}, environment: 'development' });
      const { status, failed } = await agent.migrate({ transaction: 'single' });
      console.log(status, failed?.error.message);`);
    const { output } = await ended;
    expect(output).toContain('failed A timer or an event handler threw');
    expect(await workspace().tables()).toEqual([]);
  });

  it('E2: what an applied migration left running is logged, and fails no other migration', async () => {
    const api = project(workspace(), "await db.query('SELECT pg_sleep(0.3)')");
    api.write(
      `${nthVersion(1)}_good.js`,
      `module.exports = { version: '${nthVersion(1)}', name: 'good', up() { setTimeout(() => { throw new Error('late'); }, 100); } };`,
    );
    const { ended } = plainNode(`
      const [agent] = await MigrationAgent.load({ projectRoot: ${JSON.stringify(api.root)}, environment: 'development',
        onEvent: (event) => event.type === 'migration-log' && console.log(event.level, event.message) });
      console.log((await agent.migrate()).status);`);
    const { output } = await ended;
    expect(output).toContain(
      `error A timer or an event handler threw after the function of api:${nthVersion(1)} had finished: Error: late`,
    );
    expect(output).toContain('done');
  });

  it('E2: ff --json keeps the results of earlier migrations, and asks for no report', async () => {
    const api = project(
      workspace(),
      "setTimeout(() => { throw new Error('loose'); }, 1); await new Promise((r) => setTimeout(r, 5_000))",
    );
    const ff = join(__dirname, '../../../cli/dist/main.js');
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [ff, 'db', 'migrate', '--json'],
      {
        cwd: api.root,
        env: { ...process.env, NODE_OPTIONS: '', NODE_ENV: 'development' },
        encoding: 'utf8',
      },
    );
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      status: 'failed',
      done: [{ name: 'good' }],
      failed: { name: 'bad', error: { code: 'MIGRATION_FAILED' } },
    });
    expect(stderr).not.toContain('Please report');
  });
});
