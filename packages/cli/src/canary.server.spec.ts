import {
  createTestDatabase,
  describeNewestPostgres,
  type TestDatabase,
} from '../../migrator/src/testing/postgres';
import { folderWith, removeFolders, writeFiles } from './testing/folders';
import { run } from './testing/run';

jest.setTimeout(60_000);
afterAll(removeFolders);

interface Document {
  databaseName: string;
  canary?: string;
  status: string;
  error?: { code: string };
}

const migration = (more = '') => ({
  'migrations/20250101000000_one.cjs': `module.exports = { version: '20250101000000', name: 'one',
    async up(db) { await db.query('CREATE TABLE one (id int)'); ${more} } };`,
});

describeNewestPostgres('a canary of an environment with several databases', (server) => {
  let eu: TestDatabase;
  let us: TestDatabase;
  beforeEach(async () => {
    eu = await createTestDatabase(server);
    us = await createTestDatabase(server);
  });
  afterEach(async () => {
    await eu.drop();
    await us.drop();
  });

  /** `eu` has the tenants acme and beta, `us` has beta and demo. */
  const project = (euUrl: string, more = '') =>
    folderWith({
      'nx.json': '{}',
      'db.config.cjs': `module.exports = { project: 'shop', environments: { production: {
        databases: { eu: { url: '${euUrl}' }, us: { url: '${us.url}' } },
        tenants: async (db) => {
          const { rows } = await db.query('SELECT current_database() AS name');
          return rows[0].name === '${us.name}' ? ['beta', 'demo'] : ['acme', 'beta'];
        } } } };`,
      ...migration(more),
    });
  const db = (cwd: string, ...args: string[]) => run({ cwd }, 'db', ...args, '--env=production');
  const documents = async (cwd: string, ...args: string[]) =>
    JSON.parse((await db(cwd, ...args, '--json')).stdout) as Document[];

  it('G4: begins in the database that has the canary, and migrates the others', async () => {
    const cwd = await project(eu.url);
    for (const mode of ['--dry-run', '--verbose']) {
      expect(await documents(cwd, 'migrate', '--canary=demo', mode)).toMatchObject([
        { databaseName: 'us', canary: 'demo' },
        { databaseName: 'eu', canary: 'acme' },
      ]);
    }
    expect((await db(cwd, 'status', '--check')).exitCode).toBe(0);
  });

  it('G4: begins no tenant of another database when the canary fails', async () => {
    const broken = `const { rows } = await db.query('SELECT current_schema() AS name');
      if (rows[0].name === 'demo') throw new Error('demo is broken');`;
    const cwd = await project(eu.url, broken);
    expect(await documents(cwd, 'migrate', '--canary=demo')).toMatchObject([
      { databaseName: 'us', canary: 'demo', status: 'failed' },
      { databaseName: 'eu', status: 'not-reached' },
    ]);
    await writeFiles(cwd, migration());
    const { exitCode, stderr } = await db(cwd, 'migrate', '--only-failed', '--canary=acme');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('not among those that this command acts on, of shop in production/us');
  });

  it('G4: refuses a canary that no database has, and changes nothing', async () => {
    const cwd = await project(eu.url);
    const { exitCode, stderr } = await db(cwd, 'migrate', '--canary=dmo');
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/UNKNOWN_TENANT: The canary "dmo"[^]*environments\.production\b/);
    expect(stderr).toContain('“demo”');
    const [{ count } = { count: -1 }] = await us.query<{ count: number }>(
      "SELECT count(*)::int AS count FROM pg_namespace WHERE nspname IN ('beta', 'demo')",
    );
    expect(count).toBe(0);
  });

  it('G4: migrates the databases besides one that cannot be asked for the canary', async () => {
    const cwd = await project('postgres://nobody@127.0.0.1:1/nowhere');
    expect(await documents(cwd, 'migrate', '--canary=demo')).toMatchObject([
      { databaseName: 'us', canary: 'demo', status: 'done' },
      { databaseName: 'eu', error: { code: 'CONNECTION_FAILED' } },
    ]);
  });

  it('G6: names the database that cannot be asked for its tenants', async () => {
    const cwd = await project('postgres://nobody@127.0.0.1:1/nowhere');
    for (const args of [
      ['migrate', '--tenant=demo'],
      ['rollback', 'one', '--tenant=*'],
    ]) {
      const { stderr, stdout } = await db(cwd, ...args);
      expect(stdout).toBe('');
      expect(stderr).toContain('The tenants of shop in production/eu cannot be found: ');
      expect(stderr).toContain('--database=<database>');
    }
    const unknown = await db(cwd, 'migrate', '--tenant=acme', '--database=us');
    expect(unknown.stderr).toContain('in environments.production.databases.us');
  });
});
