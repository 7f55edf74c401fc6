import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MigrationAgent } from '../agent';
import { TemporaryFiles } from '../config/testing/temporary-files';
import type { RunEvent } from '../run/events';
import type { TenantsResult } from '../run/result';
import { migrationSource, nthVersion, type MigrationSnippet } from '../testing/migration-source';
import { createTestDatabase, describeEachPostgres, type TestDatabase } from '../testing/postgres';

const VERSION = nthVersion(1);
const TENANTS = Array.from({ length: 24 }, (_, index) => `t${index}`);
/** As many as are migrated at once. */
const EIGHT = TENANTS.slice(0, 8);

describeEachPostgres('G10: tenants that change one shared object at the same time', (server) => {
  const files = new TemporaryFiles();
  let database: TestDatabase;
  let events: RunEvent[];
  let role: string;

  beforeEach(async () => {
    events = [];
    database = await createTestDatabase(server);
    role = `shared_${database.name}`;
    await database.query(`CREATE ROLE ${role}`);
  });
  afterEach(async () => {
    await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    await database.drop();
    files.clean();
  });

  /** The transaction stays open for a moment after the statement, so that the others meet it. */
  const slowly = (sql: string) => `${sql}; SELECT pg_sleep(0.02)`;

  async function migrate(
    snippet: MigrationSnippet,
    tenants: readonly string[] = EIGHT,
    environment = '',
  ): Promise<TenantsResult> {
    const projectRoot = files.make({
      'nx.json': {},
      [`migrations/${VERSION}_shared.ts`]: migrationSource(VERSION, 'shared', snippet),
    });
    writeFileSync(
      join(projectRoot, 'db.config.ts'),
      `export default { project: 'shop', environments: { development: {
        url: '${database.url}', tenants: async () => ${JSON.stringify(tenants)}, ${environment} } } };`,
    );
    const onEvent = (event: RunEvent) => void events.push(event);
    const options = { projectRoot, environment: 'development', env: {}, onEvent };
    const [agent] = await MigrationAgent.load(options);
    if (agent === undefined) throw new Error('No agent was loaded.');
    return agent.migrateTenants({ concurrency: 8, stopAfterFailures: 99 });
  }
  const retried = () =>
    events.flatMap((event) =>
      event.type === 'tenant-event' && event.event.type === 'migration-retrying'
        ? event.event.error.code
        : [],
    );
  const reasons = ({ tenants }: TenantsResult) =>
    tenants.flatMap(({ failed, error }) =>
      (failed ?? error) ? [String(failed?.error ?? error)] : [],
    );

  it.each([
    [
      'a function',
      () => 'CREATE OR REPLACE FUNCTION public.f() RETURNS int LANGUAGE sql AS $f$SELECT 1$f$',
    ],
    ['rights on a schema', () => `GRANT USAGE ON SCHEMA public TO ${role}`],
    ['a setting of a role', () => `ALTER ROLE ${role} SET statement_timeout = '1h'`],
    ['a setting of the database', () => `ALTER DATABASE ${database.name} SET work_mem = '8MB'`],
    ['an extension', () => 'CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public'],
    ['a schema', () => 'CREATE SCHEMA IF NOT EXISTS shared'],
    ['a table', () => 'CREATE TABLE IF NOT EXISTS public.shared (id int)'],
    [
      'a type',
      () =>
        `DO $$ BEGIN IF to_regtype('public.mood') IS NULL THEN CREATE TYPE public.mood AS ENUM ('a'); END IF; END $$`,
    ],
    ['a view', () => 'CREATE OR REPLACE VIEW public.v AS SELECT 1 AS one'],
    [
      'a function that is dropped',
      () =>
        'DROP FUNCTION IF EXISTS public.g(); CREATE OR REPLACE FUNCTION public.g() RETURNS int LANGUAGE sql AS $f$SELECT 1$f$',
    ],
    ['a comment', () => "COMMENT ON SCHEMA public IS 'x'"],
  ])('all succeed with %s', async (_what, sql) => {
    const result = await migrate({ up: slowly(sql()) });
    expect(reasons(result)).toEqual([]);
    expect(result.counts).toMatchObject({ total: 8, done: 8 });
    expect(new Set(retried()).size).toBeLessThanOrEqual(2);
  });

  it('retry the whole transaction, and only the last attempt leaves something', async () => {
    const f = 'CREATE OR REPLACE FUNCTION public.f() RETURNS int LANGUAGE sql AS $f$SELECT 1$f$';
    const result = await migrate({ up: slowly(`CREATE TABLE mine (id int); ${f}`) }, TENANTS);
    expect(result.counts.done).toBe(24);
    expect(retried()).toContain('CONCURRENT_CHANGE');
    const rows = await database.query<{ count: number }>(
      TENANTS.map((name) => `SELECT count(*)::int AS count FROM ${name}.migration_history`).join(
        ' UNION ALL ',
      ),
    );
    expect(rows.every(({ count }) => count === 1)).toBe(true);
  });

  it('fail with a code of their own where retries are switched off', async () => {
    const f = 'CREATE OR REPLACE FUNCTION public.f() RETURNS int LANGUAGE sql AS $f$SELECT 1$f$';
    const result = await migrate({ up: slowly(f) }, EIGHT, 'lockRetries: 0');
    expect(retried()).toEqual([]);
    const codes = result.tenants.flatMap(({ failed }) => failed?.error.code ?? []);
    expect(new Set(codes)).toEqual(new Set(['CONCURRENT_CHANGE']));
  });

  it('are not retried without a transaction', async () => {
    const f =
      'CREATE OR REPLACE FUNCTION public.f() RETURNS int LANGUAGE sql AS $f$SELECT pg_sleep(0)::text::int$f$';
    await migrate({ up: f, transaction: false });
    expect(retried()).toEqual([]);
  });

  it('do not retry what fails for another reason', async () => {
    await database.query(
      'CREATE TABLE public.taken (id int PRIMARY KEY); INSERT INTO public.taken VALUES (1)',
    );
    const result = await migrate({ up: 'INSERT INTO public.taken VALUES (1)' });
    expect(result.tenants[0]?.failed?.error.code).toBe('MIGRATION_FAILED');
    expect(retried()).toEqual([]);
  });
});
