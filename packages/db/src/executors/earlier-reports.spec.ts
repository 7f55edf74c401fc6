import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keepOutput, reportPath, taskContext } from '../testing/executors';
import { createWorkspace, type TestWorkspace } from '../testing/workspace';
import migrate from './migrate/executor';
import status from './status/executor';

const CONFIG = `module.exports = { environments: { development: { url: 'pglite:.data/development' } } };`;
const source = (version: string, name: string) =>
  `module.exports = { version: '${version}', name: '${name}', async up(db) { await db.query('SELECT 1'); } };`;
const OPTIONS = { reportFolder: 'reports' };

describe('A7: status with the reports of earlier tasks', () => {
  let workspace: TestWorkspace;
  const printed = keepOutput();
  beforeEach(() => {
    workspace = createWorkspace({
      'apps/api/db.config.js': CONFIG,
      'apps/api/migrations/20250917102200_teams.js': source('20250917102200', 'teams'),
    });
  });
  afterEach(() => workspace.dispose());

  const task = (target: string) =>
    taskContext(workspace, { target, environments: ['development'], configuration: 'development' });
  const check = async () => (await status({ ...OPTIONS, check: true }, task('status'))).success;
  const path = (name: string) => join(workspace.root, name);

  it('A7: --check names the report whose run left no row, until the report is removed', async () => {
    await migrate(OPTIONS, task('migrate'));
    expect(await check()).toBe(true);
    // The database as it was before the next run: that run's row is gone without a trace.
    cpSync(path('.data/development'), path('.data/before'), { recursive: true });
    workspace.write({
      'apps/api/migrations/20250917102201_users.js': source('20250917102201', 'users'),
    });
    await migrate(OPTIONS, task('migrate'));
    expect(await check()).toBe(true);
    rmSync(path('.data/development'), { recursive: true });
    cpSync(path('.data/before'), path('.data/development'), { recursive: true });

    printed.out = '';
    expect(await check()).toBe(false);
    expect(printed.out).toContain('HISTORY_CORRUPT');
    expect(printed.out).toContain('remove reports/api/migrate.development.json');

    rmSync(reportPath(workspace, 'migrate.development.json'));
    printed.out = '';
    expect(await check()).toBe(false);
    expect(printed.out).not.toContain('HISTORY_CORRUPT');
    await migrate(OPTIONS, task('migrate'));
    expect(await check()).toBe(true);
  });

  it('A7: ignores files that are no reports, and names those that cannot be read', async () => {
    await migrate(OPTIONS, task('migrate'));
    const report = readFileSync(reportPath(workspace, 'migrate.development.json'), 'utf8');
    const contents = ['{"format": 1', '', '[]', 'null', '[null, 7, {"done": 3}]', `[${report}]`];
    contents.forEach((content, index) =>
      writeFileSync(reportPath(workspace, `odd-${index}.json`), content),
    );
    expect(await check()).toBe(true);
    expect(printed.err).toContain('reports/api/odd-0.json was ignored: it is not JSON.');
  });
});
