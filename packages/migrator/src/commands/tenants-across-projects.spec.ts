import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MigrationAgent } from '../agent';
import { TemporaryFiles } from '../config/testing/temporary-files';
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
});
