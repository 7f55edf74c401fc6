import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ff } from '../../../cli/src/testing/ff';
import { keepOutput, taskContext } from '../testing/executors';
import { createWorkspace, type TestWorkspace } from '../testing/workspace';
import migrate from './migrate/executor';
import rollback from './rollback/executor';

const SECRET = 'canary-7d20e4';
/** Nobody listens at port 1. */
const CONFIG = `module.exports = { environments: {
  development: { url: 'pglite:.data/development' },
  staging: { url: { env: 'UNSET_DATABASE_URL' } },
  regions: { databases: {
    asia: { url: 'pglite:.data/asia' }, eu: { url: 'postgres://me:${SECRET}@127.0.0.1:1/app' }, us: { url: 'pglite:.data/us' } } },
} };`;
const MIGRATION = `module.exports = { version: '20250917102200', name: 'teams',
  async up(db) { await db.query('CREATE TABLE teams (id int)'); } };`;
const OPTIONS = { reportFolder: 'reports' };

describe('the report of a task that was refused, folded by ff', () => {
  let workspace: TestWorkspace;
  keepOutput();
  beforeEach(() => {
    workspace = createWorkspace({
      'apps/api/db.config.js': CONFIG,
      'apps/api/migrations/20250917102200_teams.js': MIGRATION,
    });
  });
  afterEach(() => workspace.dispose());

  const task = (target: string, configuration: string) =>
    taskContext(workspace, { target, environments: [configuration], configuration });
  const files = () =>
    readdirSync(join(workspace.root, 'reports/api'))
      .sort()
      .map((name) => `reports/api/${name}`);
  const fold = (...flags: string[]) =>
    ff({ cwd: workspace.root }, 'db', 'report', ...files(), ...flags);

  it('says which task it was, why, and that nothing ran', async () => {
    await migrate(OPTIONS, task('migrate', 'staging'));
    await rollback(OPTIONS, task('rollback', 'development'));

    const { exitCode, stdout, stderr } = await fold();
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout.split('\n\n')).toEqual([
      '### Database migrations: refused',
      expect.stringMatching(
        /^\*\*api staging \(reports\/api\/migrate\.staging\.json\)\*\*: INVALID\\_CONNECTION: .*UNSET\\_DATABASE\\_URL is not set/,
      ),
      '**api development (reports/api/rollback.development.json)**: INVALID\\_ARGUMENT: The command does not say what to revert.\n',
    ]);
    expect(JSON.parse((await fold('--json')).stdout)).toMatchObject({
      status: 'failed',
      counts: { runs: 0, failed: 0 },
      refusals: [
        { file: 'reports/api/migrate.staging.json', code: 'INVALID_CONNECTION' },
        { file: 'reports/api/rollback.development.json', code: 'INVALID_ARGUMENT' },
      ],
    });
  });

  it('is a failure beside the databases that were done before and after it', async () => {
    await migrate(OPTIONS, task('migrate', 'regions'));

    const { stdout } = await fold();
    expect(stdout).toMatch(
      /^### Database migrations: failed\n[^]*\| api \| regions\/asia \| done \|/,
    );
    expect(stdout).toContain('regions.eu.json)**: CONNECTION\\_FAILED: ');
    expect(stdout).toMatch(/\| api \| regions\/us \| done \|/);
    const json = (await fold('--json')).stdout;
    expect(JSON.parse(json)).toMatchObject({
      status: 'failed',
      counts: { runs: 2, applied: 2 },
      refusals: [{ code: 'CONNECTION_FAILED' }],
    });
    expect(stdout + json).not.toContain(SECRET);
  });

  it('tells all problems at once where there are several', async () => {
    workspace.write({
      'apps/api/migrations/20250917102200_again.js': MIGRATION,
      'apps/api/migrations/20250917102260_late.js': MIGRATION,
    });
    await migrate(OPTIONS, task('migrate', 'development'));

    const { stdout } = await fold();
    expect(stdout).toMatch(/2 problems: [^\n]*20250917102260[^\n]*20250917102200[^\n]*\n$/);
  });
});
