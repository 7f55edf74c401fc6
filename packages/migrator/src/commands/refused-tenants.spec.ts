import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MigrationAgent } from '../agent';
import { TemporaryFiles } from '../config/testing/temporary-files';
import { formatTenantsResult } from '../report/format-tenants';
import type { RunEvent } from '../run/events';
import type { TenantsResult } from '../run/result';
import { migrationSource, nthVersion, type MigrationSnippet } from '../testing/migration-source';
import { createTestDatabase, describeEachPostgres, type TestDatabase } from '../testing/postgres';

const UNREACHABLE = 'postgres://nobody@127.0.0.1:1/gone';

describeEachPostgres('G4: a tenant that is refused', (server) => {
  const files = new TemporaryFiles();
  let database: TestDatabase;
  let root: string;
  let events: RunEvent[];
  let count: number;

  beforeEach(async () => {
    database = await createTestDatabase(server);
    root = files.make({ 'nx.json': {}, 'migrations/.gitkeep': '' });
    events = [];
    count = 0;
  });
  afterEach(async () => {
    await database.drop();
    files.clean();
  });

  function tenants(names: readonly string[], environment = ''): void {
    writeFileSync(
      join(root, 'db.config.ts'),
      `export default { project: 'shop', environments: { development: {
        url: '${database.url}', tenants: async () => ${JSON.stringify(names)}, ${environment} } } };`,
    );
  }
  function add(name: string, snippet: MigrationSnippet): () => void {
    const version = snippet.version ?? nthVersion((count += 10));
    const path = join(root, 'migrations', `${version}_${name}.ts`);
    writeFileSync(path, migrationSource(version, name, snippet));
    return () => rmSync(path);
  }
  async function agent(): Promise<MigrationAgent> {
    const onEvent = (event: RunEvent) => void events.push(event);
    const options = { projectRoot: root, environment: 'development', env: {}, onEvent };
    const [only] = await MigrationAgent.load(options);
    if (only === undefined) throw new Error('No agent was loaded.');
    return only;
  }
  const outcomes = (result: TenantsResult) =>
    Object.fromEntries(result.tenants.map(({ tenant, status }) => [tenant, status]));

  it('as it cannot be reached is reported, and the next one is the canary', async () => {
    tenants([UNREACHABLE, 'a', 'b', 'c']);
    add('create_users', { up: 'CREATE TABLE users (id int)' });
    const result = await (await agent()).migrateTenants();
    expect(outcomes(result)).toEqual({
      '127.0.0.1:1/gone': 'refused',
      a: 'done',
      b: 'done',
      c: 'done',
    });
    expect(result).toMatchObject({
      status: 'failed',
      canary: 'a',
      counts: { refused: 1, done: 3 },
    });
    expect(result.tenants[0]?.error).toMatchObject({ code: 'CONNECTION_FAILED' });
    expect(formatTenantsResult(result)).toContain('Canary: a.');
    const dryRun = await (await agent()).migrateTenants({ mode: 'dry-run' });
    expect(dryRun.canary).toBeUndefined();
  });

  it('is no canary of a dry run either', async () => {
    tenants([UNREACHABLE, 'a', 'b']);
    add('create_users', { up: 'CREATE TABLE users (id int)' });
    const planned = await (await agent()).migrateTenants({ mode: 'dry-run' });
    expect(planned).toMatchObject({ canary: 'a', counts: { refused: 1, planned: 2 } });
    const named = await (await agent()).migrateTenants({ mode: 'dry-run', canary: 'b' });
    expect(named.canary).toBe('b');
  });

  it('for a changed file is reported, and the others are migrated', async () => {
    tenants(['a', 'b', 'c']);
    const remove = add('create_users', { up: 'CREATE TABLE users (id int)' });
    await (await (await agent()).tenant('a')).migrate();
    remove();
    count = 0;
    add('create_users', { up: 'CREATE TABLE users (id bigint)' });
    const result = await (await agent()).migrateTenants();
    expect(outcomes(result)).toEqual({ a: 'refused', b: 'done', c: 'done' });
    expect(result.canary).toBe('b');
    expect(result.tenants[0]?.error).toMatchObject({ code: 'CHECKSUM_MISMATCH' });
  });

  it('for a late migration is found out by the run, and the next one is the canary', async () => {
    tenants(['a', 'b', 'c']);
    add('create_teams', { up: 'CREATE TABLE teams (id int)' });
    await (await (await agent()).tenant('a')).migrate();
    add('create_users', { version: nthVersion(1), up: 'CREATE TABLE users (id int)' });
    const result = await (await agent()).migrateTenants();
    expect(outcomes(result)).toEqual({ a: 'refused', b: 'done', c: 'done' });
    expect(result.canary).toBe('b');
    expect(result.tenants[0]?.error).toMatchObject({ code: 'OUT_OF_ORDER' });
  });

  it('as another runner holds its lock is reported, and the others are migrated', async () => {
    tenants(['a', 'b', 'c'], "lockWait: '0'");
    add('create_users', { up: 'SELECT pg_sleep(1)' });
    const other = (await (await agent()).tenant('a')).migrate();
    for (;;) {
      const [row] = await database.query<{ busy: boolean }>(
        "SELECT count(*) > 0 AS busy FROM pg_stat_activity WHERE query LIKE '%pg_sleep(1)%' AND pid <> pg_backend_pid()",
      );
      if (row?.busy === true) break;
    }
    const result = await (await agent()).migrateTenants({ canary: 'a' });
    await other;
    expect(outcomes(result)).toEqual({ a: 'refused', b: 'done', c: 'done' });
    expect(result.canary).toBe('b');
  });

  it('does not count for the failures that stop a run', async () => {
    tenants([UNREACHABLE, 'a', 'b', 'c', 'd', UNREACHABLE.replace('gone', 'away')]);
    await database.query('CREATE SCHEMA b; CREATE TABLE b.users (in_the_way int)');
    add('create_users', { up: 'CREATE TABLE users (id int)' });
    const options = { concurrency: 1 };
    const stopped = await (await agent()).migrateTenants({ ...options, stopAfterFailures: 1 });
    expect(stopped.counts).toMatchObject({ refused: 2, done: 1, failed: 1, notReached: 2 });
    const further = await (await agent()).migrateTenants({ ...options, stopAfterFailures: 2 });
    // The tenant that failed is the canary now, and a canary that fails stops all others.
    expect(further).toMatchObject({ canary: 'b', counts: { notReached: 2 } });
  });

  it('can be the named canary: then the first that can run goes first', async () => {
    tenants(['a', 'b', UNREACHABLE]);
    add('create_users', { up: 'CREATE TABLE users (id int)' });
    const result = await (await agent()).migrateTenants({ canary: '127.0.0.1:1/gone' });
    // A named canary that is refused is replaced; the others still wait for one that runs.
    expect(result).toMatchObject({ canary: 'a', counts: { refused: 1, done: 2 } });
    const started = events.flatMap((event) => (event.type === 'tenant-started' ? event.role : []));
    expect(started).toEqual(['canary', 'ordinary']);
  });

  it('leaves the canary its purpose: one that fails while it runs stops the others', async () => {
    tenants([UNREACHABLE, 'a', 'b', 'c']);
    add('fails', { up: 'SELECT * FROM nowhere' });
    const result = await (await agent()).migrateTenants({ stopAfterFailures: 9 });
    expect(Object.values(outcomes(result))).toEqual([
      'refused',
      'failed',
      'not-reached',
      'not-reached',
    ]);
    expect(result.canary).toBe('a');
    expect(formatTenantsResult(result)).toContain('Canary: a.');
  });

  it('may be all of them', async () => {
    tenants([UNREACHABLE, UNREACHABLE.replace('gone', 'away')]);
    add('create_users', { up: 'CREATE TABLE users (id int)' });
    const result = await (await agent()).migrateTenants();
    expect(result).toMatchObject({ status: 'failed', canary: undefined, counts: { refused: 2 } });
  });
});
