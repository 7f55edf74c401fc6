import { join } from 'node:path';
import { loadProjectConfig } from './load-project-config';
import { listEnvironments } from './project-config';
import { resolveSettings, type ResolveSettingsOptions } from './resolve-settings';
import { TemporaryFiles, type FileTree } from './testing/temporary-files';

const temporary = new TemporaryFiles();
afterEach(() => temporary.clean());

async function settings(files: FileTree, options: Partial<ResolveSettingsOptions> = {}) {
  const config = await loadProjectConfig({ projectRoot: temporary.make(files) });
  return resolveSettings(config, { env: {}, ...options });
}

test('without a configuration, development runs on the embedded database', async () => {
  const [only] = await settings({ 'package.json': { name: '@acme/api' } });
  expect(only).toMatchObject({
    project: '@acme/api',
    configPath: undefined,
    environment: 'development',
    databaseName: undefined,
    connection: { kind: 'url', url: 'pglite:.data/development', source: 'default' },
    schema: 'public',
    searchPath: ['public'],
    protected: false,
    outOfOrder: 'refuse',
    lockTimeoutMs: 5_000,
    statementTimeoutMs: 0,
    lockWaitMs: 60_000,
    lockRetries: 3,
  });
  expect(only?.migrationsFolder).toBe(join(only?.projectRoot ?? '', 'migrations'));
});

test('an environment says what differs from the project', async () => {
  const staging = {
    url: { env: 'STAGING_DATABASE_URL' },
    protected: true,
    lockTimeout: '500ms',
    statementTimeout: '2m',
    lockWait: 0,
    lockRetries: 7,
    outOfOrder: 'allow',
    schema: 'staged',
  };
  const config = { schema: 'app', searchPath: ['extensions'], environments: { staging } };
  const [only] = await settings(
    { 'db.config.json': config },
    { environment: 'staging', env: { STAGING_DATABASE_URL: ' postgres://db/app ' } },
  );
  expect(only).toMatchObject({
    connection: { kind: 'url', url: 'postgres://db/app', source: 'STAGING_DATABASE_URL' },
    protected: true,
    lockTimeoutMs: 500,
    statementTimeoutMs: 120_000,
    lockWaitMs: 0,
    lockRetries: 7,
    outOfOrder: 'allow',
    schema: 'staged',
    searchPath: ['staged', 'extensions'],
  });
});

test('NODE_ENV chooses the environment unless one is asked for', async () => {
  const environments = { development: { url: 'pglite:a' }, staging: { url: 'pglite:b' } };
  const files = { 'db.config.json': { environments } };
  const env = { NODE_ENV: 'staging' };
  expect((await settings(files, { env }))[0]?.environment).toBe('staging');
  expect((await settings(files, { env, environment: 'development' }))[0]?.environment).toBe(
    'development',
  );
});

test('the command line is stronger than the configuration', async () => {
  const overrides = { lockWait: '1s', lockTimeout: 250, outOfOrder: 'allow' } as const;
  const [only] = await settings({}, { overrides });
  expect(only).toMatchObject({ lockWaitMs: 1000, lockTimeoutMs: 250, outOfOrder: 'allow' });
});

describe('an environment of several databases', () => {
  const databases = { eu: { url: 'pglite:eu' }, us: { url: 'pglite:us' } };
  const files = { 'db.config.json': { environments: { development: { databases } } } };

  test('gives the settings of each', async () => {
    const all = await settings(files);
    expect(all.map(({ databaseName, connection }) => [databaseName, connection])).toEqual([
      ['eu', { kind: 'url', url: 'pglite:eu', source: 'db.config.json' }],
      ['us', { kind: 'url', url: 'pglite:us', source: 'db.config.json' }],
    ]);
  });

  test('or of the one asked for', async () => {
    expect((await settings(files, { database: 'us' })).map((one) => one.databaseName)).toEqual([
      'us',
    ]);
  });
});

describe("the application's own connection", () => {
  const files = { 'db.config.json': { environments: { development: {} } } };

  test('needs no url', async () => {
    const pool = { connect: () => Promise.reject(new Error('unused')) };
    expect((await settings(files, { connection: pool }))[0]?.connection).toEqual({
      kind: 'pool',
      pool,
    });
  });

  test('is a service when its connect hands out no clients', async () => {
    const service = { query: () => Promise.resolve({ rows: [] }), connect: () => undefined };
    expect((await settings(files, { connection: service }))[0]?.connection).toEqual({
      kind: 'service',
      service,
    });
  });
});

test('a TypeScript configuration may import local files, compute, and name its project', async () => {
  const projectRoot = join(__dirname, 'fixtures/typescript');
  const config = await loadProjectConfig({ projectRoot });
  expect(config.project).toBe('typed');
  expect(config.migrationsFolder).toBe(join(projectRoot, 'database'));
  expect(listEnvironments(config)).toEqual([
    { name: 'development', protected: false, databases: [] },
    { name: 'staging', protected: false, databases: [] },
    { name: 'production', protected: true, databases: ['eu', 'us'] },
  ]);
});

test('tenants are carried along', async () => {
  const source = `export default { environments: { development: {
    url: 'pglite:memory:', tenants: async () => ['acme', 'umbrella'] } } };`;
  const [only] = await settings({ 'db.config.mjs': source });
  await expect(only?.tenants?.({ query: () => Promise.resolve({ rows: [] }) })).resolves.toEqual([
    'acme',
    'umbrella',
  ]);
});
