import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { keepOutput, readReport, taskContext } from '../testing/executors';
import { createWorkspace, type TestWorkspace } from '../testing/workspace';
import migrate from './migrate/executor';
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
    const broken = migration('20250917102400', 'teams').replace('teams (id', 'teams (id id');
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
});
