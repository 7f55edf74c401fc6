import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Pool } from 'pg';
import { refusal } from '../source/testing/fixtures';
import { nthVersion } from '../testing/migration-source';
import {
  describeOnOldestAndNewest,
  describeOnServers,
  type AgentChanges,
  type TestProject,
  type Workspace,
} from '../testing/workspace';

const AT_ONCE: AgentChanges = { overrides: { lockWait: 0 } };

/** Gives a project a schema of its own, and environments of its own where some are given. */
function configure(
  { root, name, workspace }: TestProject,
  schema: string,
  environments?: Record<string, object>,
): void {
  const database = workspace.url === '' ? {} : { url: workspace.url };
  const given = environments ?? { development: {}, staging: {}, production: {} };
  const merged = Object.fromEntries(
    Object.entries(given).map(([key, value]) => [key, { ...database, ...value }]),
  );
  const config = { project: name, schema, environments: merged };
  writeFileSync(join(root, 'db.config.json'), JSON.stringify(config));
}

/** users in the workspace's schema, and orders, which needs it, in a schema of its own. */
function twoSchemas(workspace: Workspace, schemaOfOrders: string) {
  const users = workspace
    .project('users')
    .add('people', { up: 'CREATE TABLE people (id int)', down: 'DROP TABLE people' });
  const orders = workspace.project('orders').add('orders', {
    dependencies: [`users:${nthVersion(1)}`],
    up: 'CREATE TABLE orders (id int)',
    down: 'DROP TABLE orders',
  });
  configure(orders, schemaOfOrders);
  return { users, orders };
}

const development = { confirm: 'development' };
const productionEnvironment = { environment: 'production' };

describeOnOldestAndNewest('several histories in one database', (workspace) => {
  const other = () => `${workspace().schema}_other`;
  beforeEach(() => workspace().sql(`CREATE SCHEMA ${other()}`));
  afterEach(() => workspace().sql(`DROP SCHEMA ${other()} CASCADE`));

  const stamped = (schema: string) =>
    workspace().sql(`SELECT environment, protected FROM ${schema}.migration_database ORDER BY id`);

  it('A6: a database stamped as protected is protected for an environment with another schema', async () => {
    const { users, orders } = twoSchemas(workspace(), other());
    await users.migrate({}, productionEnvironment);
    await orders.migrate({}, productionEnvironment);
    const refused = await refusal(orders.rollback({}, productionEnvironment));
    expect(refused).toMatchObject({
      code: 'CONFIRMATION_REQUIRED',
      message: expect.stringContaining(`revert orders:${nthVersion(1)} (orders)`),
      hint: expect.stringContaining('--confirm=production'),
    });
    expect(refused.message).toContain(`by the stamp in schema "${workspace().schema}"`);
    expect(await orders.rollback({ mode: 'dry-run' }, productionEnvironment)).toMatchObject({
      status: 'planned',
    });
    for (const confirm of ['development', 'Production', '']) {
      const wrong = await refusal(orders.rollback({ confirm }, productionEnvironment));
      expect(wrong.code).toBe('CONFIRMATION_REQUIRED');
      expect(wrong.message).toContain('"production"');
    }
    const result = await orders.rollback({ confirm: 'production' }, productionEnvironment);
    expect(result.status).toBe('done');
  });

  it('A6: a new history inherits environment and protection from the other schemas', async () => {
    const { users, orders } = twoSchemas(workspace(), other());
    await users.migrate({}, productionEnvironment);
    for (const mode of ['dry-run', 'run'] as const) {
      const refused = await refusal(orders.migrate({ mode }, { environment: 'staging' }));
      expect(refused.code).toBe('ENVIRONMENT_MISMATCH');
      expect(refused.message).toContain(`'production' in schema "${workspace().schema}"`);
      expect(refused.hint).toContain(
        'ff db repair --project=orders --env=staging --adopt-environment=production',
      );
    }
    expect((await orders.status({ environment: 'staging' })).problems).toMatchObject([
      { code: 'ENVIRONMENT_MISMATCH' },
    ]);
    await orders.migrate({}, productionEnvironment);
    expect(await stamped(other())).toEqual([{ environment: 'production', protected: true }]);
  });

  it('A6: what undoes or rewrites is refused where another schema names another environment', async () => {
    const { users, orders } = twoSchemas(workspace(), other());
    await users.migrate();
    await orders.migrate();
    orders.add('late', 'SELECT 1');
    await workspace().sql(
      `INSERT INTO migration_database (format, environment, protected) SELECT format, 'production', true FROM migration_database`,
    );
    const commands = [
      () => orders.rollback(development),
      () => orders.rollback({ mode: 'dry-run' }),
      () => orders.repair({ migration: 'late', action: 'mark-applied', ...development }),
      () => orders.repair({ mode: 'show' }),
      () => orders.baseline({ to: 'late', ...development }),
    ];
    for (const command of commands) {
      expect(await refusal(command())).toMatchObject({ code: 'ENVIRONMENT_MISMATCH' });
    }
    expect(await workspace().sql(`SELECT FROM ${other()}.migration_history`)).toHaveLength(1);
    // Applying goes by the history's own stamp.
    expect((await orders.migrate()).status).toBe('done');
  });

  it('A6: repair and baseline follow the same rule of protection as rollback', async () => {
    const { users, orders } = twoSchemas(workspace(), other());
    await users.migrate({}, productionEnvironment);
    const agent = await orders.agent(productionEnvironment);
    const mark = { migration: 'orders', action: 'mark-applied', mode: 'run' } as const;
    const commands = [
      (confirm?: string) => agent.baseline({ to: 'orders', confirm }),
      (confirm?: string) => agent.repair({ ...mark, confirm }),
    ];
    for (const command of commands) {
      for (const confirm of [undefined, 'staging']) {
        const refused = await refusal(command(confirm));
        expect(refused.code).toBe('CONFIRMATION_REQUIRED');
        expect(refused.message).toContain(`orders:${nthVersion(1)} (orders)`);
      }
    }
    expect((await agent.repair({ ...mark, mode: 'show' })).status).toBe('planned');
    expect((await agent.baseline({ to: 'orders', mode: 'dry-run' })).status).toBe('planned');
    expect(await workspace().tables('all')).toContain('migration_history');
    expect((await commands[0]?.('production'))?.status).toBe('done');
  });

  it('A6: a stamp that was deleted counts as protected', async () => {
    const { users, orders } = twoSchemas(workspace(), other());
    await users.migrate();
    await orders.migrate();
    await workspace().sql('DELETE FROM migration_database');
    const refused = await refusal(orders.rollback());
    expect(refused.code).toBe('CONFIRMATION_REQUIRED');
    expect(refused.message).toContain(`"${workspace().schema}" was deleted`);
  });

  it('A6: a table of the application that has the name of ours is no stamp', async () => {
    const api = workspace().project().add('one', { down: 'SELECT 1' });
    await workspace().sql(`CREATE TABLE ${other()}.migration_database (story text)`);
    await api.migrate();
    expect((await api.rollback()).status).toBe('done');
  });

  it('A6: a confirmation that names another environment is refused where none is needed', async () => {
    const api = workspace().project().add('one', { down: 'SELECT 1' });
    await api.migrate();
    for (const mode of ['dry-run', 'run'] as const) {
      const refused = await refusal(api.rollback({ mode, confirm: 'production' }));
      expect(refused).toMatchObject({
        code: 'CONFIRMATION_REQUIRED',
        hint: expect.stringContaining('--confirm=development'),
      });
    }
    expect((await api.rollback(development)).status).toBe('done');
  });
});

