import { MigrationAgent } from '@flashfusion/migrator';
import { join } from 'node:path';
import { keepOutput, taskContext } from '../testing/executors';
import { createWorkspace, type TestWorkspace } from '../testing/workspace';
import migrate from './migrate/executor';
import status from './status/executor';

/** The part of a status that tells which history was read. */
interface SeenStatus {
  readonly project: string;
  readonly counts: { readonly applied: number; readonly pending: number };
}

describe('A project with a name in db.config and another one in project.json', () => {
  let workspace: TestWorkspace;
  const printed = keepOutput();
  const { NODE_ENV } = process.env;

  beforeAll(() => {
    // jest sets `test`, which is no environment of this configuration.
    process.env['NODE_ENV'] = 'development';
    workspace = createWorkspace({
      'apps/core/project.json': '{ "name": "core" }',
      'apps/core/db.config.json': JSON.stringify({
        project: 'api',
        environments: { development: { url: 'pglite:.data/development' } },
      }),
      'apps/core/migrations/20250917102200_teams.js': `module.exports = {
        version: '20250917102200', name: 'teams',
        async up(db) { await db.query('CREATE TABLE teams (id int)'); },
      };`,
    });
  });
  afterAll(() => {
    process.env['NODE_ENV'] = NODE_ENV;
    workspace.dispose();
  });

  const task = (target: string) =>
    taskContext(workspace, { project: 'core', target, environments: ['development'] });
  const applied = { project: 'api', counts: { applied: 1, pending: 0 } };

  it('A3: has one history for the executors and for programs, whatever name they pass', async () => {
    expect(await migrate({}, task('migrate'))).toEqual({ success: true });
    printed.out = '';
    expect(await status({ json: true }, task('status'))).toEqual({ success: true });
    expect(JSON.parse(printed.out) as SeenStatus).toMatchObject(applied);

    const projectRoot = join(workspace.root, 'apps/core');
    for (const project of [undefined, 'core', 'api']) {
      const [agent] = await MigrationAgent.load({ projectRoot, project, env: {} });
      expect(await agent?.status()).toMatchObject(applied);
    }
  });
});
