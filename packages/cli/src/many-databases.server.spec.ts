import {
  createTestDatabase,
  describeEachPostgres,
  type TestDatabase,
} from '../../migrator/src/testing/postgres';
import { ff } from './testing/ff';
import { folderWith, removeFolders, writeFiles } from './testing/folders';
import { BROKEN, migrationFile, USERS_AND_TEAMS } from './testing/migrations';

jest.setTimeout(180_000);
afterAll(removeFolders);

describeEachPostgres('ff with many databases', (server) => {
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

  const config = (environment: object, project = 'shop') => ({
    'db.config.json': JSON.stringify({ project, environments: { development: environment } }),
  });
  const both = () => ({ databases: { eu: { url: eu.url }, us: { url: us.url } } });
  const withTenants = (names: readonly string[]) => ({
    'db.config.ts': `export default { project: 'shop', environments: { development: {
      url: ${JSON.stringify(eu.url)}, tenants: async () => ${JSON.stringify(names)} } } };`,
  });

  it('migrates one after the other, and shows them side by side', async () => {
    const cwd = await folderWith({ ...config(both()), ...USERS_AND_TEAMS });
    const some = await ff({ cwd }, 'db', 'migrate', '--database=us', '--to=create_users');
    expect(some.exitCode).toBe(0);
    const { stdout } = await ff({ cwd }, 'db', 'status');
    expect(stdout).toMatch(/VERSION +NAME +eu +us\n/);
    expect(stdout).toMatch(/create_users +pending +applied\n.*add_teams +pending +pending/);

    expect(await ff({ cwd }, 'db', 'migrate')).toMatchObject({ exitCode: 0 });
    expect(await ff({ cwd }, 'db', 'status', '--check')).toMatchObject({ exitCode: 0 });
  });

  it('shows the tenants of each, also when one of them cannot be reached', async () => {
    const nowhere = { url: 'postgres://nobody@127.0.0.1:1/nothing' };
    const databases = JSON.stringify({ eu: nowhere, us: { url: us.url } });
    const tenants = `async (db) => (await db.query("SELECT 'acme' AS name")).rows.map(({ name }) => name)`;
    const cwd = await folderWith({
      ...USERS_AND_TEAMS,
      'db.config.ts': `export default { project: 'shop', environments: { development: {
        databases: ${databases}, tenants: ${tenants} } } };`,
    });
    const text = await ff({ cwd }, 'db', 'status');
    expect(text).toMatchObject({ exitCode: 1 });
    expect(text.stdout).toMatch(
      /^eu: CONNECTION_FAILED[^]*development\/us[^]*1 tenant: 0 up to date/,
    );
    const json = await ff({ cwd }, 'db', 'status', '--json');
    expect(JSON.parse(json.stdout)).toMatchObject([
      { databaseName: 'eu', error: { code: 'CONNECTION_FAILED' } },
      { databaseName: 'us', tenants: [{ tenant: 'acme' }] },
    ]);
  });

  it('stops at the first that fails, and says which were not reached', async () => {
    const cwd = await folderWith({ ...config(both()), ...USERS_AND_TEAMS, ...BROKEN });
    const text = await ff({ cwd }, 'db', 'migrate');
    expect(text).toMatchObject({ exitCode: 1 });
    expect(text.stdout).toMatch(/Skipped 1 database: us\n$/);

    const json = await ff({ cwd }, 'db', 'migrate', '--json');
    expect(JSON.parse(json.stdout)).toMatchObject([
      { databaseName: 'eu', status: 'failed' },
      { databaseName: 'us', status: 'not-reached' },
    ]);
    await writeFiles(cwd, { 'run.json': json.stdout });
    const report = await ff({ cwd }, 'db', 'report', 'run.json');
    expect(report.stdout).toMatch(/shop \| development\/eu \| failed/);
    expect(report.stdout).toContain(
      '**shop development/us (run.json)**: NOT\\_REACHED: The database us was skipped',
    );
    const folded = await ff({ cwd }, 'db', 'report', 'run.json', '--json');
    expect(JSON.parse(folded.stdout)).toMatchObject({
      refusals: [{ target: { project: 'shop', environment: 'development', databaseName: 'us' } }],
    });
  });

  it('G4: migrates the databases after one that is refused, and none after one that fails', async () => {
    const gone = { url: 'postgres://nobody@127.0.0.1:1/nowhere' };
    const databases = { databases: { gone, eu: { url: eu.url }, us: { url: us.url } } };
    const cwd = await folderWith({ ...config(databases), ...USERS_AND_TEAMS });
    const run = await ff({ cwd }, 'db', 'migrate', '--json');
    expect(run.exitCode).toBe(1);
    const documents = JSON.parse(run.stdout) as { databaseName: string }[];
    expect(documents).toHaveLength(3);
    expect(documents).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ databaseName: 'gone', error: expect.anything() }),
        expect.objectContaining({ databaseName: 'eu', status: 'done' }),
        expect.objectContaining({ databaseName: 'us', status: 'done' }),
      ]),
    );

    await writeFiles(cwd, BROKEN);
    const failed = await ff({ cwd }, 'db', 'migrate');
    expect(failed.exitCode).toBe(1);
    expect(failed.stderr).toContain('CONNECTION_FAILED');
    expect(failed.stdout).toMatch(/Skipped 1 database: us\n$/);
  });

  it('shows the others when one cannot be reached', async () => {
    const gone = { url: `postgres://nobody@127.0.0.1:${server.port}/nowhere` };
    const databases = { databases: { eu: { url: eu.url }, gone } };
    const cwd = await folderWith({ ...config(databases), ...USERS_AND_TEAMS });
    const { exitCode, stdout } = await ff({ cwd }, 'db', 'status');
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/create_users +pending +\?/);
    expect(stdout).toMatch(/gone: CONNECTION_FAILED/);
  });

  it('migrates all tenants, or one, and shows them in short', async () => {
    const cwd = await folderWith({ ...withTenants(['a', 'b', 'c']), ...USERS_AND_TEAMS });
    const one = await ff({ cwd }, 'db', 'migrate', '--tenant=b');
    expect(one).toMatchObject({ exitCode: 0 });
    expect(one.stdout).toContain('shop · development/b · ');
    expect((await ff({ cwd }, 'db', 'status', '--check')).exitCode).toBe(5);

    const all = await ff({ cwd }, 'db', 'migrate', '--canary=c', '--concurrency=2', '--json');
    expect(JSON.parse(all.stdout)).toMatchObject({
      status: 'done',
      canary: 'c',
      counts: { total: 3, done: 2, upToDate: 1 },
    });
    await writeFiles(cwd, { 'run.json': all.stdout });
    const report = await ff({ cwd }, 'db', 'report', 'run.json');
    expect(report.stdout).toContain('| shop | development, 2 tenants | done | 4 |');
    const status = await ff({ cwd }, 'db', 'status', '--check');
    expect(status).toMatchObject({ exitCode: 0 });
    expect(status.stdout).toContain('3 tenants: 3 up to date');
  });

  it('tells which tenants failed, and refuses what makes no sense', async () => {
    const cwd = await folderWith({
      ...withTenants(['a', 'b']),
      ...USERS_AND_TEAMS,
      ...BROKEN,
    });
    const failed = await ff({ cwd }, 'db', 'migrate', '--stop-after=5');
    expect(failed.exitCode).toBe(1);
    expect(failed.stdout).toMatch(/a failed at shop:\d+ break_half_way:[^]*1 failed, 1 skipped/);
    const refusals = [
      ['migrate', '--tenant=nobody'],
      ['migrate', '--concurrency=0'],
      ['rollback', '--last'],
    ];
    for (const args of refusals) expect((await ff({ cwd }, 'db', ...args)).exitCode).toBe(2);
    expect(await ff({ cwd }, 'db', 'rollback', '--last', '--tenant=a')).toMatchObject({
      exitCode: 0,
    });
    const plain = await folderWith({ ...config({ url: us.url }), ...USERS_AND_TEAMS });
    expect((await ff({ cwd: plain }, 'db', 'migrate', '--canary=a')).exitCode).toBe(2);
  });

  it('applies what is needed of other projects when told so', async () => {
    const under = (folder: string, files: Readonly<Record<string, string>>) =>
      Object.fromEntries(Object.entries(files).map(([path, text]) => [`${folder}/${path}`, text]));
    const orders = migrationFile({
      version: '20250920080000',
      name: 'create_orders',
      up: 'CREATE TABLE orders (buyer int REFERENCES users)',
      dependencies: ['accounts:20250910090000'],
    });
    const cwd = await folderWith({
      'nx.json': '{}',
      ...under('accounts', { ...config({ url: eu.url }, 'accounts'), ...USERS_AND_TEAMS }),
      ...under('orders', { ...config({ url: eu.url }, 'orders'), ...orders }),
    });
    const alone = await ff({ cwd }, 'db', 'migrate', '--project=orders');
    expect(alone).toMatchObject({ exitCode: 2 });
    expect(alone.stderr).toContain('ff db migrate --project=accounts');

    const args = ['db', 'migrate', '--project=orders', '--with-dependencies'];
    expect((await ff({ cwd }, ...args, '--dry-run')).stdout).toMatch(
      /accounts · [^]*needed by orders[^]*create_users[^]*orders · [^]*create_orders/,
    );
    const { exitCode, stdout } = await ff({ cwd }, ...args, '--json');
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      project: 'orders',
      prerequisiteRuns: [{ project: 'accounts', done: [{ name: 'create_users' }] }],
    });
    await writeFiles(cwd, { 'run.json': stdout });
    expect((await ff({ cwd }, 'db', 'report', 'run.json')).stdout).toMatch(
      /\| accounts \| development \| done \| 1 [^]*\| orders \| development \| done \| 1 /,
    );
  });
});