describeOnServers('runners in several schemas of one database', (workspace) => {
  const other = () => `${workspace().schema}_other`;
  beforeEach(() => workspace().sql(`CREATE SCHEMA ${other()}`));
  afterEach(() => workspace().sql(`DROP SCHEMA ${other()} CASCADE`));

  /** Runs the body while the newest migration of the project is running. */
  async function during(project: TestProject, body: () => Promise<void>): Promise<void> {
    project.add('long', {
      dependencies: [`users:${nthVersion(1)}`],
      async up(_, agent) {
        agent.logger.info('at work');
        await new Promise((resolve) => agent.signal.addEventListener('abort', resolve));
      },
    });
    const controller = new AbortController();
    let run: Promise<unknown> | undefined;
    await new Promise<void>((resolve, reject) => {
      const onEvent = ({ type }: { type: string }) => type === 'migration-log' && resolve();
      run = project.migrate({}, { signal: controller.signal, onEvent });
      run.catch(reject);
    });
    try {
      await body();
    } finally {
      controller.abort();
      await run;
    }
  }

  it('A6: a prerequisite is not reverted while its dependent in another schema is being applied', async () => {
    const { users, orders } = twoSchemas(workspace(), other());
    await users.migrate();
    const third = workspace().project('third').add('own', 'CREATE TABLE own (id int)');
    configure(third, other());
    await during(orders, async () => {
      const mark = { migration: 'people', action: 'mark-reverted', mode: 'run' } as const;
      const agent = await users.agent(AT_ONCE);
      for (const command of [() => users.rollback({}, AT_ONCE), () => agent.repair(mark)]) {
        const refused = await refusal(command());
        expect(refused.code).toBe('LOCK_HELD');
        expect(refused.message).toContain('(flashfusion orders)');
      }
      // Runners that apply share the database.
      expect((await third.migrate({}, AT_ONCE)).status).toBe('done');
    });
    expect(await workspace().tables()).toEqual(['people']);
  });

  it('A6: nothing is applied in another schema while a prerequisite is being reverted', async () => {
    const { users, orders } = twoSchemas(workspace(), other());
    users.add('people', {
      up: 'CREATE TABLE people (id int)',
      async down(_, agent) {
        agent.logger.info('at work');
        await new Promise((resolve) => agent.signal.addEventListener('abort', resolve));
      },
    });
    await users.migrate();
    const controller = new AbortController();
    let run: Promise<unknown> | undefined;
    await new Promise<void>((resolve, reject) => {
      const onEvent = ({ type }: { type: string }) => type === 'migration-log' && resolve();
      run = users.rollback({}, { signal: controller.signal, onEvent });
      run.catch(reject);
    });
    const refused = await refusal(orders.migrate({}, AT_ONCE));
    expect(refused.code).toBe('LOCK_HELD');
    expect(refused.message).toContain('A command that undoes or rewrites');
    controller.abort();
    await run;
    expect((await orders.migrate()).status).toBe('done');
  });

  it('A6: runners that use different environment names for one project exclude each other', async () => {
    const { users, orders } = twoSchemas(workspace(), other());
    await users.migrate();
    await during(orders, async () => {
      const refused = await refusal(orders.migrate({}, { ...AT_ONCE, environment: 'staging' }));
      expect(refused.code).toBe('LOCK_HELD');
    });
  });

  it('A6: of two runners that create the first histories as different environments, one is refused', async () => {
    const { users, orders } = twoSchemas(workspace(), other());
    orders.add('orders', 'CREATE TABLE orders (id int)');
    const outcomes = await Promise.allSettled([
      users.migrate({}, { environment: 'staging' }),
      orders.migrate({}, { environment: 'development' }),
    ]);
    const refused = outcomes.filter(({ status }) => status === 'rejected');
    expect(refused).toMatchObject([{ reason: { code: 'ENVIRONMENT_MISMATCH' } }]);
  });

  it('A6: an application’s pool follows the same rule of protection', async () => {
    const { users, orders } = twoSchemas(workspace(), other());
    await users.migrate({}, productionEnvironment);
    await orders.migrate({}, productionEnvironment);
    const pool = new Pool({ connectionString: workspace().url, max: 1 });
    const changes = { ...productionEnvironment, connection: pool };
    expect((await refusal(orders.rollback({}, changes))).code).toBe('CONFIRMATION_REQUIRED');
    expect((await orders.rollback({ confirm: 'production' }, changes)).status).toBe('done');
    await pool.end();
  });

  it('A6: a tenant follows the protection that another schema of its database has', async () => {
    const { users, orders } = twoSchemas(workspace(), other());
    await users.migrate({}, productionEnvironment);
    await orders.migrate({}, productionEnvironment);
    const environments = `{ production: { url: '${workspace().url}', tenants: () => ['${other()}'] } }`;
    writeFileSync(
      join(orders.root, 'db.config.mjs'),
      `export default { project: 'orders', environments: ${environments} };`,
    );
    rmSync(join(orders.root, 'db.config.json'));
    const tenant = await (await orders.agent(productionEnvironment)).tenant(other());
    const last = { selection: { kind: 'last', count: 1 } } as const;
    expect((await refusal(tenant.rollback(last))).code).toBe('CONFIRMATION_REQUIRED');
    expect((await tenant.rollback({ ...last, confirm: 'production' })).status).toBe('done');
  });

  it('A6: a stamp that the database user cannot read counts as protected, and is named', async () => {
    const { users, orders } = twoSchemas(workspace(), other());
    await users.migrate();
    await orders.migrate();
    const role = `${workspace().schema}_role`;
    await workspace().sql(
      `CREATE ROLE ${role} LOGIN PASSWORD 'role'; GRANT ALL ON SCHEMA ${other()} TO ${role};
       GRANT ALL ON ALL TABLES IN SCHEMA ${other()} TO ${role}; ALTER TABLE ${other()}.orders OWNER TO ${role}`,
    );
    const url = new URL(workspace().url);
    url.username = role;
    url.password = 'role';
    const environments = { development: { url: url.href } };
    writeFileSync(
      join(orders.root, 'db.config.json'),
      JSON.stringify({ project: 'orders', schema: other(), environments }),
    );
    const refused = await refusal(orders.rollback());
    expect(refused.code).toBe('CONFIRMATION_REQUIRED');
    expect(refused.message).toContain(`the stamp in schema "${workspace().schema}" cannot be read`);
    expect((await orders.rollback(development)).status).toBe('done');
    await workspace().sql(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  });
});
