import {
  createTestDatabase,
  describeNewestPostgres,
  type TestDatabase,
} from '../../migrator/src/testing/postgres';
import { startFf } from './testing/ff';
import { folderWith, removeFolders, writeFiles } from './testing/folders';
import { run } from './testing/run';

jest.setTimeout(60_000);
afterAll(removeFolders);

const migration = (version: string, name: string, more = '') => ({
  [`migrations/${version}_${name}.cjs`]: `module.exports = { version: '${version}', name: '${name}',
    async up(db) { await db.query('CREATE TABLE ${name} (id int)'); },
    async down(db) { await db.query('DROP TABLE ${name}'); } };${more}`,
});
const FIRST = '20250101000000';
const SECOND = '20250102000000';

describeNewestPostgres('targets of a command', (server) => {
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

  /** A project with an environment `production`. */
  async function project(environment: string): Promise<string> {
    return folderWith({
      'nx.json': '{}',
      'db.config.cjs': `module.exports = { project: 'shop', environments: { production: ${environment} } };`,
      ...migration(FIRST, 'one'),
      ...migration(SECOND, 'two'),
    });
  }
  const databases = () => `databases: { eu: { url: '${eu.url}' }, us: { url: '${us.url}' } }`;
  const twoDatabases = () => project(`{ ${databases()} }`);
  const withTenants = (names: string) =>
    project(`{ url: '${eu.url}', tenants: async () => ${names} }`);

  const db = (cwd: string, ...args: string[]) => run({ cwd }, 'db', ...args, '--env=production');
  async function json<T>(cwd: string, ...args: string[]): Promise<T> {
    return JSON.parse((await db(cwd, ...args, '--json')).stdout) as T;
  }

  /** The number of applied migrations in each database. */
  async function applied(cwd: string): Promise<number[]> {
    const status = await json<{ counts: { applied: number } }[]>(cwd, 'status');
    return status.map(({ counts }) => counts.applied);
  }

  describe('Commands that undo or rewrite, with several databases', () => {
    it('G2: refuses rollback, repair and baseline unless the database is named', async () => {
      const cwd = await twoDatabases();
      expect((await db(cwd, 'migrate', `--to=${FIRST}`)).exitCode).toBe(0);
      const commands = [
        ['rollback', '--last'],
        ['rollback', 'one'],
        ['rollback', `--to=${FIRST}`],
        ['rollback', '--last', '--dry-run'],
        ['repair', FIRST, '--mark-reverted'],
        ['repair', '--yes'],
        ['baseline', `--to=${FIRST}`],
      ];
      for (const args of commands) {
        const { exitCode, stderr } = await db(cwd, ...args);
        expect(exitCode).toBe(2);
        expect(stderr).toContain('shop has 2 databases (eu, us) in production');
        expect(stderr).toMatch(/`ff db [^`]*--project=shop --env=production --database=eu/);
        expect(stderr).toMatch(/all of them: `ff db [^`]*--database='\*'/);
      }
      expect(await applied(cwd)).toEqual([1, 1]);
    });

    it('G2: refuses to revert different migrations on the databases of a list', async () => {
      const cwd = await twoDatabases();
      await db(cwd, 'migrate', '--database=eu');
      await db(cwd, 'migrate', '--database=us', '--to=one');
      for (const names of ['--database=eu,us', '--database=*', '--database=us,e*']) {
        const { exitCode, stderr } = await db(cwd, 'rollback', '--last', names);
        expect(exitCode).toBe(2);
        expect(stderr).toContain('TARGETS_DIFFER');
        expect(stderr).toContain(`production/eu would revert shop:${SECOND} (two)`);
        expect(stderr).toContain(`production/us would revert shop:${FIRST} (one)`);
      }
      expect(await applied(cwd)).toEqual([2, 1]);
      expect(await json(cwd, 'rollback', '--last', '--database=eu,us')).toMatchObject([
        {
          project: 'shop',
          environment: 'production',
          databaseName: 'eu',
          error: { code: 'TARGETS_DIFFER' },
        },
        {
          project: 'shop',
          environment: 'production',
          databaseName: 'us',
          error: { code: 'TARGETS_DIFFER' },
        },
      ]);
    });

    it('G2: reverts the same migration everywhere, and skips databases without it', async () => {
      const cwd = await twoDatabases();
      await db(cwd, 'migrate', '--database=eu');
      await db(cwd, 'migrate', '--database=us', '--to=one');
      const named = await db(cwd, 'rollback', 'two', '--database=eu', '--database=us');
      expect(named.exitCode).toBe(0);
      expect(await applied(cwd)).toEqual([1, 1]);
      expect((await db(cwd, 'rollback', '--last', '--database=*')).exitCode).toBe(0);
      expect(await applied(cwd)).toEqual([0, 0]);
      const nowhere = await db(cwd, 'rollback', 'two', '--database=*');
      expect(nowhere.exitCode).toBe(2);
      expect(nowhere.stderr).toContain('NOT_APPLIED');
    });

    it('G2: brings every database of a list to the version of --to', async () => {
      const cwd = await twoDatabases();
      await db(cwd, 'migrate', '--database=eu');
      await db(cwd, 'migrate', '--database=us', '--to=one');
      expect((await db(cwd, 'rollback', '--to=one', '--database=eu,us')).exitCode).toBe(0);
      expect(await applied(cwd)).toEqual([1, 1]);
    });

    it('G2: changes nothing anywhere if one of the list refuses', async () => {
      const cwd = await twoDatabases();
      await db(cwd, 'migrate', '--database=us', '--to=one');
      // eu could be baselined, us has a history.
      const { exitCode, stderr, stdout } = await db(
        cwd,
        'baseline',
        '--to=two',
        '--database=eu,us',
      );
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: 'Skipped 1 database: eu\n' });
      expect(stderr).toMatch(/shop · production\/us\nHISTORY_NOT_EMPTY/);
      expect(await applied(cwd)).toEqual([0, 1]);
    });

    it('G1: refuses to mark a migration that stands differently on the databases of a list', async () => {
      const cwd = await twoDatabases();
      await db(cwd, 'migrate', '--database=us');
      const args = ['repair', 'two', '--mark-reverted', '--database=eu,us'];
      expect((await db(cwd, ...args)).exitCode).toBe(2);
      const marked = await db(cwd, 'repair', 'two', '--mark-reverted', '--database=us');
      expect(marked.exitCode).toBe(0);
      expect(await applied(cwd)).toEqual([0, 1]);
      const { stderr } = await db(cwd, 'repair', 'two', '--mark-applied', '--database=*');
      expect(stderr).toContain('never ran there');
      expect(stderr).toContain('which is reverted');
      expect(await applied(cwd)).toEqual([0, 1]);
    });

    it('still shows all databases where a command changes nothing', async () => {
      const cwd = await twoDatabases();
      await db(cwd, 'migrate');
      const { exitCode, stdout } = await db(cwd, 'repair');
      expect(exitCode).toBe(0);
      expect(stdout).toMatch(/shop in production\/eu[^]*shop in production\/us/);
    });

    it('refuses a name that does not exist, and names all of them', async () => {
      const cwd = await twoDatabases();
      const many = await json<{ error: { problems: { code: string; hint: string }[] } }>(
        cwd,
        'migrate',
        '--database=eu,uss,asia',
      );
      expect(many.error.problems).toMatchObject([
        { code: 'UNKNOWN_DATABASE', message: expect.stringContaining('"uss"') as string },
        { code: 'UNKNOWN_DATABASE', message: expect.stringContaining('"asia"') as string },
      ]);
      expect(many.error.problems[0]?.hint).toContain('Did you mean “us”?');
      expect((await db(cwd, 'status', '--database=x*')).exitCode).toBe(2);
      for (const empty of ['--database=', '--database=eu,', '--database=,']) {
        expect((await db(cwd, 'status', empty)).stderr).toContain('an empty name');
      }
    });
  });

  it('G6: names project, environment, database and tenant of what is refused', async () => {
    const cwd = await project(
      `{ databases: { eu: { url: '${eu.url}' }, gone: { url: 'postgres://joe@127.0.0.1:1/x' } } }`,
    );
    const names = { project: 'shop', environment: 'production' };
    expect(await json(cwd, 'migrate')).toMatchObject([
      { ...names, databaseName: 'eu', status: 'done' },
      { ...names, databaseName: 'gone', error: { code: 'CONNECTION_FAILED' } },
    ]);
    expect(await json(cwd, 'migrate', '--database=gone,eu')).toMatchObject([
      { ...names, databaseName: 'eu', status: 'nothing-to-do' },
      { ...names, databaseName: 'gone', error: { code: 'CONNECTION_FAILED' } },
    ]);
    const { stderr } = await db(cwd, 'migrate');
    expect(stderr).toMatch(/^shop · production\/gone\nCONNECTION_FAILED/m);
    const inProtected = await project(
      `{ ${databases()}, protected: true, tenants: async () => ['acme'] }`,
    );
    await db(inProtected, 'migrate', '--database=us');
    const args = ['rollback', '--last', '--tenant=acme', '--database=us'];
    expect(await json(inProtected, ...args)).toMatchObject({
      ...names,
      databaseName: 'us',
      tenant: 'acme',
      error: {
        code: 'CONFIRMATION_REQUIRED',
        message: expect.stringContaining('shop in production/us/acme is protected') as string,
      },
    });
  });

  it('repeats only what failed, and says so if nothing did', async () => {
    const cwd = await twoDatabases();
    await eu.query('CREATE TABLE two (id int)');
    expect((await db(cwd, 'migrate', '--database=eu')).exitCode).toBe(1);
    const plan = await json(cwd, 'migrate', '--only-failed', '--dry-run');
    expect(plan).toMatchObject({ databaseName: 'eu', status: 'planned' });
    await eu.query('DROP TABLE two');
    const again = await json(cwd, 'migrate', '--only-failed');
    expect(again).toMatchObject({ databaseName: 'eu', status: 'done', done: [{ name: 'two' }] });
    expect(await applied(cwd)).toEqual([2, 0]);
    const none = await db(cwd, 'migrate', '--only-failed');
    expect(none).toMatchObject({ exitCode: 0 });
    expect(none.stdout).toContain('Nothing to repeat');
    expect(await json(cwd, 'migrate', '--only-failed')).toEqual([]);
    expect(await applied(cwd)).toEqual([2, 0]);
  });

  it('repeats no tenant that only waits for a migration of another project', async () => {
    const config = (name: string) =>
      `module.exports = { project: '${name}', environments: { production: { url: '${eu.url}', tenants: () => ['a', 'b'] } } };`;
    const cwd = await folderWith({
      'nx.json': '{}',
      'base/db.config.cjs': config('base'),
      [`base/migrations/${FIRST}_base.cjs`]: `module.exports = { version: '${FIRST}', name: 'base', async up() {} };`,
      'shop/db.config.cjs': config('shop'),
      [`shop/migrations/${SECOND}_shop.cjs`]: `module.exports = { version: '${SECOND}', name: 'shop',
        dependencies: ['base:${FIRST}'], async up() {} };`,
    });
    const refused = await db(cwd, 'migrate', '--project=shop');
    expect(refused.stdout + refused.stderr).toContain('PREREQUISITE_NOT_APPLIED');
    const none = await db(cwd, 'migrate', '--project=shop', '--only-failed');
    expect(none).toMatchObject({ exitCode: 0 });
    expect(none.stdout).toContain('Nothing to repeat');
  });

  it('repeats only the tenants that failed', async () => {
    const cwd = await withTenants(`['a', 'b', 'c', 'd']`);
    await eu.query('CREATE SCHEMA b; CREATE TABLE b.one (id int)');
    await db(cwd, 'migrate', '--tenant=b');
    await eu.query('DROP TABLE b.one');
    const again = await json(cwd, 'migrate', '--only-failed');
    expect(again).toMatchObject({ counts: { total: 1, done: 1 }, tenants: [{ tenant: 'b' }] });
    const others = await json(cwd, 'status');
    expect(others).toMatchObject({ counts: { upToDate: 1, behind: 3 } });
  });

  describe('The commands that hints print', () => {
    const SLOW = '20250103000000';
    const slow = {
      [`migrations/${SLOW}_slow.cjs`]: `module.exports = { version: '${SLOW}', name: 'slow', transaction: false,
        async up(db) { await db.query('CREATE TABLE slow (id int)'); if (process.env.STALL) await db.query('SELECT pg_sleep(60)'); },
        async down(db) { await db.query('DROP TABLE slow'); } };`,
    };
    const isStalled = async () =>
      (
        await us.query(
          "SELECT FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND state = 'active' AND pid <> pg_backend_pid()",
        )
      ).length > 0;

    it('G1: repair the database on which a process was killed, and no other', async () => {
      const cwd = await twoDatabases();
      await db(cwd, 'migrate');
      await writeFiles(cwd, slow);
      const killed = startFf(
        { cwd, env: { STALL: '1' } },
        'db',
        'migrate',
        '--env=production',
        '--database=us',
      );
      while (!(await isStalled())) await new Promise((resolve) => setTimeout(resolve, 20));
      killed.child.kill('SIGKILL');
      await killed.finished;
      await us.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()",
      );

      const { exitCode, stderr } = await db(cwd, 'migrate', '--database=us');
      expect(exitCode).toBe(2);
      const printed = [...stderr.matchAll(/`ff (db [^`]*)`/g)].map(([, line = '']) => line);
      expect(printed).toHaveLength(3);
      for (const line of printed)
        expect(line).toContain('--project=shop --env=production --database=us');
      const shown = await db(cwd, 'repair');
      expect(shown.stdout).toMatch(/Nothing needs repair: shop in production\/eu/);
      const mark = printed.find((line) => line.endsWith('--mark-applied')) ?? '';
      expect((await run({ cwd }, ...mark.split(' '))).exitCode).toBe(0);
      expect(await applied(cwd)).toEqual([2, 3]);
      const rows = await eu.query(`SELECT FROM migration_history WHERE version = '${SLOW}'`);
      expect(rows).toEqual([]);
    });

    it('G1: address the tenant after a failure and a changed file', async () => {
      const cwd = await withTenants(`['acme', 'other']`);
      await db(cwd, 'migrate');
      await writeFiles(cwd, {
        ...migration(FIRST, 'one', '// edited'),
        'migrations/20250104000000_bad.cjs': `module.exports = { version: '20250104000000', name: 'bad', transaction: false,
          async up(db) { await db.query('SELECT * FROM nowhere'); } };`,
      });
      const drifted = await db(cwd, 'migrate', '--tenant=acme');
      const accept = /`ff (db repair [^`]*--accept-checksum)`/.exec(drifted.stderr)?.[1] ?? '';
      expect(accept).toContain('--tenant=acme');
      expect((await run({ cwd }, ...accept.split(' '))).exitCode).toBe(0);
      const failed = await db(cwd, 'migrate', '--tenant=acme');
      expect(failed.stdout).toMatch(
        /`ff db repair [^`]*--env=production --tenant=acme --mark-applied`/,
      );
      expect((await db(cwd, 'migrate', '--tenant=other')).stderr).toContain('CHECKSUM_MISMATCH');
    });
  });

  describe('Commands with tenants', () => {
    it('act on lists and patterns of tenants', async () => {
      const cwd = await withTenants(`['acme-de', 'acme-fr', 'other', 'a,b', '007']`);
      const some = await json(cwd, 'migrate', '--tenant=acme-*,other', '--to=one');
      expect(some).toMatchObject({ counts: { total: 3, done: 3 } });
      // A value that is exactly a name is that name.
      expect(await json(cwd, 'migrate', '--tenant=a,b')).toMatchObject({ tenant: 'a,b' });
      expect(await json(cwd, 'migrate', '--tenant=007')).toMatchObject({ tenant: '007' });
      expect(await json(cwd, 'status', '--tenant=acme-*')).toMatchObject({ counts: { total: 2 } });
      expect(await json(cwd, 'rollback', '--last', '--tenant=acme-*')).toMatchObject([
        { tenant: 'acme-de', done: [{ name: 'one' }] },
        { tenant: 'acme-fr', done: [{ name: 'one' }] },
      ]);
      const unknown = await db(cwd, 'rollback', '--last', '--tenant=other,othr,none*');
      expect(unknown.exitCode).toBe(2);
      expect(unknown.stderr).toMatch(/no tenant "othr"[^]*matches "none\*"/);
      expect(await json(cwd, 'status', '--tenant=other')).toMatchObject({ counts: { applied: 1 } });
    });

    it('refuse to undo without a named tenant, and print the command', async () => {
      const cwd = await withTenants(`['acme', "o'neill"]`);
      await db(cwd, 'migrate');
      for (const args of [
        ['rollback', '--last'],
        ['repair', '--yes'],
        ['baseline', '--to=one'],
      ]) {
        const { exitCode, stderr } = await db(cwd, ...args);
        expect(exitCode).toBe(2);
        expect(stderr).toMatch(/has tenants \(acme, o'neill\)[^]*--tenant=acme[^]*--tenant='\*'/);
      }
    });

    it('G2: print commands that can be run where databases have tenants', async () => {
      const tenants = `tenants: async (db) => (await db.query('SELECT current_database() AS name')).rows[0].name === '${new URL(eu.url).pathname.slice(1)}' ? [] : ['acme', 'beta']`;
      const cwd = await project(`{ ${databases()}, ${tenants} }`);
      await db(cwd, 'migrate');
      for (const [named, every] of [
        [[], "--database='*' --tenant='*'"],
        [['--database=eu,us'], "--database=eu,us --tenant='*'"],
        [['--database=us'], "--database=us --tenant='*'"],
      ] as const) {
        const { exitCode, stderr } = await db(cwd, 'rollback', 'two', ...named);
        expect(exitCode).toBe(2);
        const hints = [...stderr.matchAll(/`ff ([^`]*)`/g)].map(([, hint]) => hint!);
        expect(hints).toEqual([
          'db rollback two --project=shop --env=production --database=us --tenant=acme',
          `db rollback two --project=shop --env=production ${every}`,
        ]);
        for (const hint of hints) {
          const { exitCode } = await run({ cwd }, ...hint.replaceAll("'", '').split(' '));
          expect(exitCode).toBe(0);
        }
        await db(cwd, 'migrate');
      }
    });

    it('G2: refuse a tenant that is in two databases unless the database is named', async () => {
      const cwd = await project(`{ ${databases()}, tenants: async () => ['acme'] }`);
      await db(cwd, 'migrate');
      const { exitCode, stderr } = await db(cwd, 'rollback', 'one', '--tenant=acme');
      expect(exitCode).toBe(2);
      expect(stderr).toContain('production/eu/acme and production/us/acme');
      expect(stderr).toContain('--database=eu --tenant=acme');
      const one = await json(cwd, 'rollback', 'two', '--tenant=acme', '--database=us');
      expect(one).toMatchObject({ databaseName: 'us', tenant: 'acme', status: 'done' });
      const last = await json(cwd, 'rollback', '--last', '--tenant=acme', '--database=eu,us');
      expect(last).toMatchObject([
        { databaseName: 'eu', tenant: 'acme', error: { code: 'TARGETS_DIFFER' } },
        { databaseName: 'us', tenant: 'acme', error: { code: 'TARGETS_DIFFER' } },
      ]);
    });
  });
});
