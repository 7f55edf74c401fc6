import { rmSync } from 'node:fs';
import { createDatabase } from '../database/create-database';
import { acquireLock, lockKey } from '../database/lock';
import { formatStatus } from '../report/format-status';
import { formatStatusMatrix } from '../report/format-status-matrix';
import { refusal } from '../source/testing/fixtures';
import { nthVersion } from '../testing/migration-source';
import { OPEN } from '../testing/databases';
import { describeOnOldestAndNewest, describeOnServers, type Workspace } from '../testing/workspace';

const V = nthVersion;
const INVOICES = {
  up: async (db: { query(sql: string): Promise<unknown> }) => {
    await db.query('CREATE TABLE invoices (id int PRIMARY KEY)');
    return { table: 'invoices' };
  },
  down: async (
    db: { query(sql: string): Promise<unknown> },
    _agent: unknown,
    data: { table: string },
  ) => {
    await db.query(`DROP TABLE ${data.table}`);
  },
};

/** Every row of the history as `project:version action state attempt`, in order. */
async function rows(workspace: Workspace): Promise<string[]> {
  const found = await workspace.sql<{ row: string }>(
    `SELECT project || ':' || right(version, 1) || ' ' || action || ' ' || state || ' ' || attempt AS row
      FROM migration_history ORDER BY id`,
  );
  return found.map(({ row }) => row);
}

