import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatStatus } from '../report/format-status';
import { refusal } from '../source/testing/fixtures';
import { nthVersion } from '../testing/migration-source';
import {
  describeOnOldestAndNewest,
  describeOnServers,
  type TestProject,
} from '../testing/workspace';

const staging = { environment: 'staging' };
const production = { environment: 'production' };
const preview = { environment: 'preview' };

/** Gives a project environments of its own, all on the workspace's database. */
function configure(project: TestProject, environments: Record<string, object>, schema?: string) {
  const { root, name, workspace } = project;
  const database = workspace.url === '' ? {} : { url: workspace.url };
  const merged = Object.fromEntries(
    Object.entries(environments).map(([key, value]) => [key, { ...database, ...value }]),
  );
  const config = { project: name, schema: schema ?? workspace.schema, environments: merged };
  writeFileSync(join(root, 'db.config.json'), JSON.stringify(config));
}

/** Rollback data that JavaScript numbers could not carry. */
const HUGE = '{"id": 12345678901234567890123, "fraction": 0.10000000000000000000000001}';

describeOnOldestAndNewest('a database that changes its environment', (workspace) => {
  const other = () => `${workspace().schema}_other`;
  beforeEach(() => workspace().sql(`CREATE SCHEMA ${other()}`));
  afterEach(() => workspace().sql(`DROP SCHEMA ${other()} CASCADE`));

  const projects = () => {
    const users = workspace()
      .project('users')
      .add('people', {
        up: 'CREATE TABLE people (id int)',
        down: (db, agent, data) => {
          agent.logger.info(JSON.stringify(data));
          return db.query('DROP TABLE people');
        },
      })
      .add('fails', { transaction: false, up: 'SELECT 1/0' });
    const orders = workspace()
      .project('orders')
      .add('orders', {
        dependencies: [`users:${nthVersion(1)}`],
        up: 'CREATE TABLE orders (id int)',
        down: 'DROP TABLE orders',
      })
      .add('gone', { up: 'CREATE TABLE gone (id int)', down: 'DROP TABLE gone' });
    return { users, orders };
  };
  const stamps = (schema: string) =>
    workspace().sql(`SELECT environment, protected FROM ${schema}.migration_database ORDER BY id`);
  const states = (environment: string, schema = workspace().schema) =>
    workspace().sql<{ row: string }>(
      `SELECT concat_ws(' ', project, migration_name, action, state) AS row FROM ${schema}.migration_history
        WHERE environment = '${environment}' ORDER BY id`,
    );

  describe('as a restored copy', () => {
    const restored = async () => {
      const { users, orders } = projects();
      const environments = { staging: {}, production: { protected: true } };
      configure(users, environments);
      configure(orders, environments, other());
      await users.migrate({}, production);
      await orders.migrate({}, production);
      await orders.rollback({ confirm: 'production' }, production);
      await workspace().sql(
        `UPDATE migration_history SET rollback_data = '${HUGE}' WHERE migration_name = 'people'`,
      );
      return { users, orders };
    };
    const adoption = { from: 'production', mode: 'run', confirm: 'production' } as const;

    it('A3: is refused until it is adopted, and the hint is no hand-written SQL', async () => {
      const { users } = await restored();
      const refused = await refusal(users.migrate({}, staging));
      expect(refused.code).toBe('ENVIRONMENT_MISMATCH');
      expect(refused.hint).toContain(
        'ff db repair --project=users --env=staging --adopt-environment=production',
      );
      expect(refused.hint).toContain("renamedFrom: ['production']");
      expect(refused.hint).not.toMatch(/INSERT|UPDATE/);
    });

    it('A3: needs the protected name that is given up, and says what it would do', async () => {
      const { users } = await restored();
      const agent = await users.agent(staging);
      for (const confirm of [undefined, 'staging']) {
        const refused = await refusal(agent.adoptEnvironment({ ...adoption, confirm }));
        expect(refused.code).toBe('CONFIRMATION_REQUIRED');
        expect(refused.hint).toContain('--confirm=production');
      }
      const refused = await refusal(agent.adoptEnvironment({ from: 'production', mode: 'run' }));
      expect(refused.message).toMatch(/real database of 'production'/);
      const shown = await agent.adoptEnvironment({ from: 'production', mode: 'show' });
      expect(shown).toMatchObject({
        status: 'planned',
        histories: [
          { schema: workspace().schema, migrations: 2 },
          { schema: other(), migrations: 2 },
        ],
      });
      expect(await stamps(other())).toHaveLength(1);
    });

    it('A3: keeps every migration’s state, in all schemas, for all projects', async () => {
      const { users, orders } = await restored();
      const result = await (await users.agent(staging)).adoptEnvironment(adoption);
      expect(result.status).toBe('done');
      expect(await states('staging')).toEqual([
        { row: 'users people repair applied' },
        { row: 'users fails apply running' },
        { row: 'users fails apply failed' },
      ]);
      expect(await states('staging', other())).toEqual([
        { row: 'orders orders repair applied' },
        { row: 'orders gone repair reverted' },
      ]);
      expect(await stamps(other())).toEqual([
        { environment: 'production', protected: true },
        { environment: 'staging', protected: false },
      ]);
      expect((await orders.status(staging)).counts).toMatchObject({ applied: 1, pending: 1 });
      expect((await orders.migrate({}, staging)).done.map(({ name }) => name)).toEqual(['gone']);
      expect((await refusal(users.migrate({}, production))).code).toBe('ENVIRONMENT_MISMATCH');
      expect(
        await (await users.agent(staging)).adoptEnvironment({ ...adoption, mode: 'run' }),
      ).toMatchObject({ status: 'nothing-to-do', histories: [] });
    });

    it('A3: rolls back with the rollback data of the original, byte for byte', async () => {
      const { users, orders } = await restored();
      await (await users.agent(staging)).adoptEnvironment(adoption);
      const [same] = await workspace().sql<{ same: boolean }>(
        `SELECT count(DISTINCT rollback_data) = 1 AND bool_and(rollback_data::text LIKE '%12345678901234567890123%') AS same
          FROM migration_history WHERE migration_name = 'people'`,
      );
      expect(same).toEqual({ same: true });
      await orders.rollback('orders', staging);
      const mark = { migration: 'fails', action: 'mark-reverted', mode: 'run' } as const;
      await (await users.agent(staging)).repair(mark);
      expect((await users.rollback('people', staging)).status).toBe('done');
      expect(await workspace().tables()).toEqual([]);
    });

    it('A3: keeps rows that the environment has from an earlier time, and appends to them', async () => {
      const { users } = projects();
      configure(users, { staging: {}, production: {} });
      await users.migrate({}, staging);
      const rename = (from: string, environment: string) =>
        users.agent({ environment }).then((agent) => agent.adoptEnvironment({ from, mode: 'run' }));
      await rename('staging', 'production');
      await users.rollback('people', production);
      await rename('production', 'staging');
      expect((await users.status(staging)).counts).toMatchObject({ applied: 0 });
      expect(await states('staging')).toHaveLength(6);
      // A migration that only the earlier time knows contradicts what the database is now.
      await workspace().sql(
        `INSERT INTO migration_history (project, version, migration_name, checksum, checksum_algorithm, success, environment, agent_version, action, state, attempt, run_id)
          SELECT project, '20990101000000', 'unknown', checksum, checksum_algorithm, true, 'production', agent_version, 'apply', 'applied', 1, 'x'
            FROM migration_history LIMIT 1`,
      );
      const refused = await refusal(rename('staging', 'production'));
      expect(refused.code).toBe('ENVIRONMENT_MISMATCH');
      expect(refused.message).toContain('users:20990101000000 (unknown)');
      expect((await users.status(staging)).problems.map(({ code }) => code)).not.toContain(
        'ENVIRONMENT_MISMATCH',
      );
    });

    it('A3: adopts the original agent’s table', async () => {
      const { users } = projects();
      configure(users, { staging: {}, production: { protected: true } });
      await workspace().sql(
        `CREATE TABLE migration_history (id serial PRIMARY KEY, migration_name text, version text, description text, checksum text,
          executed_at timestamptz DEFAULT now(), execution_time_ms int, success boolean, rollback_data jsonb, environment text, agent_version text);
         INSERT INTO migration_history (migration_name, version, success, environment) VALUES ('people', '${nthVersion(1)}', true, 'production')`,
      );
      const refused = await refusal(users.migrate({}, staging));
      expect(refused.hint).toContain('--adopt-environment=production');
      const agent = await users.agent(staging);
      expect(await agent.adoptEnvironment({ ...adoption, mode: 'show' })).toMatchObject({
        status: 'planned',
        histories: [{ migrations: 1 }],
      });
      expect((await agent.adoptEnvironment(adoption)).status).toBe('done');
      expect((await users.status(staging)).counts).toMatchObject({ applied: 1, pending: 1 });
    });

    it('A3: stamps a database again whose stamp was deleted', async () => {
      const { users } = projects();
      configure(users, { staging: {}, production: {} });
      await users.migrate({}, production);
      await workspace().sql('DELETE FROM migration_database');
      const lost = await refusal(users.migrate({}, production));
      expect(lost.code).toBe('HISTORY_CORRUPT');
      expect(lost.hint).toContain('--adopt-environment=');
      const again = (environment: string, options: object) =>
        users
          .agent({ environment })
          .then((agent) => agent.adoptEnvironment({ from: 'production', mode: 'run', ...options }));
      expect((await refusal(again('production', {}))).code).toBe('CONFIRMATION_REQUIRED');
      await again('production', { confirm: 'production' });
      expect((await users.status(production)).counts).toMatchObject({ applied: 1 });
      await workspace().sql('DELETE FROM migration_database');
      await again('staging', { confirm: 'production' });
      expect((await users.status(staging)).counts).toMatchObject({ applied: 1 });
    });

    it.each([
      ['development', 'NOTHING_TO_REPAIR', /stamped 'production'/],
      ['staging', 'INVALID_ARGUMENT', /works as: staging/],
    ])('A3: refuses to adopt %s', async (from, code, message) => {
      const { users } = await restored();
      const agent = await users.agent(staging);
      const refused = await refusal(agent.adoptEnvironment({ from, mode: 'run' }));
      expect(refused).toMatchObject({ code, message: expect.stringMatching(message) });
    });
  });

  describe('because it was renamed', () => {
    const renamed = { preview: { renamedFrom: ['staging'] } };

    it('A3: keeps the history, which status says beforehand', async () => {
      const { users, orders } = projects();
      configure(users, { staging: { protected: true } });
      configure(orders, { staging: {} }, other());
      await users.migrate({}, staging);
      await orders.migrate({ to: 'orders' }, staging);
      configure(users, renamed);
      configure(orders, renamed, other());

      const status = await orders.status(preview);
      expect(status).toMatchObject({ formerEnvironment: 'staging', problems: [] });
      expect(status.counts).toMatchObject({ applied: 1, pending: 1 });
      expect(formatStatus(status)).toContain("The database is still stamped 'staging'.");
      expect((await orders.migrate({ mode: 'dry-run' }, preview)).plan.steps).toHaveLength(1);
      expect(await stamps(other())).toHaveLength(1);

      expect((await orders.migrate({}, preview)).done.map(({ name }) => name)).toEqual(['gone']);
      expect(await states('preview', other())).toEqual([
        { row: 'orders orders repair applied' },
        { row: 'orders gone apply applied' },
      ]);
      // The whole database was renamed, and its protection stays.
      expect((await stamps(workspace().schema)).at(-1)).toEqual({
        environment: 'preview',
        protected: true,
      });
      expect(await orders.status(preview)).toMatchObject({ formerEnvironment: undefined });
      expect((await refusal(orders.rollback({}, preview))).hint).toContain('--confirm=preview');
      expect((await orders.rollback({ confirm: 'preview' }, preview)).status).toBe('done');
    });

    it('A3: is refused without renamedFrom', async () => {
      const { users } = projects();
      configure(users, { staging: {} });
      await users.migrate({}, staging);
      configure(users, { preview: {} });
      const refused = await refusal(users.migrate({}, preview));
      expect(refused.code).toBe('ENVIRONMENT_MISMATCH');
      expect(refused.hint).toContain("add renamedFrom: ['staging'] to 'preview'");
    });

    it('A3: is renamed by a rollback, a repair and a baseline alike, through a chain of names', async () => {
      const { orders } = projects();
      orders.add('orders', { up: 'CREATE TABLE orders ()', down: 'DROP TABLE orders' });
      configure(orders, { test: {} });
      await orders.migrate({}, { environment: 'test' });
      configure(orders, { preview: { renamedFrom: ['staging', 'test'] } });
      expect((await orders.rollback('gone', preview)).status).toBe('done');
      configure(orders, { qa: { renamedFrom: ['preview', 'staging', 'test'] } });
      const mark = { migration: 'gone', action: 'mark-applied', mode: 'run' } as const;
      const qa = { environment: 'qa' };
      await (await orders.agent(qa)).repair(mark);
      expect(await states('qa')).toEqual([
        { row: 'orders orders repair applied' },
        { row: 'orders gone repair reverted' },
        { row: 'orders gone repair applied' },
      ]);
      const late = workspace().project('late').add('own', 'SELECT 1');
      configure(late, { final: { renamedFrom: ['qa'] } });
      await (await late.agent({ environment: 'final' })).baseline({ to: 'own' });
      expect(await states('final')).toHaveLength(3);
    });

    it('A3: creates a new history beside one that still has the former name', async () => {
      const { users, orders } = projects();
      configure(users, { staging: { protected: true } });
      await users.migrate({}, staging);
      orders.add('orders', 'CREATE TABLE orders (id int)');
      configure(orders, renamed, other());
      expect((await orders.migrate({}, preview)).status).toBe('done');
      expect(await stamps(other())).toEqual([{ environment: 'preview', protected: true }]);
    });

    it('A3: keeps the original agent’s history', async () => {
      const { users } = projects();
      configure(users, renamed);
      await workspace().sql(
        `CREATE TABLE migration_history (id serial PRIMARY KEY, migration_name text, version text, success boolean, environment text);
         INSERT INTO migration_history (migration_name, version, success, environment) VALUES ('people', '${nthVersion(1)}', true, 'staging')`,
      );
      expect((await users.status(preview)).counts).toMatchObject({ applied: 1, pending: 1 });
      await users.migrate({}, preview);
      expect((await states('preview'))[0]).toEqual({ row: 'users people repair applied' });
    });

    it('A3: continues a script behind the statements that finished under the former name', async () => {
      const { users } = projects();
      users.add('people', {
        transaction: false,
        up: (db) => db.script('CREATE TABLE first_part (id int); SELECT 1/0'),
      });
      configure(users, { staging: {} });
      await users.migrate({ to: 'people' }, staging);
      users.add('people', {
        transaction: false,
        up: (db) => db.script('CREATE TABLE first_part (id int); CREATE TABLE second_part ()'),
      });
      configure(users, renamed);
      const { failed } = await users.migrate({ to: 'people' }, preview);
      expect(failed).toBeUndefined();
      expect(await workspace().tables()).toEqual(['first_part', 'second_part']);
    });

    it('A3: resumes what was interrupted under the former name', async () => {
      const { users } = projects();
      users.add('people', {
        transaction: false,
        up: 'CREATE TABLE people (id int)',
        down: 'SELECT 1/0',
      });
      configure(users, { staging: {} });
      await users.migrate({ to: 'people' }, staging);
      await users.rollback('people', staging);
      users.add('people', {
        transaction: false,
        up: 'CREATE TABLE people (id int)',
        down: 'DROP TABLE people',
      });
      configure(users, renamed);
      const resume = { migration: 'people', action: 'resume', mode: 'run' } as const;
      const result = await (await users.agent(preview)).repair(resume);
      expect(result.status).toBe('done');
      expect(await workspace().tables()).toEqual([]);
    });
  });
});

