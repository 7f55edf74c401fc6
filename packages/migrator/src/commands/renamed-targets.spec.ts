import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MigrationAgent } from '../agent';
import { TemporaryFiles } from '../config/testing/temporary-files';
import type { DatabaseService } from '../config/settings';
import { PgliteEngine } from '../database/pglite-engine';
import { formatRunResult } from '../report/format-run-result';
import { formatStatusMatrix } from '../report/format-status-matrix';
import { formatTenantsResult, formatTenantsStatus } from '../report/format-tenants';
import { refusal } from '../source/testing/fixtures';
import { migrationSource, nthVersion } from '../testing/migration-source';
import { createPgliteFolder } from '../testing/pglite';
import { createTestDatabase, testServers } from '../testing/postgres';

const V = nthVersion;

/** Where the databases of a test are. */
interface Place {
  readonly title: string;
  create(): Promise<Databases>;
}

interface Databases {
  /** Two databases of their own; none if the application passes its connection. */
  readonly urls: readonly string[];
  readonly service?: DatabaseService;
  drop(): Promise<void>;
}

const PLACES: readonly Place[] = [
  { title: 'PGlite', create: embeddedDatabase },
  ...testServers().map((server): Place => ({
    title: `Postgres ${server.major}`,
    async create() {
      const made = [await createTestDatabase(server), await createTestDatabase(server)];
      return {
        urls: made.map(({ url }) => url),
        drop: async () => void (await Promise.all(made.map((one) => one.drop()))),
      };
    },
  })),
];

async function embeddedDatabase(): Promise<Databases> {
  const { folder, remove } = await createPgliteFolder();
  const engine = await PgliteEngine.start(folder);
  const query = (sql: string, params?: readonly unknown[]) =>
    engine.client.query(sql, params === undefined ? undefined : [...params]);
  return {
    urls: [],
    service: { query },
    async drop() {
      await engine.stop();
      await remove();
    },
  };
}