describeOnOldestAndNewest('a renamed project', (workspace) => {
  const billing = async () => {
    const project = workspace()
      .project('billing')
      .add('invoices', INVOICES)
      .add('items', { up: 'CREATE TABLE items (id int)', down: 'DROP TABLE items' });
    await project.migrate();
    return project;
  };
  const renamed = async (renamedFrom: string[] = ['billing']) =>
    (await billing()).configure({ project: '@acme/billing', renamedFrom });

  it('A3: is refused without renamedFrom, with both ways out and without SQL', async () => {
    const project = (await billing()).configure({ project: '@acme/billing' });
    const before = await rows(workspace());
    for (const attempt of [
      () => project.migrate(),
      () => project.migrate({ mode: 'dry-run' }),
      () => project.migrate({ prerequisites: 'apply' }),
      () => project.migrate({ to: V(1) }),
      () => project.baseline({ to: V(1) }),
    ]) {
      const error = await refusal(attempt());
      expect(error.code).toBe('POSSIBLE_RENAME');
      expect(error.message).toContain('under the name billing');
      expect(error.hint).toContain("`renamedFrom: ['billing']`");
      expect(error.hint).toContain("`notRenamedFrom: ['billing']`");
      expect(error.hint).not.toMatch(/INSERT|UPDATE/);
    }
    const { problems } = await project.status();
    expect(problems.map(({ code }) => code)).toEqual(['POSSIBLE_RENAME']);
    expect(await rows(workspace())).toEqual(before);
  });

  it.each(['Billing', 'billing2', 'libs-billing', '@acme/shop/billing'])(
    'A3: is refused as %s, too',
    async (name) => {
      const project = (await billing()).configure({ project: name });
      expect((await refusal(project.migrate())).code).toBe('POSSIBLE_RENAME');
    },
  );

  it('A3: is found by its names where the rename has changed imports in the files', async () => {
    const project = (await billing()).configure({ project: '@acme/billing' });
    project.add('items', { up: 'CREATE TABLE items (id int) -- edited', down: 'DROP TABLE items' });
    expect((await refusal(project.migrate())).code).toBe('POSSIBLE_RENAME');
    project.configure({ renamedFrom: ['billing'] });
    expect((await refusal(project.migrate())).code).toBe('CHECKSUM_MISMATCH');
    await project.repair({ migration: 'items', action: 'accept-checksum' });
    expect((await project.migrate()).status).toBe('nothing-to-do');
  });

  it('A3: counts what is under its former name, and says so beforehand', async () => {
    const project = await renamed();
    const before = await rows(workspace());
    const status = await project.status();
    expect(status).toMatchObject({
      project: '@acme/billing',
      counts: { applied: 2, pending: 0 },
      formerNames: [{ from: 'billing', migrations: 2 }],
      problems: [],
    });
    expect(status.recent).toHaveLength(2);
    const sentence =
      '2 migrations are recorded under billing and will be carried over to @acme/billing by the next run that changes anything.';
    expect(formatStatus(status)).toContain(sentence);
    expect(formatStatusMatrix([{ name: 'eu', status }])).toContain(`eu: ${sentence}`);
    expect((await project.migrate({ mode: 'dry-run' })).plan.steps).toEqual([]);
    expect((await project.migrate()).status).toBe('nothing-to-do');
    expect((await refusal(project.baseline({ to: V(1) }))).code).toBe('HISTORY_NOT_EMPTY');
    expect(await rows(workspace())).toEqual(before);
  });

  it('A3: is carried over by the next run, once, with all that a rollback needs', async () => {
    const project = (await renamed()).add('taxes', {
      up: 'CREATE TABLE taxes (id int)',
      down: 'DROP TABLE taxes',
      dependencies: [`billing:${V(1)}`],
    });
    const result = await project.migrate();
    expect(result.done.map(({ name }) => name)).toEqual(['taxes']);
    expect(await rows(workspace())).toEqual([
      'billing:1 apply applied 1',
      'billing:2 apply applied 1',
      '@acme/billing:1 repair applied 1',
      '@acme/billing:2 repair applied 1',
      '@acme/billing:3 apply applied 1',
    ]);
    const carried = await workspace().sql<Record<string, unknown>>(
      `SELECT run_id, description, checksum, rollback_data, success FROM migration_history
        WHERE version = '${V(1)}' ORDER BY id`,
    );
    expect(carried[1]).toEqual({ ...carried[0], run_id: result.runId });
    expect(await project.status()).toMatchObject({
      counts: { applied: 3, pending: 0, drifted: 0 },
      formerNames: [],
    });

    expect((await refusal(project.rollback('invoices'))).code).toBe('REQUIRED_BY_OTHERS');
    await project.rollback('taxes');
    await project.rollback('invoices');
    expect(await workspace().tables()).toEqual(['items']);
    expect((await project.migrate()).done).toHaveLength(2);
  });

  it('A3: is carried over by a rollback, a repair and in every environment', async () => {
    const project = workspace().project('billing').add('invoices', INVOICES);
    await project.migrate();
    project.configure({ project: 'accounting', renamedFrom: ['billing'] });
    await project.rollback('invoices');
    expect(await workspace().tables()).toEqual([]);
    expect(await rows(workspace())).toEqual([
      'billing:1 apply applied 1',
      'accounting:1 repair applied 1',
      'accounting:1 revert reverted 2',
    ]);
    expect(await project.status()).toMatchObject({ counts: { pending: 1 }, formerNames: [] });

    project.configure({ project: 'ledger', renamedFrom: ['accounting', 'billing'] });
    expect(await project.status()).toMatchObject({
      counts: { applied: 0, pending: 1 },
      formerNames: [{ from: 'accounting', migrations: 1 }],
    });
    expect((await project.migrate()).done).toHaveLength(1);
    expect((await rows(workspace())).slice(3)).toEqual([
      'ledger:1 repair reverted 1',
      'ledger:1 apply applied 2',
    ]);
  });

  it('A3: is carried over from a name that an environment never saw replaced', async () => {
    const project = await billing();
    project.configure({ project: 'accounting', renamedFrom: ['billing'] });
    project.configure({ project: 'ledger', renamedFrom: ['accounting'] });
    expect((await refusal(project.migrate())).hint).toContain(
      "`renamedFrom: ['accounting', 'billing']`",
    );
    project.configure({ renamedFrom: ['billing', 'accounting'] });
    expect((await project.migrate()).status).toBe('nothing-to-do');
  });

  it('A3: stays interrupted under the new name, and is resumed', async () => {
    const project = workspace()
      .project('billing')
      .add('half', {
        transaction: false,
        up: 'CREATE TABLE half (id int)',
        down: 'DROP TABLE half',
      })
      .add('failing', 'SELECT 1 / 0');
    await project.migrate();
    await workspace().sql(
      `INSERT INTO migration_history (project, version, migration_name, checksum, checksum_algorithm, action, state,
          success, attempt, run_id, environment, agent_version, rollback_data)
        SELECT project, version, migration_name, checksum, checksum_algorithm, 'revert', 'running',
          false, attempt + 1, run_id, environment, agent_version, NULL
        FROM migration_history WHERE migration_name = 'half' ORDER BY attempt DESC LIMIT 1`,
    );
    project.configure({ project: '@acme/billing', renamedFrom: ['billing'] });
    expect((await refusal(project.migrate())).code).toBe('INTERRUPTED');

    await project.repair({ migration: 'failing', action: 'mark-applied' });
    expect((await rows(workspace())).slice(-3)).toEqual([
      '@acme/billing:1 revert running 2',
      '@acme/billing:2 apply failed 1',
      '@acme/billing:2 repair applied 2',
    ]);
    expect((await refusal(project.migrate())).code).toBe('INTERRUPTED');
    await project.repair({ migration: 'half', action: 'resume' });
    expect((await rows(workspace())).at(-1)).toMatch('@acme/billing:1 revert reverted');
    expect(await workspace().tables()).toEqual([]);
  });

  it('A3: resumes a script behind the statements that finished under the old name', async () => {
    const project = workspace()
      .project('billing')
      .add('script', {
        transaction: false,
        up: async (db) => {
          await db.script('CREATE TABLE one (id int); CREATE TABLE two (id int); SELECT 1 / 0');
        },
      });
    expect((await project.migrate()).status).toBe('failed');
    project.configure({ project: '@acme/billing', renamedFrom: ['billing'] });
    project.add('script', {
      transaction: false,
      up: async (db) => {
        await db.script('CREATE TABLE one (id int); CREATE TABLE two (id int); SELECT 1');
      },
    });
    expect(await project.migrate()).toMatchObject({ status: 'done', failed: undefined });
    expect(await workspace().tables()).toEqual(['one', 'two']);
  });

  it('A3: is refused if an apply failed under the old name, so that its finished statements are not lost', async () => {
    const write = (body: string) =>
      workspace()
        .project('billing')
        .write(
          `${V(1)}_script.js`,
          `module.exports = { version: '${V(1)}', name: 'script', description: '', transaction: false, ${body} };`,
        );
    const up = (last: string) =>
      `async up(db) { await db.script('UPDATE counters SET n = n + 1; CREATE TABLE one (id int); ${last}'); }`;
    await workspace().sql('CREATE TABLE counters (n int); INSERT INTO counters VALUES (0)');
    const project = workspace().project('billing');
    write(up('SELECT 1 / 0'));
    expect((await project.migrate()).status).toBe('failed');
    write(up('SELECT 1'));
    project.configure({ project: '@acme/billing' });
    const error = await refusal(project.migrate());
    expect(error.code).toBe('POSSIBLE_RENAME');
    expect(error.message).toContain('is already recorded in');
    project.configure({ renamedFrom: ['billing'] });
    expect(await project.migrate()).toMatchObject({ status: 'done', failed: undefined });
    expect(await workspace().sql('SELECT n FROM counters')).toEqual([{ n: 1 }]);
  });

  it('A3: is not refused for what was reverted under the old name', async () => {
    const project = await billing();
    await project.rollback('items');
    await project.rollback('invoices');
    project.configure({ project: '@acme/billing' });
    expect(await project.migrate()).toMatchObject({ status: 'done', failed: undefined });
  });

  it('A3: is known by its old identity on the command line', async () => {
    const project = (await renamed()).add('taxes', { down: 'SELECT 1' }).add('rates');
    const result = await project.migrate({ to: `billing:${V(3)}` });
    expect(result.done.map(({ name }) => name)).toEqual(['taxes']);
    await project.rollback({ selection: { kind: 'to', version: `billing:${V(2)}` } });
    await project.rollback(`billing:${V(2)}`);
    expect((await project.status()).counts).toMatchObject({ applied: 1, pending: 3 });
  });

  it('A3: keeps the newest row, whichever name a runner on an older checkout used', async () => {
    const project = (await renamed()).add('taxes');
    await project.migrate();
    project.configure({ project: 'billing', renamedFrom: undefined });
    await project.rollback('items');
    project.configure({ project: '@acme/billing', renamedFrom: ['billing'] });
    expect(await project.status()).toMatchObject({
      counts: { applied: 2, pending: 1 },
      formerNames: [{ from: 'billing', migrations: 1 }],
    });
    await project.migrate({}, { overrides: { outOfOrder: 'allow' } });
    expect((await rows(workspace())).slice(-2)).toEqual([
      '@acme/billing:2 repair reverted 2',
      '@acme/billing:2 apply applied 3',
    ]);
  });

  it('A3: is refused on a checkout from before the rename', async () => {
    const project = (await renamed()).add('taxes');
    await project.migrate();
    project.configure({ project: 'billing', renamedFrom: undefined });
    const error = await refusal(project.migrate());
    expect(error.code).toBe('POSSIBLE_RENAME');
    expect(error.hint).toContain('If billing was renamed to @acme/billing, update this checkout.');
  });

  it('A3: is carried over together with a renamed environment', async () => {
    const project = workspace().project('billing').add('invoices', INVOICES);
    await project.migrate({}, { environment: 'staging' });
    const { connection } = workspace();
    const database = connection.kind === 'url' ? { url: connection.url } : {};
    project.configure({
      project: '@acme/billing',
      renamedFrom: ['billing'],
      environments: { preview: { ...database, renamedFrom: ['staging'] } },
    });
    const preview = { environment: 'preview' };
    const status = await project.status(preview);
    expect(status).toMatchObject({ counts: { applied: 1, pending: 0 }, problems: [] });
    expect(status.formerNames).toEqual([{ from: 'billing', migrations: 1 }]);
    expect((await project.migrate({}, preview)).status).toBe('nothing-to-do');
    await project.rollback('invoices', preview);
    expect(await workspace().tables()).toEqual([]);
  });

  it('A3: runs what a different project wrote, once the configuration says so', async () => {
    const project = workspace()
      .project('billing')
      .add('one', 'CREATE TABLE IF NOT EXISTS one (id int)');
    await project.migrate();
    project.configure({ project: 'template', notRenamedFrom: ['billing'] });
    expect((await project.migrate()).done).toHaveLength(1);
  });

  it('A3: is not suspected where the other project is there with the same files', async () => {
    const source = 'CREATE TABLE IF NOT EXISTS one (id int)';
    await workspace().project('billing').add('one', source).migrate();
    const copy = workspace().project('copy').add('one', source);
    expect((await copy.migrate()).done).toHaveLength(1);
    expect((await copy.migrate()).status).toBe('nothing-to-do');
  });
});