describeOnServers('tenants of a renamed environment', (workspace) => {
  const names = ['x', 'y', 'z'];
  const tenants = () => names.map((name) => `${workspace().schema}_${name}`);
  afterEach(() =>
    workspace().sql(
      tenants()
        .map((name) => `DROP SCHEMA IF EXISTS ${name} CASCADE;`)
        .join(' '),
    ),
  );

  it('A3: all keep their history, also those with nothing to apply', async () => {
    const api = workspace().project().add('one', 'CREATE TABLE one (id int)');
    const configureTenants = (environment: string, more: string) => {
      const database = `url: '${workspace().url}', tenants: () => ${JSON.stringify(tenants())}`;
      writeFileSync(
        join(api.root, 'db.config.mjs'),
        `export default { project: 'api', environments: { ${environment}: { ${database}, ${more} } } };`,
      );
    };
    rmSync(join(api.root, 'db.config.json'));
    configureTenants('staging', '');
    await (await api.agent(staging)).migrateTenants();
    api.add('two', 'CREATE TABLE two (id int)');
    const [first = ''] = tenants();
    await (await (await api.agent(staging)).tenant(first)).migrate();

    rmSync(join(api.root, 'db.config.mjs'));
    configureTenants('preview', `renamedFrom: ['staging']`);
    const { counts } = await (await api.agent(preview)).statusTenants();
    expect(counts).toEqual({ total: 3, upToDate: 1, behind: 2, troubled: 0 });
    const result = await (await api.agent(preview)).migrateTenants({ concurrency: 3 });
    expect(result.counts).toMatchObject({ done: 2, upToDate: 1, failed: 0, refused: 0 });
    const after = await (await api.agent(preview)).statusTenants();
    expect(after.counts).toMatchObject({ upToDate: 3 });
    for (const tenant of tenants()) {
      const [row] = await workspace().sql(
        `SELECT environment FROM ${tenant}.migration_database ORDER BY id DESC LIMIT 1`,
      );
      expect(row).toEqual({ environment: 'preview' });
    }
  });
});

describeOnServers('two runners of a renamed environment', (workspace) => {
  it('A3: carry the history over once', async () => {
    const names = ['a', 'b', 'c', 'd'];
    const projects = names.map((name) =>
      workspace().project(name).add('one', `CREATE TABLE ${name}_one (id int)`),
    );
    for (const project of projects) {
      configure(project, { staging: {} });
      await project.migrate({}, staging);
      project.add('two', `CREATE TABLE ${project.name}_two (id int)`);
      configure(project, { preview: { renamedFrom: ['staging'] } });
    }
    const results = await Promise.all(projects.map((project) => project.migrate({}, preview)));
    expect(results.map(({ done }) => done.length)).toEqual([1, 1, 1, 1]);
    const rows = await workspace().sql(
      `SELECT project, count(*)::int AS rows FROM migration_history WHERE environment = 'preview' GROUP BY 1 ORDER BY 1`,
    );
    expect(rows).toEqual(names.map((project) => ({ project, rows: 2 })));
  });
});