describe.each(PLACES)('a renamed project with many databases, on $title', ({ title, create }) => {
  const files = new TemporaryFiles();
  let databases: Databases;
  let root: string;

  beforeEach(async () => {
    databases = await create();
    root = files.make({ 'nx.json': {}, 'migrations/.gitkeep': '' });
  });
  afterEach(async () => {
    await databases.drop();
    files.clean();
  });

  function add(version: string, name: string): void {
    const source = { up: `CREATE TABLE ${name} (id int)`, down: `DROP TABLE ${name}` };
    const path = join(root, 'migrations', `${version}_${name}.ts`);
    writeFileSync(path, migrationSource(version, name, source));
  }
  function configure(names: string, environment: string, target: string): void {
    writeFileSync(
      join(root, 'db.config.ts'),
      `export default { ${names}, environments: { ${environment}: { ${target} } } };`,
    );
  }
  const load = (environment: string) =>
    MigrationAgent.load({
      projectRoot: root,
      environment,
      env: {},
      connection: databases.service,
    });
  const only = async (environment: string) => {
    const [agent] = await load(environment);
    if (agent === undefined) throw new Error('No agent was loaded.');
    return agent;
  };

  // An application that passes its connection has one database.
  if (title !== 'PGlite')
    it('A3: keeps the history of each database, whichever is carried over first', async () => {
      const [euUrl, usUrl] = databases.urls;
      const both = `databases: { eu: { url: '${euUrl}' }, us: { url: '${usUrl}' } }`;
      add(V(1), 'one');
      configure(`project: 'shop'`, 'staging', both);
      for (const agent of await load('staging')) await agent.migrate();

      configure(
        `project: '@acme/shop', renamedFrom: ['shop']`,
        'preview',
        `${both}, renamedFrom: ['staging']`,
      );
      add(V(2), 'two');
      const [eu, us] = await load('preview');
      await eu?.migrate();
      const columns = [];
      for (const [index, agent] of (await load('preview')).entries()) {
        columns.push({ name: index === 0 ? 'eu' : 'us', status: await agent.status() });
      }
      expect(columns.map(({ status }) => status)).toMatchObject([
        { counts: { applied: 2, pending: 0 }, formerEnvironment: undefined, formerNames: [] },
        {
          counts: { applied: 1, pending: 1 },
          formerEnvironment: 'staging',
          formerNames: [{ from: 'shop', migrations: 1 }],
          problems: [],
        },
      ]);
      const matrix = formatStatusMatrix(columns);
      expect(matrix).toMatch(
        /us: The database is still stamped 'staging'\..*\n1 migration is recorded under shop/,
      );
      expect(matrix).not.toContain('eu: The database');

      const planned = (await us?.migrate({ mode: 'dry-run' }))!;
      expect(planned.plan.rename).toEqual({
        formerEnvironment: 'staging',
        formerNames: [{ from: 'shop', migrations: 1 }],
      });
      expect(formatRunResult(planned)).toMatch(
        /Would first stamp the database 'preview' instead of 'staging'[^]*Would first carry 1 migration over from shop to @acme\/shop\./,
      );
      expect((await us?.migrate())?.done.map(({ name }) => name)).toEqual(['two']);
      expect((await us?.migrate({ mode: 'dry-run' }))?.plan.rename).toBeUndefined();

      const down = { selection: { kind: 'last', count: 2 } } as const;
      expect((await eu?.rollback(down))?.done).toHaveLength(2);
      expect((await us?.rollback(down))?.done).toHaveLength(2);
      expect((await us?.migrate())?.done).toHaveLength(2);
    });

  it('A3: keeps the history of each tenant, and shows which are not carried over', async () => {
    const [url] = databases.urls;
    const tenants = (names: readonly string[]) =>
      `${url === undefined ? '' : `url: '${url}', `}tenants: () => ${JSON.stringify(names)}`;
    add(V(1), 'one');
    configure(`project: 'shop'`, 'staging', tenants(['a', 'b', 'c']));
    await (await only('staging')).migrateTenants();
    add(V(2), 'two');
    await (await (await only('staging')).tenant('c')).migrate();

    // A tenant without history would be migrated: those that are refused do not block it.
    configure(`project: '@acme/shop'`, 'staging', tenants(['a', 'b', 'c']));
    const refused = await (await only('staging')).migrateTenants();
    expect(refused.tenants[0]).toMatchObject({
      status: 'refused',
      error: { code: 'POSSIBLE_RENAME' },
    });

    configure(
      `project: '@acme/shop', renamedFrom: ['shop']`,
      'preview',
      `${tenants(['a', 'b', 'c', 'new'])}, renamedFrom: ['staging']`,
    );
    const status = await (await only('preview')).statusTenants();
    expect(status.counts).toEqual({ total: 4, upToDate: 1, behind: 3, troubled: 0 });
    expect(
      status.tenants.map(({ formerEnvironment, formerNames }) => [
        formerEnvironment,
        formerNames[0]?.migrations,
      ]),
    ).toEqual([
      ['staging', 1],
      ['staging', 1],
      ['staging', 2],
      [undefined, undefined],
    ]);
    expect(formatTenantsStatus(status)).toMatch(
      /2 tenants: a, b\n {2}The database is still stamped 'staging'.*\n {2}1 migration is recorded under shop/,
    );

    const planned = await (await only('preview')).migrateTenants({ mode: 'dry-run' });
    expect(planned.counts).toMatchObject({ planned: 3, upToDate: 1 });
    expect(formatTenantsResult(planned)).toMatch(
      /2 tenants: a, b\n.*\n {2}Would first carry 1 migration over from shop to @acme\/shop\./,
    );
    const result = await (await only('preview')).migrateTenants();
    expect(result.counts).toMatchObject({ done: 3, upToDate: 1, failed: 0, refused: 0 });
    const after = await (await only('preview')).statusTenants();
    expect(after.counts).toMatchObject({ upToDate: 4 });
    const [a, , c] = after.tenants;
    expect(a).toMatchObject({ counts: { applied: 2 }, formerNames: [] });
    expect(c).toMatchObject({
      counts: { applied: 2 },
      formerNames: [{ from: 'shop', migrations: 2 }],
    });
    const tenant = await (await only('preview')).tenant('c');
    await tenant.rollback({ selection: { kind: 'last', count: 1 } });
    expect((await tenant.status()).formerNames).toEqual([]);
    expect((await refusal(tenant.baseline({ to: V(1) }))).code).toBe('HISTORY_NOT_EMPTY');
  });
});
