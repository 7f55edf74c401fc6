import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MigrationAgent } from '../agent';
import { TemporaryFiles } from '../config/testing/temporary-files';
import type { MigratorError } from '../errors';
import { formatTenantsResult } from '../report/format-tenants';
import type { TenantsResult } from '../run/result';
import { refusal } from '../source/testing/fixtures';
import { migrationSource, nthVersion } from '../testing/migration-source';
import { createPgliteFolder } from '../testing/pglite';
import { createTestDatabase, describeEachPostgres, type TestDatabase } from '../testing/postgres';

const FIRST = nthVersion(1);

describeEachPostgres('tenants of projects that need each other', (server) => {
  const files = new TemporaryFiles();
  let shared: TestDatabase;
  let other: TestDatabase;
  let root: string;

  beforeEach(async () => {
    [shared, other] = await Promise.all([createTestDatabase(server), createTestDatabase(server)]);
    root = files.make({
      'nx.json': {},
      [`users/migrations/${FIRST}_people.ts`]: migrationSource(FIRST, 'people', {
        up: 'CREATE TABLE people (id int)',
      }),
      [`billing/migrations/${FIRST}_bills.ts`]: migrationSource(FIRST, 'bills', {
        up: 'CREATE TABLE bills (id int)',
        dependencies: [`users:${FIRST}`],
      }),
    });
  });
  afterEach(async () => {
    await Promise.all([shared.drop(), other.drop()]);
    files.clean();
  });

  interface Place {
    readonly url: string;
    readonly tenants?: readonly string[];
    readonly schema?: string;
  }

  function configure(project: string, { url, tenants, schema = 'public' }: Place): void {
    const named = tenants === undefined ? '' : `, tenants: async () => ${JSON.stringify(tenants)}`;
    const environment = `{ url: ${JSON.stringify(url)}${named} }`;
    const config = `{ project: '${project}', schema: '${schema}', environments: { development: ${environment} } }`;
    writeFileSync(join(root, project, 'db.config.ts'), `export default ${config};`);
  }
  async function agent(project: string): Promise<MigrationAgent> {
    const options = { projectRoot: join(root, project), environment: 'development', env: {} };
    const [only] = await MigrationAgent.load(options);
    if (only === undefined) throw new Error('No agent was loaded.');
    return only;
  }
  const outcomes = ({ tenants }: TenantsResult) =>
    tenants.map(({ tenant, status, done }) =>
      [tenant, status, ...done.map(({ name }) => name)].join(' '),
    );
  const tables = async (database: TestDatabase, table: string) =>
    (
      await database.query<{ name: string }>(
        'SELECT schemaname AS name FROM pg_tables WHERE tablename = $1 ORDER BY 1',
        [table],
      )
    ).map(({ name }) => name);

  it('find the same tenant where the other project keeps it, be that another database', async () => {
    configure('users', { url: other.url, tenants: ['acme', 'umbrella'] });
    configure('billing', { url: shared.url, tenants: ['acme', 'umbrella'] });

    const result = await (await agent('billing')).migrateTenants({ prerequisites: 'apply' });

    expect(outcomes(result)).toEqual(['acme done people bills', 'umbrella done people bills']);
    expect(await tables(other, 'people')).toEqual(['acme', 'umbrella']);
    expect(await tables(shared, 'people')).toEqual([]);
    expect(await tables(shared, 'bills')).toEqual(['acme', 'umbrella']);
    expect((await (await agent('users')).statusTenants()).counts).toMatchObject({ upToDate: 2 });
  });

  it('that are databases have the other project in its own schema there', async () => {
    const tenants = [other.url];
    configure('users', { url: shared.url, tenants, schema: 'people' });
    configure('billing', { url: shared.url, tenants, schema: 'money' });
    await (await agent('users')).migrateTenants();

    const result = await (await agent('billing')).migrateTenants();

    expect(result).toMatchObject({ status: 'done', counts: { done: 1 } });
    expect(await tables(other, 'people')).toEqual(['people']);
    expect(await tables(other, 'bills')).toEqual(['money']);
  });

  it('are not guessed for a project that has none itself', async () => {
    configure('users', { url: shared.url, tenants: ['acme', 'umbrella'] });
    configure('billing', { url: shared.url });
    for (const prerequisites of ['apply', 'require'] as const) {
      const refused = await refusal((await agent('billing')).migrate({ prerequisites }));
      expect(refused.code).toBe('UNKNOWN_TENANT');
      expect(refused.message).toContain('users, which billing depends on: ');
    }
    expect(await tables(shared, 'people')).toEqual([]);
  });

  it('are planned in a dry run as the run then goes', async () => {
    configure('users', { url: shared.url, tenants: ['acme', 'umbrella'] });
    configure('billing', { url: shared.url, tenants: ['acme', 'umbrella'] });
    for (const prerequisites of ['apply', 'require'] as const) {
      const planned = await (
        await agent('billing')
      ).migrateTenants({ prerequisites, mode: 'dry-run' });
      expect(outcomes(planned)).toEqual(['acme planned', 'umbrella planned']);
    }
    expect(await tables(shared, 'migration_history')).toEqual([]);
  });

  it('G5: are never created for a project that does not have them', async () => {
    configure('users', { url: shared.url, tenants: ['t1', 't2'] });
    configure('billing', { url: shared.url, tenants: ['t3', 't1', 't2'] });
    const billing = await agent('billing');
    for (const mode of ['dry-run', 'run'] as const) {
      const result = await billing.migrateTenants({ prerequisites: 'apply', mode });
      const status = mode === 'run' ? 'done' : 'planned';
      expect(result.tenants.map((tenant) => tenant.status)).toEqual(['refused', status, status]);
      expect(result.canary).toBe('t1');
      expect(result.tenants[0]?.error).toMatchObject({
        code: 'UNKNOWN_TENANT',
        message: 'users, which billing depends on: it has no tenant "t3" in development.',
        hint: 'Add the tenant to users, or remove it from billing. Did you mean “t1”? The tenants are t1, t2.',
      });
    }
    expect(await tables(shared, 'people')).toEqual(['t1', 't2']);
    expect(await tables(shared, 'bills')).toEqual(['t1', 't2']);
    const [schema] = await shared.query("SELECT nspname FROM pg_namespace WHERE nspname = 't3'");
    expect(schema).toBeUndefined();

    const required = await billing.migrateTenants();
    expect(required.tenants[0]?.error).toMatchObject({ code: 'UNKNOWN_TENANT' });
    const alone = await refusal((await billing.tenant('t3')).migrate({ prerequisites: 'apply' }));
    expect(alone.code).toBe('UNKNOWN_TENANT');
  });

  it('G5: that are databases are never created either', async () => {
    configure('users', { url: shared.url, tenants: ['acme'] });
    configure('billing', { url: shared.url, tenants: [other.url, 'acme'] });
    const result = await (await agent('billing')).migrateTenants({ prerequisites: 'apply' });
    expect(result.tenants.map(({ status }) => status)).toEqual(['refused', 'done']);
    expect(await tables(other, 'people')).toEqual([]);
  });

  it('G5: are asked for with the search path of the other project', async () => {
    await shared.query(`CREATE SCHEMA people; CREATE TABLE people.tenants (name text);
      INSERT INTO people.tenants VALUES ('t1'), ('t2')`);
    const environment = `{ url: ${JSON.stringify(shared.url)}, tenants: async (db) =>
      (await db.query('SELECT name FROM tenants ORDER BY name')).rows.map(({ name }) => name) }`;
    const config = `{ project: 'users', schema: 'people', environments: { development: ${environment} } }`;
    writeFileSync(join(root, 'users', 'db.config.ts'), `export default ${config};`);
    configure('billing', { url: shared.url, tenants: ['t1', 't2', 't3'] });
    for (const prerequisites of ['require', 'apply'] as const) {
      const result = await (await agent('billing')).migrateTenants({ prerequisites });
      expect(result.tenants[2]?.error).toMatchObject({ code: 'UNKNOWN_TENANT' });
    }
    expect(await tables(shared, 'people')).toEqual(['t1', 't2']);
  });

  it('G5: show what other projects apply first in a dry run', async () => {
    configure('users', { url: shared.url, tenants: ['acme', 'umbrella'] });
    configure('billing', { url: shared.url, tenants: ['acme', 'umbrella'] });
    const options = { prerequisites: 'apply', mode: 'dry-run' } as const;
    const planned = await (await agent('billing')).migrateTenants(options);
    const both = [`users:${FIRST}`, `billing:${FIRST}`];
    expect(planned.tenants.map((tenant) => tenant.planned)).toEqual([both, both]);
    expect(formatTenantsResult(planned)).toContain(`acme, umbrella\n  ${both.join('\n  ')}`);
    expect(await tables(shared, 'people')).toEqual([]);
  });

  it('are planned on an embedded database too, which has one session', async () => {
    const { url, remove } = await createPgliteFolder();
    configure('users', { url, tenants: ['acme'] });
    configure('billing', { url, tenants: ['acme'] });
    for (const prerequisites of ['apply', 'require'] as const) {
      const planned = await (
        await agent('billing')
      ).migrateTenants({ prerequisites, mode: 'dry-run' });
      expect(outcomes(planned)).toEqual(['acme planned']);
    }
    await remove();
  });

  it.each([
    ['us: { url: URL }', 'UNKNOWN_DATABASE'],
    ['us: { url: URL }, asia: { url: URL }', 'UNKNOWN_DATABASE'],
    ['eu: { url: URL }, us: { url: URL }', undefined],
  ])('G5: a database of another name is not taken for the same one: %s', async (named, code) => {
    const write = (project: string, databases: string) =>
      writeFileSync(
        join(root, project, 'db.config.ts'),
        `const URL = ${JSON.stringify(shared.url)};
         export default { project: '${project}', environments: { development: { databases: { ${databases} } } } };`,
      );
    write('users', named);
    write('billing', 'eu: { url: URL }');
    const work = (await agent('billing')).migrate({ prerequisites: 'apply' });
    if (code === undefined) expect((await work).status).toBe('done');
    else expect((await refusal(work)).code).toBe(code);
    expect(await tables(shared, 'people')).toEqual(code === undefined ? ['public'] : []);
  });

  it('G5: are asked for on the one session of an embedded database', async () => {
    const { url, remove } = await createPgliteFolder();
    const environment = `{ url: ${JSON.stringify(url)}, tenants: async (db) =>
      (await db.query("SELECT 't1' AS name")).rows.map(({ name }) => name) }`;
    const config = `{ project: 'users', environments: { development: ${environment} } }`;
    writeFileSync(join(root, 'users', 'db.config.ts'), `export default ${config};`);
    configure('billing', { url, tenants: ['t1', 't2'] });
    await (await agent('users')).migrate();
    const required = await (await agent('billing')).migrateTenants();
    expect(required.tenants.map(({ error }) => (error as MigratorError).code)).toEqual([
      'PREREQUISITE_NOT_APPLIED',
      'UNKNOWN_TENANT',
    ]);
    const applied = await (await agent('billing')).migrateTenants({ prerequisites: 'apply' });
    expect(applied.tenants.map(({ status }) => status)).toEqual(['done', 'refused']);
    await remove();
  });
});