describeOnOldestAndNewest('what depends on a renamed project', (workspace) => {
  const setUp = async () => {
    const billing = workspace().project('billing').add('invoices', INVOICES);
    const orders = workspace().project('orders');
    await billing.migrate();
    return { billing, orders };
  };

  it('A3: is applied with the old name in its file, before and after the rename', async () => {
    const { billing, orders } = await setUp();
    orders.add('first', { up: 'SELECT 1', down: 'SELECT 1', dependencies: [`billing:${V(1)}`] });
    await orders.migrate();
    billing.configure({ project: '@acme/billing', renamedFrom: ['billing'] });
    orders.add('second', { up: 'SELECT 2', down: 'SELECT 2', dependencies: [`billing:${V(1)}`] });
    expect((await orders.migrate()).done).toHaveLength(1);
    expect((await orders.migrate()).status).toBe('nothing-to-do');

    expect(await refusal(billing.rollback('invoices'))).toMatchObject({
      code: 'REQUIRED_BY_OTHERS',
      message: expect.stringMatching(/orders:.*1 .*orders:.*2/),
    });
    await orders.rollback();
    await orders.rollback();
    await billing.rollback('invoices');
    expect(await refusal(orders.migrate())).toMatchObject({
      code: 'PREREQUISITE_NOT_APPLIED',
      message: expect.stringContaining(`@acme/billing:${V(1)}`),
    });
    const result = await orders.migrate({ prerequisites: 'apply' });
    expect(result.prerequisiteRuns.map(({ project }) => project)).toEqual(['@acme/billing']);
    expect(result.done).toHaveLength(2);
  });

  it('A3: does not keep a migration permanently if it was renamed itself', async () => {
    const { billing, orders } = await setUp();
    orders.add('first', { up: 'SELECT 1', down: 'SELECT 1', dependencies: [`billing:${V(1)}`] });
    await orders.migrate();
    orders.configure({ project: 'shop', renamedFrom: ['orders'] });
    expect((await refusal(billing.rollback('invoices'))).message).toContain('shop:');
    await orders.rollback('first');
    await billing.rollback('invoices');
    expect(await workspace().tables()).toEqual([]);
  });
});

