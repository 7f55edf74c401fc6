import type { ExecutorContext } from '@nx/devkit';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ff } from '../../../cli/src/testing/ff';
import { preTasksExecution } from '../plugin';
import { REQUEST_VARIABLE } from '../request';
import { keepOutput, readReport, taskContext } from '../testing/executors';
import { createWorkspace, type TestWorkspace } from '../testing/workspace';
import migrate from './migrate/executor';

const CONFIG = `module.exports = { environments: { development: { url: 'pglite:.data/development' } } };`;
/** Refuses each task at once, without a database. */
const REFUSING = CONFIG.replace(`'pglite:.data/development'`, `''`);
const migration = (body: string) =>
  `module.exports = { version: '20250917102200', name: 'teams', async up(db) { ${body} } };`;
const GOOD = migration(`await db.query('SELECT 1');`);
const BAD = migration(`await db.query('SELECT 1/0');`);
const OPTIONS = { reportFolder: 'reports' };
const PROJECTS = ['@acme/orders', 'billing'];

describe('the reports of two commands of Nx', () => {
  let workspace: TestWorkspace;
  keepOutput();
  const before = process.env[REQUEST_VARIABLE];
  beforeEach(() => {
    workspace = createWorkspace({
      'apps/billing/db.config.js': CONFIG,
      'apps/billing/migrations/20250917102200_teams.js': GOOD,
      'apps/@acme/orders/db.config.js': CONFIG,
      'apps/@acme/orders/migrations/20250917102200_teams.js': GOOD,
    });
  });
  afterEach(() => {
    workspace.dispose();
    if (before === undefined) delete process.env[REQUEST_VARIABLE];
    else process.env[REQUEST_VARIABLE] = before;
  });

  /** What Nx does before the first task of a command. */
  const command = (id: string) =>
    preTasksExecution(undefined, {
      id,
      workspaceRoot: workspace.root,
      nxJsonConfiguration: {},
      argv: ['node', 'nx', 'run-many', '-t', 'migrate', '-c', 'development'],
    });

  function context(project: string): ExecutorContext {
    const base = taskContext(workspace, {
      project,
      target: 'migrate',
      environments: ['development'],
      configuration: 'development',
    });
    const target = { ...base.target, executor: '@flashfusion/db:migrate', options: OPTIONS };
    const idOf = (name: string) => `${name}:migrate:development`;
    const taskOf = (name: string) => ({
      id: idOf(name),
      target: { project: name, target: 'migrate', configuration: 'development' },
      overrides: {},
      outputs: [],
      parallelism: true,
      cache: false,
    });
    return {
      ...base,
      projectsConfigurations: {
        version: 2,
        projects: Object.fromEntries(
          PROJECTS.map((name) => [name, { root: `apps/${name}`, targets: { migrate: target } }]),
        ),
      },
      taskGraph: {
        roots: [idOf('billing')],
        tasks: Object.fromEntries(PROJECTS.map((name) => [idOf(name), taskOf(name)])),
        dependencies: { [idOf('@acme/orders')]: [idOf('billing')], [idOf('billing')]: [] },
        continuousDependencies: {},
      },
    };
  }

  const run = async (project: string) => (await migrate(OPTIONS, context(project))).success;
  const fold = async (...flags: string[]) => {
    const { stdout } = await ff({ cwd: workspace.root }, 'db', 'report', 'reports', ...flags);
    return stdout;
  };
  const folded = async () => JSON.parse(await fold('--json')) as Record<string, unknown>;

  it('G8: a task that the second command skips is named as skipped and never as done', async () => {
    await command('first');
    expect([await run('billing'), await run('@acme/orders')]).toEqual([true, true]);
    expect(await folded()).toMatchObject({
      status: 'done',
      counts: { runs: 2, applied: 2 },
      skipped: [],
      stale: [],
    });

    workspace.write({
      'apps/billing/migrations/20250917102201_teams.js': BAD.replaceAll('102200', '102201'),
    });
    await command('second');
    expect(await run('billing')).toBe(false);

    expect(await folded()).toMatchObject({
      status: 'failed',
      counts: { runs: 1, applied: 0, failed: 1 },
      skipped: [
        { id: '@acme/orders:migrate:development', because: ['billing:migrate:development'] },
      ],
      stale: [{ file: join('reports', '@acme/orders/migrate.development.json') }],
      batches: [{ id: 'second' }],
    });
    const text = await fold();
    expect(text).toMatch(/orders`:migrate:development\*\*: skipped, because billing:migrate:dev/);
    expect(text).toMatch(/Not counted, 1 report of earlier runs:\n\n- .*orders.*migrate\.dev/);
  });

  it('G8: a report names its command, its times and the commit, also of a refused task', async () => {
    workspace.write({
      '.git/HEAD': 'ref: refs/heads/main\n',
      '.git/refs/heads/main': `${'ab'.repeat(20)}\n`,
      'apps/billing/db.config.js': REFUSING,
      'apps/@acme/orders/db.config.js': REFUSING,
    });
    for (const name of ['GITHUB_SHA', 'CI_COMMIT_SHA', 'NX_HEAD']) delete process.env[name];
    await command('first');
    expect(await run('billing')).toBe(false);
    await run('@acme/orders');
    for (const project of PROJECTS) {
      expect(readReport(workspace, 'migrate.development.json', project)).toMatchObject({
        origin: {
          task: { id: `${project}:migrate:development`, environment: 'development' },
          batch: { id: 'first', startedAt: expect.stringMatching(/^\d{4}-.*Z$/) as string },
          startedAt: expect.stringMatching(/^\d{4}-.*Z$/) as string,
          finishedAt: expect.stringMatching(/^\d{4}-.*Z$/) as string,
          gitCommit: 'ab'.repeat(20),
        },
      });
    }
  });

  it('G8: a task that was killed counts as failed, not as absent or as its earlier result', async () => {
    await command('first');
    const state = `task.${encodeURIComponent('@acme/orders:migrate:development.development')}.json`;
    // The migration reads the folder while the task runs: what a kill leaves behind.
    workspace.write({
      'apps/@acme/orders/migrations/20250917102200_teams.js': migration(
        `globalThis.seen = require('fs').readFileSync(${JSON.stringify(join(workspace.root, 'reports', state))}, 'utf8'); await db.query('SELECT 1');`,
      ),
    });
    await run('@acme/orders');
    expect(existsSync(join(workspace.root, 'reports', state))).toBe(false);
    const { seen } = globalThis as { seen?: string };
    writeFileSync(join(workspace.root, 'reports', state), seen ?? '');

    await command('second');
    expect(await folded()).toMatchObject({
      status: 'failed',
      refusals: [{ code: 'NO_RESULT', message: expect.stringContaining('was killed') as string }],
    });
  });

  it('G8: a task with nothing to do for the named database is not skipped', async () => {
    workspace.write({ 'apps/@acme/orders/db.config.js': REFUSING });
    await command('first');
    await run('@acme/orders');
    const { success } = await migrate(
      { ...OPTIONS, database: 'eu', unknownDatabase: 'skip' },
      context('billing'),
    );
    expect(success).toBe(true);
    expect(await folded()).toMatchObject({
      skipped: [],
      refusals: [{ file: join('reports', '@acme/orders/migrate.development.json') }],
    });
  });

  it('G8: plans of earlier commands do not pile up', async () => {
    workspace.write({ 'apps/billing/db.config.js': REFUSING });
    for (const id of ['first', 'second', 'third']) {
      await command(id);
      await run('billing');
    }
    const plans = readdirSync(join(workspace.root, 'reports')).filter((name) =>
      name.startsWith('plan.'),
    );
    expect(plans).toEqual(['plan.third.json']);
  });
});
