import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MigrationAgent } from '../agent';
import { TemporaryFiles } from '../config/testing/temporary-files';
import { formatTenantsResult, formatTenantsStatus } from '../report/format-tenants';
import type { RunEvent } from '../run/events';
import { migrationSource, nthVersion } from '../testing/migration-source';
import { createTestDatabase, describeEachPostgres, type TestDatabase } from '../testing/postgres';

const NAMES = Array.from({ length: 16 }, (_, index) => `t${index}`);

describeEachPostgres('a limit of connections', (server) => {
  const files = new TemporaryFiles();
  let database: TestDatabase;
  let role: string;
  let events: RunEvent[];

  beforeEach(async () => {
    database = await createTestDatabase(server);
    role = `limited_${database.name}`;
    await database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'secret';
      GRANT CREATE ON DATABASE ${database.name} TO ${role}`);
    events = [];
  });
  afterEach(async () => {
    await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    await database.drop();
    files.clean();
  });

  async function agent(
    tenants = NAMES,
    up = 'CREATE TABLE users (id int); SELECT pg_sleep(0.05)',
  ): Promise<MigrationAgent> {
    const version = nthVersion(1);
    const url = database.url.replace(/\/\/[^@]*@/, `//${role}:secret@`);
    const projectRoot = files.make({
      'nx.json': {},
      [`migrations/${version}_users.ts`]: migrationSource(version, 'users', { up }),
    });
    writeFileSync(
      join(projectRoot, 'db.config.ts'),
      `export default { project: 'shop', environments: { development: {
        url: '${url}', tenants: async () => ${JSON.stringify(tenants)} } } };`,
    );
    const onEvent = (event: RunEvent) => void events.push(event);
    const options = { projectRoot, environment: 'development', env: {}, onEvent };
    const [only] = await MigrationAgent.load(options);
    if (only === undefined) throw new Error('No agent was loaded.');
    return only;
  }
  const limit = (sql: string) => database.query(sql);
  const told = () => events.filter(({ type }) => type === 'connections-limited');

  it('of a role lowers the concurrency, and all tenants are migrated', async () => {
    await limit(`ALTER ROLE ${role} CONNECTION LIMIT 3`);
    const only = await agent();
    const result = await only.migrateTenants({ concurrency: 8 });
    expect(result.counts).toMatchObject({ total: 16, done: 16 });
    expect(result.concurrency).toMatchObject({ requested: 8 });
    expect(result.concurrency?.used).toBeLessThanOrEqual(3);
    expect(told()).toHaveLength(1);
    expect(formatTenantsResult(result)).toContain('not 8');
    const started = events.filter(({ type }) => type === 'tenant-started');
    expect(started).toHaveLength(16);

    const status = await only.statusTenants({ concurrency: 8 });
    expect(status.counts).toMatchObject({ total: 16, upToDate: 16 });
    expect(status.concurrency?.used).toBeLessThanOrEqual(3);
    expect(formatTenantsStatus(status)).toContain('not 8');
  });

  it('of a database lowers the concurrency', async () => {
    // The connection of this test is one of them, but a superuser is not counted out.
    await limit(`ALTER DATABASE ${database.name} CONNECTION LIMIT 3`);
    const result = await (await agent()).migrateTenants({ concurrency: 8 });
    expect(result.counts).toMatchObject({ done: 16 });
    expect(result.concurrency?.used).toBeLessThan(8);
  });

  it('that leaves one connection lets the tenants take turns', async () => {
    await limit(`ALTER ROLE ${role} CONNECTION LIMIT 1`);
    const result = await (await agent(NAMES.slice(0, 4))).migrateTenants({ concurrency: 4 });
    expect(result).toMatchObject({ status: 'done', concurrency: { requested: 4, used: 1 } });
  });

  it('that leaves none is an error', async () => {
    const only = await agent(NAMES.slice(0, 3));
    await limit(`ALTER ROLE ${role} CONNECTION LIMIT 0`);
    const result = await only.migrateTenants({ concurrency: 3 });
    expect(result.counts).toMatchObject({ refused: 3, done: 0 });
    expect(result.tenants[0]?.error).toMatchObject({ code: 'CONNECTION_FAILED' });
  });

  it('is not mentioned where it is not met', async () => {
    const result = await (await agent(NAMES.slice(0, 3))).migrateTenants({ concurrency: 3 });
    expect(result.status).toBe('done');
    expect(result).not.toHaveProperty('concurrency');
    expect(told()).toEqual([]);
  });

  it('that a migration meets itself fails that migration and lowers nothing', async () => {
    const up = `DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '53300', MESSAGE = 'full'; END $$`;
    const result = await (await agent(NAMES.slice(0, 2), up)).migrateTenants({ concurrency: 2 });
    expect(result.tenants[0]).toMatchObject({ status: 'failed' });
    expect(result).not.toHaveProperty('concurrency');
  });
});
