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

  async function agent(names: readonly unknown[]): Promise<MigrationAgent> {
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

  it('G3: that resemble URLs are refused all at once, and no schema is created', async () => {
    const names: readonly unknown[] = [
      'postgress://joe:pw-9@h/db',
      ' postgres://joe:pw-9@h/db',
      `postgress://joe:pw-9@${'h'.repeat(80)}/db`,
      'postgress://joe:pw-9\0@h',
      '127.0.0.1:5432/acme',
      'joe:pw-9@h',
      'host=h password=pw-9',
      { name: 'acme', url: 'postgres://joe:pw-9@h/db' },
      'acme-eu',
    ];
    const before = await schemas();
    for (const work of [
      async () => (await agent(names)).migrateTenants(),
      async () => (await agent(names)).statusTenants(),
      async () => (await agent(names)).tenant('acme-eu'),
    ]) {
      const refused = await refusal(work());
      expect(refused.problems.map(({ code }) => code)).toEqual(
        names.slice(0, -1).map(() => 'INVALID_TENANTS'),
      );
      expect(JSON.stringify(refused.problems) + refused.message).not.toContain('pw-9');
    }
    expect(await schemas()).toEqual(before);
  });

  it('G3: a URL given for the name of a tenant is never shown', async () => {
    const url = 'postgres://joe:pw-9@h/db';
    const only = await agent(['acme']);
    for (const work of [() => only.tenant(url), () => only.migrateTenants({ canary: url })]) {
      const refused = await refusal(work());
      expect(refused.code).toBe('UNKNOWN_TENANT');
      expect(JSON.stringify(refused.problems) + refused.message).not.toContain('pw-9');
    }
  });

  it.each(['acme-eu', 'tenant 7', 'Köln', 'acme.example.com', 'ACME'])(
    'G3: a name that no URL resembles stays a schema: %s',
    async (name) => {
      expect((await (await agent([name])).migrateTenants()).status).toBe('done');
      expect(await schemas()).toContain(name);
    },
  );

  async function schemas(): Promise<string[]> {
    const rows = await database.query<{ name: string }>(
      'SELECT nspname AS name FROM pg_namespace ORDER BY 1',
    );
    return rows.map(({ name }) => name);
  }
});
