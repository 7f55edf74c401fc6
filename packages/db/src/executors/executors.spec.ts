import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keepOutput, readReport, taskContext } from '../testing/executors';
import { createWorkspace, type TestWorkspace } from '../testing/workspace';
import baseline from './baseline/executor';
import migrate from './migrate/executor';
import repair from './repair/executor';
import rollback from './rollback/executor';
import status from './status/executor';

const CONFIG = {
  environments: {
    development: { url: 'pglite:.data/development' },
    staging: { url: { env: 'UNSET_DATABASE_URL' } },
    regions: { databases: { eu: { url: 'pglite:.data/eu' }, us: { url: 'pglite:.data/us' } } },
  },
};
const migration = (version: string, name: string) => `module.exports = {
  version: '${version}',
  name: '${name}',
  async up(db) { await db.query('CREATE TABLE ${name} (id int)'); return { table: '${name}' }; },
  async down(db, agent, data) { await db.query('DROP TABLE ' + data.table); },
};`;

describe('the executors', () => {
  let workspace: TestWorkspace;
  const printed = keepOutput();
  const { NODE_ENV } = process.env;

  beforeAll(() => {
    // jest says `test`, which is no environment of this configuration.
    process.env['NODE_ENV'] = 'development';
    workspace = createWorkspace({
      'apps/api/db.config.json': JSON.stringify(CONFIG),
      'apps/api/migrations/20250917102200_teams.js': migration('20250917102200', 'teams'),
      'apps/api/migrations/20250917102300_members.js': migration('20250917102300', 'members'),
    });
  });
  afterAll(() => {
    process.env['NODE_ENV'] = NODE_ENV;
    workspace.dispose();
  });

  const task = (target: string, configuration?: string) =>
    taskContext(workspace, {
      target,
      environments: Object.keys(CONFIG.environments),
      configuration,
    });
  const report = (name: string) => readReport(workspace, name);

  it('show what would be applied, and create nothing', async () => {
    expect(await migrate({ dryRun: true }, task('migrate'))).toEqual({ success: true });
    expect(printed.out).toMatch(/20250917102200 teams[^]*20250917102300 members/);
    expect(existsSync(join(workspace.root, '.data/development'))).toBe(false);
  });

  it('apply up to a version, saying first where, and write a report', async () => {
    const options = { to: 20250917102200, reportFolder: 'reports' };
    expect(await migrate(options, task('migrate'))).toEqual({ success: true });
    expect(printed.out).toMatch(
      /^Connecting: (api · development · pglite .*\(url from db\.config\.json\))\n[^]*^\1$/m,
    );
    expect(report('migrate.development.json')).toMatchObject({
      status: 'done',
      done: [{ id: 'api:20250917102200' }],
    });
  });

  it('E7: fail with a report that cannot be written, after the command has succeeded', async () => {
    writeFileSync(join(workspace.root, 'occupied'), '');
    const options = { dryRun: true, reportFolder: 'occupied' };
    expect(await migrate(options, task('migrate'))).toEqual({ success: false });
    expect(printed.err).toMatch(
      /OUTPUT_FAILED: The report could not be written: .*The command itself succeeded/,
    );
    expect(printed.out).toContain('members');
  });

  it('E7: succeed where the CI system has a summary that cannot be written', async () => {
    process.env['GITHUB_STEP_SUMMARY'] = workspace.root;
    try {
      expect(await migrate({ dryRun: true }, task('migrate'))).toEqual({ success: true });
    } finally {
      delete process.env['GITHUB_STEP_SUMMARY'];
    }
    expect(printed.err).toMatch(/The summary of the CI job could not be written: EISDIR/);
  });

  it('fail a check while something is pending, with one JSON document on standard output', async () => {
    expect(await status({ check: true, json: true }, task('status'))).toEqual({ success: false });
    expect(JSON.parse(printed.out)).toMatchObject({ counts: { applied: 1, pending: 1 } });
    expect(printed.err).toContain('Connecting: api · development · pglite');
    expect(await migrate({}, task('migrate'))).toEqual({ success: true });
    expect(await status({ check: true }, task('status'))).toEqual({ success: true });
  });

  it('revert by name', async () => {
    const options = { name: 'members', reportFolder: 'reports' };
    expect(await rollback(options, task('rollback'))).toEqual({ success: true });
    expect(report('rollback.development.json')).toMatchObject({ action: 'revert', status: 'done' });
  });

  it.each([{}, { name: 'teams', last: 1 }])(
    'refuse to guess what to revert: %j',
    async (options) => {
      expect(await rollback(options, task('rollback'))).toEqual({ success: false });
      expect(printed.err).toContain('INVALID_ARGUMENT');
    },
  );

  it('work on every database of an environment, or on the one that was asked for', async () => {
    const options = { reportFolder: 'reports' };
    const one = { ...options, database: 'eu', environment: 'regions' };
    expect(await migrate(one, task('migrate--eu', 'regions'))).toEqual({ success: true });
    expect(existsSync(join(workspace.root, '.data/us'))).toBe(false);
    expect(await migrate(options, task('migrate', 'regions'))).toEqual({ success: true });
    expect(report('migrate.regions.eu.json')).toMatchObject({ status: 'nothing-to-do' });
    expect(report('migrate.regions.us.json')).toMatchObject({ status: 'done', database: 'us' });
  });

  it('skip a database that the environment does not have only where told to', async () => {
    const options = { database: 'eu', unknownDatabase: 'skip' } as const;
    expect(await migrate(options, task('migrate--eu'))).toEqual({ success: true });
    expect(await migrate({ database: 'eu' }, task('migrate'))).toEqual({ success: false });
    expect(printed.err).toContain('UNKNOWN_DATABASE');
  });

  it('show with --verbose how a migration came to fail', async () => {
    const broken = migration('20250917102400', 'teams'); // the table exists already
    workspace.write({ 'apps/api/migrations/20250917102400_teams.js': broken });
    expect(await migrate({}, task('migrate'))).toEqual({ success: false });
    expect(printed.out).toMatch(/where: .*20250917102400_teams\.js:\d+:\d+\n/);
    expect(printed.out).not.toMatch(/^ +at /m);
    await migrate({ verbose: true }, task('migrate'));
    expect(printed.out).toMatch(/^ +at .*20250917102400_teams\.js:\d+:\d+\)\n/m);
  });

  it('name the variable that is not set, as text or as JSON', async () => {
    expect(await migrate({}, task('migrate', 'staging'))).toEqual({ success: false });
    expect(printed.err).toMatch(/INVALID_CONNECTION[^]*UNSET_DATABASE_URL/);
    expect(printed.out).toBe('');
    await migrate({ json: true }, task('migrate', 'staging'));
    expect(JSON.parse(printed.out)).toMatchObject({
      project: 'api',
      environment: 'staging',
      error: { code: 'INVALID_CONNECTION' },
    });
  });

  it.each(['cacheableOperations', 'cacheableTargets'])(
    'D3: refuse a target that %s in nx.json names, unless it is not cacheable itself',
    async (list) => {
      const context = task('migrate', 'staging');
      context.nxJsonConfiguration = {
        tasksRunnerOptions: { default: { options: { [list]: ['build', 'migrate'] } } },
      };
      expect(await migrate({}, context)).toEqual({ success: false });
      expect(printed.err).toContain('CACHED_TARGET');
      printed.err = '';
      context.target = { ...context.target, cache: false };
      await migrate({}, context);
      expect(printed.err).not.toContain('CACHED_TARGET');
    },
  );

  it('D3: refuse to run a target that Nx would cache, before anything else', async () => {
    for (const [name, run] of Object.entries({ migrate, status, rollback, baseline, repair })) {
      const context = task(name);
      context.target = { ...context.target, cache: true };
      const options = { environment: 'regions', database: 'eu', to: '20250917102300', last: 1 };
      expect(await run(options as never, context)).toEqual({ success: false });
      expect(printed.err).toContain(`CACHED_TARGET: api:${name}`);
      expect(printed.out).toBe('');
      printed.err = '';
    }
  });

  describe('for the history', () => {
    const fresh = 'pglite:.data/adopted';
    const context = (target: string, environments = ['development']) => {
      const made = taskContext(workspace, { project: 'shop', target, environments });
      made.projectsConfigurations.projects['shop'] = {
        root: 'apps/shop',
        targets: {
          'db-repair': { executor: '@flashfusion/db:repair' },
          'db-migrate': { executor: '@flashfusion/db:migrate' },
        },
      };
      return made;
    };
    beforeAll(() =>
      workspace.write({
        'apps/shop/db.config.json': JSON.stringify({
          environments: {
            development: { url: fresh },
            regions: { databases: { eu: { url: fresh }, us: { url: fresh } } },
          },
        }),
        'apps/shop/migrations/20250917102200_carts.js': migration('20250917102200', 'carts'),
        'apps/shop/migrations/20250917102300_lines.js': migration('20250917102300', 'lines'),
      }),
    );

    it('C18: baseline marks what the database has, and shows it before', async () => {
      const to = 20250917102200;
      expect(await baseline({ to, dryRun: true }, context('baseline'))).toEqual({ success: true });
      expect(printed.out).toContain('Would mark 1 migration of shop');
      expect(await baseline({ to }, context('baseline'))).toEqual({ success: true });
      expect(printed.out).toContain('Marked 1 migration of shop as applied in development');
      expect(await baseline({ to }, context('baseline'))).toEqual({ success: false });
      expect(printed.err).toContain('HISTORY_NOT_EMPTY');
    });

    it('C18: repair shows what is needed, with commands of Nx, and does what is named', async () => {
      const file = 'apps/shop/migrations/20250917102200_carts.js';
      workspace.write({ [file]: `${migration('20250917102200', 'carts')}\n// edited` });
      expect(await repair({}, context('repair'))).toEqual({ success: true });
      expect(printed.out).toContain(
        'nx run shop:db-repair --name=20250917102200 --accept-checksum',
      );
      expect(printed.out).not.toContain('ff db');
      printed.out = '';
      const options = { name: 'carts', acceptChecksum: true };
      expect(await repair(options, context('repair'))).toEqual({ success: true });
      expect(printed.out).toContain('Repaired shop in development');
      expect(await repair({}, context('repair'))).toEqual({ success: true });
      expect(printed.out).toContain('Nothing needs repair');
    });

    it.each([
      [{ markApplied: true }, 'needs the migration'],
      [{ name: 'carts', markApplied: true, resume: true }, '2 ways at once'],
      [{ name: 'carts', adoptEnvironment: 'production' }, 'a whole database'],
      [{ environment: 'regions', name: 'carts', markApplied: true }, '2 databases'],
    ])('C18: repair refuses %j', async (options, message) => {
      expect(await repair(options, context('repair'))).toEqual({ success: false });
      expect(printed.err).toMatch(new RegExp(`INVALID_ARGUMENT.*${message}`));
    });

    it('H2: hints name the targets by the names that the project gives them, and no other front end', async () => {
      workspace.write({
        'apps/shop/migrations/20250917102300_lines.js': `${migration('20250917102300', 'lines').replace('version:', "dependencies: ['users:20250101000000'], version:")}`,
        'libs/users/db.config.json': '{}',
        'libs/users/package.json': '{ "name": "users" }',
        'libs/users/migrations/20250101000000_users.js': migration('20250101000000', 'users'),
      });
      expect(await migrate({}, context('db-migrate'))).toEqual({ success: false });
      expect(printed.err).toContain('`nx run users:db-migrate`');
      expect(printed.err).toContain('--with-dependencies');
      expect(printed.err).not.toMatch(/ff db|nx run users:migrate|withDependencies/);
    });

    it('H4: a migrations folder that is gone is reported as files that are gone', async () => {
      const text = migration('20250917102300', 'lines');
      workspace.remove('apps/shop/migrations');
      expect(await migrate({}, context('migrate'))).toEqual({ success: false });
      expect(printed.err).toContain('FILE_MISSING');
      expect(printed.err).not.toContain('MIGRATIONS_FOLDER_NOT_FOUND');
      workspace.write({
        'apps/shop/migrations/20250917102200_carts.js': `${migration('20250917102200', 'carts')}\n// edited`,
        'apps/shop/migrations/20250917102300_lines.js': text.replace(
          'version:',
          "dependencies: ['users:20250101000000'], version:",
        ),
      });
    });

    it('H7: a prerequisite that Nx did not run names the lost order', async () => {
      const made = context('migrate');
      made.projectsConfigurations.projects['users'] = { root: 'libs/users' };
      const own = { project: 'shop', target: 'migrate' };
      made.taskGraph = {
        roots: [],
        tasks: { 'shop:migrate': { id: 'shop:migrate', target: own } },
        dependencies: { 'shop:migrate': [] },
      } as unknown as typeof made.taskGraph;
      made.target = { ...made.target, dependsOn: ['build'] };
      expect(await migrate({}, made)).toEqual({ success: false });
      expect(printed.err).toMatch(/PREREQUISITE_NOT_APPLIED[^]*targetDefaults in nx\.json/);
      printed.err = '';
      made.target = { dependsOn: [{ projects: ['users'], target: 'migrate' }] };
      await migrate({ environment: 'development' }, made);
      expect(printed.err).toContain('--exclude-task-dependencies');
    });
  });

  it('G7: refuse another database than the one of the target, or leave it to its own target', async () => {
    const made = task('migrate--eu', 'regions');
    made.target = { ...made.target, options: { database: 'eu' } };
    expect(await migrate({ database: 'us' }, made)).toEqual({ success: false });
    expect(printed.err).toMatch(/INVALID_ARGUMENT.*is for the database eu/);
    const entry = (id: string, target: string) => ({ id, target: { project: 'api', target } });
    made.taskGraph = {
      roots: [],
      tasks: { one: entry('one', 'migrate--eu'), all: entry('all', 'migrate') },
      dependencies: { one: [], all: ['one'] },
    } as unknown as typeof made.taskGraph;
    expect(await migrate({ database: 'us' }, made)).toEqual({ success: true });
    expect(printed.out).toBe('');
  });
});