describeOnOldestAndNewest('a new project with the former name of another one', (workspace) => {
  const setUp = async () => {
    const old = workspace().project('billing').add('invoices', INVOICES);
    await old.migrate();
    old.configure({ project: '@acme/billing', renamedFrom: ['billing'] });
    const fresh = workspace().project('fresh').configure({ project: 'billing' });
    return { old, fresh };
  };

  it.each(['before', 'after'])(
    'A3: has a history of its own, also %s the old one is carried over',
    async (when) => {
      const { old, fresh } = await setUp();
      fresh.add('start', { version: V(5), up: 'SELECT 1' });
      old.add('taxes', 'SELECT 1');
      if (when === 'after') await old.migrate();
      expect(await fresh.status()).toMatchObject({
        counts: { applied: 0, pending: 1 },
        problems: [],
      });
      expect((await fresh.migrate()).done).toHaveLength(1);
      expect(await old.status()).toMatchObject({ problems: [], counts: { drifted: 0 } });
      await old.migrate();
      expect((await old.migrate()).status).toBe('nothing-to-do');
      expect((await fresh.migrate()).status).toBe('nothing-to-do');
      expect(await old.status()).toMatchObject({ counts: { applied: 2 }, formerNames: [] });
      expect(await fresh.status()).toMatchObject({ counts: { applied: 1 }, problems: [] });
      await fresh.rollback('start').catch(() => undefined);
      const other = workspace()
        .project('orders')
        .add('both', { up: 'SELECT 1', dependencies: [`billing:${V(1)}`, `billing:${V(5)}`] });
      await fresh.migrate();
      expect((await other.migrate()).done).toHaveLength(1);
    },
  );

  it('A3: is refused if both have a file for the same row', async () => {
    const { old, fresh } = await setUp();
    fresh.add('invoices', INVOICES);
    expect((await refusal(old.add('taxes').migrate())).code).toBe('PROJECT_NAME_CONFLICT');
    expect((await old.status()).problems.map(({ code }) => code)).toContain(
      'PROJECT_NAME_CONFLICT',
    );
    fresh.remove('invoices');
    await old.migrate();
    fresh.add('invoices', INVOICES);
    expect((await refusal(fresh.migrate())).code).toBe('PROJECT_NAME_CONFLICT');
  });

  it('A3: takes over a part of a project that was split', async () => {
    const whole = workspace().project('billing').add('one', 'SELECT 1').add('two', 'SELECT 2');
    await whole.migrate();
    whole.remove('two');
    const part = workspace()
      .project('part')
      .add('two', { version: V(2), up: 'SELECT 2' });
    expect((await refusal(part.migrate())).message).toContain('The project billing no longer has');
    part.configure({ renamedFrom: ['billing'] });
    expect((await whole.status()).problems).toEqual([]);
    part.add('three', { version: V(3), up: 'SELECT 3' });
    expect((await part.migrate()).done).toHaveLength(1);
    expect((await whole.migrate()).status).toBe('nothing-to-do');
    expect(await part.status()).toMatchObject({ counts: { applied: 2, pending: 0 }, problems: [] });
  });

  it('A3: is refused in a folder that holds only a part of the workspace', async () => {
    const { old } = await setUp();
    old.configure({ project: 'ledger', renamedFrom: undefined });
    rmSync(workspace().project('fresh').root, { recursive: true });
    expect((await refusal(old.migrate())).code).toBe('POSSIBLE_RENAME');
  });
});

describeOnServers('the lock of a renamed project', (workspace) => {
  it('A3: keeps out a runner on a checkout from before the rename', async () => {
    const project = workspace().project('billing').add('one');
    project.configure({ project: '@acme/billing', renamedFrom: ['billing'] });
    const { connection, root, schema } = workspace();
    const database = await createDatabase(connection, { workspaceRoot: root, protected: false });
    const session = await database.open(OPEN);
    try {
      const key = lockKey({ schema, project: 'billing' });
      await acquireLock(session, { key, waitMs: 0, project: 'billing' });
      const held = project.migrate({}, { overrides: { lockWait: 0 } });
      expect((await refusal(held)).code).toBe('LOCK_HELD');
    } finally {
      await session.close();
    }
    expect((await project.migrate()).done).toHaveLength(1);
  });
});
