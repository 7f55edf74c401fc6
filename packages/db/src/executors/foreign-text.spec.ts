import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  createTestDatabase,
  describeNewestPostgres,
  type TestDatabase,
} from '../../../migrator/src/testing/postgres';
import { keepOutput, taskContext } from '../testing/executors';
import { createWorkspace, type TestWorkspace } from '../testing/workspace';
import migrate from './migrate/executor';
import repair from './repair/executor';
import rollback from './rollback/executor';
import status from './status/executor';

/** Passwords of the environment, of a tenant's database, and of the project that is applied first. */
const SECRETS = {
  shop: `wombat-one "q" \\ & 100%/é@`,
  tenant: `wombat-two 'q' $& #?`,
  base: 'wombat-three%41',
};
const ENVIRONMENT = 'staging';

/** A migration that gives away the passwords that its own project connects with. */
const leaking = (
  name: string,
  variables: readonly string[],
) => `module.exports = { version: '20250910000000', name: '${name}',
  async up(db, agent) {
    await db.query('CREATE TABLE ${name} (id int)');
    for (const text of ${JSON.stringify(variables)}.map((variable) => process.env[variable])) {
      const secret = decodeURIComponent(new URL(text).password);
      agent.logger.warn(JSON.stringify({ text, secret }));
      await db.query("DO $do$ BEGIN RAISE WARNING '%', $m$" + secret + "$m$; END $do$");
    }
    ${name === 'base' ? '' : "throw new Error('outer', { cause: new Error(decodeURIComponent(new URL(process.env.TENANT_URL).password)) });"}
  },
  async down() {} };`;

describeNewestPostgres('The executors, of a project whose migrations print passwords', (server) => {
  const saved = { ...process.env };
  const printed = keepOutput();
  let database: TestDatabase;
  let workspace: TestWorkspace;

  beforeAll(async () => {
    database = await createTestDatabase(server);
    const { host, pathname } = new URL(database.url);
    for (const [name, secret] of Object.entries(SECRETS)) {
      const role = `${database.name}_${name}`;
      await database.query(
        `CREATE ROLE ${role} SUPERUSER LOGIN PASSWORD '${secret.replaceAll("'", "''")}'`,
      );
      process.env[`${name.toUpperCase()}_URL`] =
        `postgres://${role}:${encodeURIComponent(secret)}@${host}${pathname}`;
    }
    const config = (variable: string, more = '') =>
      `module.exports = { environments: { ${ENVIRONMENT}: { url: { env: '${variable}' }${more} } } };`;
    workspace = createWorkspace({
      'apps/api/db.config.js': config(
        'SHOP_URL',
        `, tenants: () => ['acme', process.env.TENANT_URL]`,
      ),
      'apps/api/migrations/20250910000000_api.js': leaking('api', ['SHOP_URL', 'TENANT_URL']),
      'apps/base/db.config.js': config('BASE_URL'),
      'apps/base/migrations/20250910000000_base.js': leaking('base', ['BASE_URL']),
    });
    process.env.GITHUB_STEP_SUMMARY = join(workspace.root, 'summary.md');
  });

  afterAll(async () => {
    process.env = saved;
    workspace.dispose();
    for (const name of Object.keys(SECRETS)) {
      await database.query(`DROP OWNED BY ${database.name}_${name}`);
      await database.query(`DROP ROLE ${database.name}_${name}`);
    }
    await database.drop();
  });

  const task = (target: string, project = 'api') =>
    taskContext(workspace, {
      project,
      target,
      environments: [ENVIRONMENT],
      configuration: ENVIRONMENT,
    });

  it('E4: print, report, summarize and store no password of environments, tenants and causes', async () => {
    const reports = { reportFolder: 'reports' };
    for (const json of [false, true]) {
      for (const verbose of [false, true]) {
        const options = { ...reports, json, verbose };
        await migrate(options, task('migrate', 'base'));
        expect(await migrate(options, task('migrate'))).toEqual({ success: false });
        await status(options, task('status'));
        await repair({ ...options, tenant: 'acme' }, task('repair'));
        await rollback({ ...options, tenant: '*', name: 'api' }, task('rollback'));
      }
    }
    const files = readdirSync(join(workspace.root, 'reports'), {
      recursive: true,
      withFileTypes: true,
    })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
    const rows = await database.query<{ row: string }>(
      `SELECT h::text AS row FROM public.migration_history h UNION ALL SELECT h::text FROM acme.migration_history h`,
    );
    const summary = readFileSync(join(workspace.root, 'summary.md'), 'utf8');
    const all = [printed.out, printed.err, summary, ...files, ...rows.map(({ row }) => row)];

    expect(files.length).toBeGreaterThan(1);
    expect(rows.length).toBeGreaterThan(1);
    expect(all.join('\n')).toContain('***');
    expect(all.join('\n').match(/.{0,60}wombat.{0,60}/g)).toBeNull();
  });
});
