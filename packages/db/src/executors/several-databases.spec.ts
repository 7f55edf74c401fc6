import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keepOutput, readReport, reportPath, taskContext } from '../testing/executors';
import { createWorkspace, type TestWorkspace } from '../testing/workspace';
import migrate from './migrate/executor';
import status from './status/executor';

const SECRET = 'canary-5f1c9e';
/** Nobody listens at port 1. */
const CONFIG = `module.exports = { environments: { regions: { databases: {
  asia: { url: 'pglite:.data/asia' }, eu: { url: 'postgres://me:${SECRET}@127.0.0.1:1/app' }, us: { url: 'pglite:.data/us' } } },
  secret: { url: 'postgres://me:${SECRET}@127.0.0.1:1/app' } } };`;
const MIGRATION = `module.exports = { version: '20250917102200', name: 'teams',
  async up(db) { await db.query('CREATE TABLE teams (id int)'); } };`;

describe('the executors, of an environment with several databases', () => {
  let workspace: TestWorkspace;
  const printed = keepOutput();

  beforeAll(() => {
    workspace = createWorkspace({
      'apps/api/db.config.js': CONFIG,
      'apps/api/migrations/20250917102200_teams.js': MIGRATION,
    });
  });
  afterAll(() => workspace.dispose());

  const task = (target: string, configuration = 'regions') =>
    taskContext(workspace, { target, environments: [configuration], configuration });
  const path = (name: string) => reportPath(workspace, name);
  const report = (name: string) => readReport(workspace, name);

  it('G4: migrate the databases after one that is refused', async () => {
    const options = { json: true, reportFolder: 'reports' };
    expect(await migrate(options, task('migrate'))).toEqual({ success: false });
    const expected = [
      { status: 'done' },
      { databaseName: 'eu', error: { code: 'CONNECTION_FAILED' } },
      { status: 'done' },
    ];
    expect(JSON.parse(printed.out)).toMatchObject(expected);
    expect([
      report('migrate.regions.asia.json'),
      report('migrate.regions.eu.json'),
      report('migrate.regions.us.json'),
    ]).toMatchObject(expected);
  });

  it('show all that can be seen', async () => {
    expect(await status({ json: true }, task('status'))).toEqual({ success: false });
    expect(JSON.parse(printed.out)).toMatchObject([
      { counts: { applied: 1 } },
      { databaseName: 'eu', error: { code: 'CONNECTION_FAILED' } },
      { counts: { applied: 1 } },
    ]);
  });

  it('leave no report of an earlier success when the configuration is refused', async () => {
    expect(existsSync(path('migrate.regions.asia.json'))).toBe(true);
    writeFileSync(join(workspace.root, 'apps/api/db.config.js'), 'module.exports = { colour: 1 };');
    await migrate({ reportFolder: 'reports' }, task('migrate'));
    writeFileSync(join(workspace.root, 'apps/api/db.config.js'), CONFIG);
    expect(existsSync(path('migrate.regions.asia.json'))).toBe(false);
    expect(report('migrate.regions.json')).toMatchObject({ error: { code: 'INVALID_CONFIG' } });
  });

  it('print and report no password, also not among the causes', async () => {
    const options = { verbose: true, reportFolder: 'reports' };
    expect(await migrate(options, task('migrate', 'secret'))).toEqual({ success: false });
    expect(await migrate({ ...options, json: true }, task('migrate', 'secret'))).toEqual({
      success: false,
    });
    expect(printed.err).toContain('CONNECTION_FAILED');
    const kept = readFileSync(path('migrate.secret.json'), 'utf8');
    expect([printed.out, printed.err, kept].join('\n')).not.toContain(SECRET);
  });
});
