import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MigrationAgent, type LoadAgentOptions } from '../agent';
import { TemporaryFiles } from '../config/testing/temporary-files';
import type { RunEvent } from '../run/events';
import type { TenantsResult } from '../run/result';
import { refusal } from '../source/testing/fixtures';
import { migrationSource, nthVersion, type MigrationSnippet } from '../testing/migration-source';
import { createTestDatabase, describeEachPostgres, type TestDatabase } from '../testing/postgres';

const FROM_TABLE =
  "(await db.query('SELECT name FROM public.tenants ORDER BY name')).rows.map(({ name }) => name)";

describeEachPostgres('tenants', (server) => {
  const files = new TemporaryFiles();
  let database: TestDatabase;
  let root: string;
  let events: RunEvent[];
  let count: number;

  beforeEach(async () => {
    database = await createTestDatabase(server);
    await database.query('CREATE TABLE tenants (name text PRIMARY KEY)');
    root = files.make({ 'nx.json': {}, 'migrations/.gitkeep': '' });
    events = [];
    count = 0;
  });
  afterEach(async () => {
    await database.drop();
    files.clean();
  });

  /** Names the tenants, by an expression that may ask `db`; or as rows of the table that it asks. */
  async function tenants(names: readonly string[], expression = FROM_TABLE, more = '') {
    await database.query('INSERT INTO tenants SELECT unnest($1::text[])', [[...names]]);
    const environment = `{ url: ${JSON.stringify(database.url)}, tenants: async (db) => ${expression} }`;
    writeFileSync(
      join(root, 'db.config.ts'),
      `export default { project: 'shop', ${more} environments: { development: ${environment} } };`,
    );
  }
  function add(name: string, snippet: MigrationSnippet): () => void {
    const version = nthVersion((count += 1));
    const path = join(root, 'migrations', `${version}_${name}.ts`);
    writeFileSync(path, migrationSource(version, name, snippet));
    return () => rmSync(path);
  }
  async function agent(changes: Partial<LoadAgentOptions> = {}): Promise<MigrationAgent> {
    const onEvent = (event: RunEvent) => void events.push(event);
    const options = { projectRoot: root, environment: 'development', env: {}, onEvent };
    const [only] = await MigrationAgent.load({ ...options, ...changes });
    if (only === undefined) throw new Error('No agent was loaded.');
    return only;
  }
  const outcomes = (result: TenantsResult) =>
    Object.fromEntries(result.tenants.map(({ tenant, status }) => [tenant, status]));
  const schemasWith = async (table: string) =>
    (
      await database.query<{ name: string }>(
        `SELECT schemaname AS name FROM pg_tables WHERE tablename = $1 ORDER BY 1`,
        [table],
      )
    ).map(({ name }) => name);

  it('are migrated each in its own schema, with its own history', async () => {
    await tenants(['acme', 'umbrella', 'Odd "name"']);
    add('create_users', { up: 'CREATE TABLE users (id int)' });

    const result = await (await agent()).migrateTenants();

    expect(result).toMatchObject({ status: 'done', counts: { total: 3, done: 3 } });
    expect(await schemasWith('users')).toEqual(['Odd "name"', 'acme', 'umbrella']);
    expect(await schemasWith('migration_history')).toEqual(['Odd "name"', 'acme', 'umbrella']);
    expect(await (await agent()).migrateTenants()).toMatchObject({
      status: 'nothing-to-do',
      canary: undefined,
      counts: { upToDate: 3 },
    });
  });

  it('do not see what all share, unless the configuration says so', async () => {
    await database.query('CREATE TABLE users (id int)');
    await tenants(['acme'], '["acme"]');
    add('alter_users', { up: 'ALTER TABLE users ADD name text' });
    const result = await (await agent()).migrateTenants();
    expect(result.tenants[0]?.failed?.error.message).toContain('relation "users" does not exist');

    await tenants([], '["acme"]', "searchPath: ['public'],");
    expect(await (await agent()).migrateTenants()).toMatchObject({ status: 'done' });
  });

  it('go after the canary, which is first and alone', async () => {
    await tenants(['a', 'b', 'c', 'd']);
    add('create_users', { up: 'CREATE TABLE users (id int)' });

    const result = await (await agent()).migrateTenants({ canary: 'c', concurrency: 2 });

    expect(result).toMatchObject({ status: 'done', canary: 'c' });
    const told = events.filter(({ type }) => type.startsWith('tenant-') && type !== 'tenant-event');
    expect(told.slice(0, 2)).toMatchObject([
      { type: 'tenant-started', tenant: 'c', role: 'canary' },
      { type: 'tenant-finished', tenant: 'c', status: 'done', finished: 1, total: 4 },
    ]);
    expect(await refusal((await agent()).migrateTenants({ canary: 'x' }))).toMatchObject({
      code: 'UNKNOWN_TENANT',
    });
  });

  it('are left alone when the canary fails', async () => {
    await tenants(['a', 'b', 'c']);
    add('fails', { up: 'CREATE TABLE users (id int); SELECT * FROM nowhere' });

    const result = await (await agent()).migrateTenants({ stopAfterFailures: 9 });

    expect(result.status).toBe('failed');
    expect(outcomes(result)).toEqual({ a: 'failed', b: 'not-reached', c: 'not-reached' });
    expect(result.tenants[0]?.failed).toMatchObject({ name: 'fails' });
    expect(await schemasWith('users')).toEqual([]);
  });

  it('stop after so many failures, and go on where they stopped', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `t${String(index).padStart(2, '0')}`);
    await tenants(names);
    for (const name of ['t03', 't05']) {
      await database.query(`CREATE SCHEMA ${name}; CREATE TABLE ${name}.users (in_the_way int)`);
    }
    add('create_users', { up: 'CREATE TABLE users (id int)' });

    const options = { concurrency: 1, stopAfterFailures: 2 };
    const stopped = await (await agent()).migrateTenants(options);

    expect(stopped).toMatchObject({
      status: 'failed',
      counts: { total: 12, done: 4, failed: 2, notReached: 6 },
    });
    expect(stopped.tenants[3]).toMatchObject({
      failed: { error: { code: 'MIGRATION_FAILED' } },
    });

    await database.query('DROP TABLE t03.users, t05.users');
    const resumed = await (await agent()).migrateTenants(options);
    expect(resumed).toMatchObject({ status: 'done', counts: { done: 8, upToDate: 4 } });
    expect(await schemasWith('users')).toEqual(names);
  });

  it('with something in the way are refused one by one', async () => {
    await tenants(['a', 'b', 'c']);
    const remove = add('create_users', { up: 'CREATE TABLE users (id int)' });
    await (await (await agent()).tenant('b')).migrate();
    remove();
    add('create_teams', { up: 'CREATE TABLE teams (id int)' });

    const result = await (await agent()).migrateTenants({ stopAfterFailures: 5 });

    expect(outcomes(result)).toEqual({ a: 'done', b: 'refused', c: 'done' });
    expect(result.tenants[1]?.error).toMatchObject({ code: 'FILE_MISSING' });
    const { counts, tenants: seen } = await (await agent()).statusTenants();
    expect(counts).toEqual({ total: 3, upToDate: 2, behind: 0, troubled: 1 });
    expect(seen[1]?.problems).toMatchObject([{ code: 'FILE_MISSING' }]);
  });

  it('are only looked at in a dry run and by status', async () => {
    await tenants(['a', 'b']);
    add('create_users', { up: 'CREATE TABLE users (id int)' });
    await (await (await agent()).tenant('a')).migrate();

    const planned = await (await agent()).migrateTenants({ mode: 'dry-run' });
    const status = await (await agent()).statusTenants();

    expect(outcomes(planned)).toEqual({ a: 'nothing-to-do', b: 'planned' });
    expect(planned.tenants[1]?.planned).toEqual([`shop:${nthVersion(1)}`]);
    expect(status.counts).toEqual({ total: 2, upToDate: 1, behind: 1, troubled: 0 });
    expect(status.tenants[1]).toMatchObject({ pending: [`shop:${nthVersion(1)}`] });
    expect(await schemasWith('migration_history')).toEqual(['a']);
  });

  it('may be databases of their own, told by where they are and never by their url', async () => {
    const other = await createTestDatabase(server);
    try {
      await tenants([], JSON.stringify([other.url, 'acme']));
      add('create_users', { up: 'CREATE TABLE users (id int)' });
      const result = await (await agent()).migrateTenants();
      expect(result.tenants.map(({ tenant }) => tenant)).toEqual([
        `127.0.0.1:${server.port}/${other.name}`,
        'acme',
      ]);
      expect(JSON.stringify([result, events])).not.toContain('canary-7d1f');
      expect(await other.query('SELECT * FROM public.users')).toEqual([]);
    } finally {
      await other.drop();
    }
  });

  it('may be none', async () => {
    await tenants([]);
    add('create_users', { up: 'CREATE TABLE users (id int)' });
    const result = await (await agent()).migrateTenants();
    expect(result).toMatchObject({ status: 'nothing-to-do', counts: { total: 0 } });
  });

  it('are asked for without telling a password that the question holds', async () => {
    const thrown = 'new Error("no answer from postgres://app:hunter22@db/tenants")';
    await tenants([], `{ throw ${thrown} }`);
    const { code, message } = await refusal((await agent()).tenants());
    expect(code).toBe('INVALID_TENANTS');
    expect(message).toContain('failed: no answer from postgres://app:***@db/tenants');
  });

  it.each([
    ['"acme"', ['INVALID_TENANTS']],
    ['["a", "b", "a"]', ['INVALID_TENANTS']],
    ['[{ name: "a" }, "", "pg_catalog"]', ['INVALID_TENANTS', 'INVALID_NAME', 'INVALID_NAME']],
    [`["${'x'.repeat(64)}", "postgres://"]`, ['IDENTIFIER_TOO_LONG', 'INVALID_CONNECTION']],
    ['(await db.query("SELECT * FROM nowhere")).rows', ['INVALID_TENANTS']],
    ['(await db.query("CREATE TABLE written (id int)")).rows', ['INVALID_TENANTS']],
  ])('that are named as %s are refused before anything is touched', async (expression, codes) => {
    await tenants([], expression);
    add('create_users', { up: 'CREATE TABLE users (id int)' });
    const { problems } = await refusal((await agent()).migrateTenants());
    expect(problems.map(({ code }) => code)).toEqual(codes);
    expect(await schemasWith('users')).toEqual([]);
  });

  it('are not there to be migrated where the environment names none', async () => {
    writeFileSync(
      join(root, 'db.config.ts'),
      `export default { environments: { development: { url: ${JSON.stringify(database.url)} } } };`,
    );
    const only = await agent();
    expect(only.hasTenants).toBe(false);
    expect((await refusal(only.migrateTenants())).code).toBe('UNKNOWN_TENANT');
  });

  it('are not begun any more after a cancellation', async () => {
    await tenants(['a', 'b', 'c', 'd']);
    add('create_users', { up: 'CREATE TABLE users (id int)' });
    const controller = new AbortController();
    const onEvent = ({ type }: RunEvent) => {
      if (type === 'tenant-finished') controller.abort();
    };
    const result = await (
      await agent({ onEvent, signal: controller.signal })
    ).migrateTenants({ concurrency: 1 });
    expect(result).toMatchObject({ status: 'failed', counts: { done: 1, notReached: 3 } });
  });
});
