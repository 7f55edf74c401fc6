import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MigrationAgent } from '../agent';
import { TemporaryFiles } from '../config/testing/temporary-files';
import { refusal } from '../source/testing/fixtures';
import { migrationSource, nthVersion } from '../testing/migration-source';
import { createTestDatabase, describeEachPostgres, type TestDatabase } from '../testing/postgres';

const FIRST = nthVersion(1);

describeEachPostgres('tenants with odd names', (server) => {
  const files = new TemporaryFiles();
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createTestDatabase(server);
    await database.query('CREATE TABLE precious (id int)');
  });
  afterEach(async () => {
    await database.drop();
    files.clean();
  });

  async function agent(names: readonly string[]): Promise<MigrationAgent> {
    const projectRoot = files.make({
      'nx.json': {},
      [`migrations/${FIRST}_one.ts`]: migrationSource(FIRST, 'one', {
        up: 'CREATE TABLE one (id int)',
      }),
    });
    const environment = `{ url: '${database.url}', tenants: async () => ${JSON.stringify(names)} }`;
    const config = `export default { project: 'shop', environments: { development: ${environment} } };`;
    writeFileSync(join(projectRoot, 'db.config.ts'), config);
    const [only] = await MigrationAgent.load({ projectRoot, environment: 'development', env: {} });
    if (only === undefined) throw new Error('No agent was loaded.');
    return only;
  }

  it.each([
    ' in spaces ',
    'a, b',
    `q'uo"te\\`,
    'ü'.repeat(31),
    '$1',
    '__proto__',
    'new\nline',
    'x"\n;DROP TABLE public.precious;--',
  ])('are migrated in the schema of that very name: %j', async (name) => {
    const result = await (await agent([name])).migrateTenants();
    expect(result.tenants).toMatchObject([{ tenant: name, status: 'done' }]);
    const tables = await database.query(
      "SELECT schemaname, tablename FROM pg_tables WHERE tablename IN ('one', 'precious') ORDER BY 2",
    );
    expect(tables).toEqual([
      { schemaname: name, tablename: 'one' },
      { schemaname: 'public', tablename: 'precious' },
    ]);
    expect((await (await agent([name])).statusTenants()).counts).toMatchObject({ upToDate: 1 });
  });

  it.each(['$user', 'half a \ud83d', 'nul\0'])(
    'that Postgres would take for others are refused: %j',
    async (name) => {
      const refused = await refusal((await agent([name])).migrateTenants());
      expect(refused.code).toBe('INVALID_NAME');
    },
  );
});
