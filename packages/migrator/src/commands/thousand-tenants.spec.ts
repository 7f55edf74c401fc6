import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MigrationAgent } from '../agent';
import { TemporaryFiles } from '../config/testing/temporary-files';
import { formatTenantsResult } from '../report/format-tenants';
import { migrationSource, nthVersion } from '../testing/migration-source';
import { createTestDatabase, testServers, type TestDatabase } from '../testing/postgres';

jest.setTimeout(300_000);

const TENANTS = 1_000;
const CONCURRENCY = 4;

/** One server is enough: this is about numbers, and the other tests run on all of them. */
const describeOnNewest = testServers().length === 0 ? describe.skip : describe;

describeOnNewest('a thousand tenants', () => {
  const files = new TemporaryFiles();
  let database: TestDatabase;
  let root: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    root = files.make({ 'nx.json': {}, 'migrations/.gitkeep': '' });
    const migrations = [
      ['create_users', { up: 'CREATE TABLE users (id int PRIMARY KEY)' }],
      ['add_email', { up: 'ALTER TABLE users ADD email text' }],
    ] as const;
    // Loaded once for all of them: every load would add a line.
    const head = `import { appendFileSync } from 'node:fs'; appendFileSync(${JSON.stringify(join(root, 'loads.txt'))}, 'load ');`;
    for (const [index, [name, snippet]] of migrations.entries()) {
      const version = nthVersion(index + 1);
      const source = migrationSource(version, name, { ...snippet, head });
      writeFileSync(join(root, 'migrations', `${version}_${name}.ts`), source);
    }
    const sql = `SELECT format('tenant_%s', lpad(n::text, 4, '0')) AS name FROM generate_series(1, ${TENANTS}) n`;
    const environment = `{ url: ${JSON.stringify(database.url)},
      tenants: async (db) => (await db.query(${JSON.stringify(sql)})).rows.map(({ name }) => name) }`;
    writeFileSync(
      join(root, 'db.config.ts'),
      `export default { project: 'shop', environments: { development: ${environment} } };`,
    );
  });
  afterAll(async () => {
    await database.drop();
    files.clean();
  });

  async function agent(): Promise<MigrationAgent> {
    const [only] = await MigrationAgent.load({
      projectRoot: root,
      environment: 'development',
      env: {},
    });
    if (only === undefined) throw new Error('No agent was loaded.');
    return only;
  }

  /** The most runners that held a lock at once, seen until the work was done. */
  async function mostAtWork(work: Promise<unknown>): Promise<number> {
    let working = true;
    let most = 0;
    const finished = work.finally(() => (working = false));
    while (working) {
      const [row] = await database.query<{ count: number }>(
        `SELECT count(DISTINCT pid)::int FROM pg_locks JOIN pg_database d ON d.oid = database
          WHERE locktype = 'advisory' AND datname = current_database()`,
      );
      most = Math.max(most, row?.count ?? 0);
    }
    await finished;
    return most;
  }
  const loads = () => readFileSync(join(root, 'loads.txt'), 'utf8').trim().split(' ').length;
  const migrateAll = async () => (await agent()).migrateTenants({ concurrency: CONCURRENCY });

  it('are migrated, stopped in the middle by a failure, and migrated to the end', async () => {
    await database.query('CREATE SCHEMA tenant_0500; CREATE TABLE tenant_0500.users (id int)');
    const stopped = await migrateAll();

    expect(stopped).toMatchObject({ status: 'failed', canary: 'tenant_0001' });
    expect(stopped.counts).toMatchObject({ total: TENANTS, failed: 1, refused: 0 });
    // The others work on until the failure is known and recorded; then nothing more is begun.
    expect(stopped.counts.done).toBeGreaterThanOrEqual(499);
    expect(stopped.counts.done).toBeLessThan(600);
    expect(loads()).toBe(2);
    expect(formatTenantsResult(stopped).split('\n').length).toBeLessThan(20);

    await database.query('DROP TABLE tenant_0500.users');
    const work = migrateAll();
    expect(await mostAtWork(work)).toBe(CONCURRENCY);
    expect(await work).toMatchObject({
      status: 'done',
      canary: 'tenant_0500',
      counts: { done: TENANTS - stopped.counts.done, upToDate: stopped.counts.done },
    });
    expect(loads()).toBe(4);

    expect((await (await agent()).statusTenants()).counts).toEqual({
      total: TENANTS,
      upToDate: TENANTS,
      behind: 0,
      troubled: 0,
    });
  });

  it('cost no lock and no load when they are up to date', async () => {
    const work = migrateAll();
    expect(await mostAtWork(work)).toBe(0);
    expect(await work).toMatchObject({ status: 'nothing-to-do', counts: { upToDate: TENANTS } });
    expect(loads()).toBe(4);
  });
});
