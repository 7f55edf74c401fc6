import { keepOutput, readReport, taskContext } from '../../testing/executors';
import { createWorkspace, type TestWorkspace } from '../../testing/workspace';
import rollback from '../rollback/executor';
import status from '../status/executor';
import migrate from './executor';

const config = (project: string, more = '') => `module.exports = { project: '${project}',
  environments: { development: { url: 'pglite:.data/${project}', ${more} } } };`;
const migration = (version: string, name: string, dependencies: readonly string[] = []) =>
  `module.exports = { version: '${version}', name: '${name}', dependencies: ${JSON.stringify(dependencies)},
    async up(db) { await db.query('CREATE TABLE ${name} (id int)'); } };`;

describe('the migrate executor', () => {
  let workspace: TestWorkspace;
  const printed = keepOutput();

  beforeAll(() => {
    workspace = createWorkspace({
      'libs/users/db.config.js': config('users'),
      'libs/users/migrations/20250910090000_people.js': migration('20250910090000', 'people'),
      'apps/api/db.config.js': config('api'),
      'apps/api/migrations/20250917102200_teams.js': migration('20250917102200', 'teams', [
        'users:20250910090000',
      ]),
      'apps/shop/db.config.js': config('shop', "tenants: async () => ['acme', 'umbrella']"),
      'apps/shop/migrations/20250917102200_carts.js': migration('20250917102200', 'carts'),
    });
  });
  afterAll(() => workspace.dispose());

  const task = (project: string, target = 'migrate') =>
    taskContext(workspace, {
      project,
      root: project === 'users' ? 'libs/users' : undefined,
      target,
      environments: ['development'],
      configuration: 'development',
    });
  const report = (project: string) => readReport(workspace, 'migrate.development.json', project);

  it('applies what is needed of other projects first when told so, and reports it', async () => {
    expect(await migrate({}, task('api'))).toEqual({ success: false });
    expect(printed.err).toContain('PREREQUISITE_NOT_APPLIED');

    const options = { withDependencies: true, reportFolder: 'reports' };
    expect(await migrate(options, task('api'))).toEqual({ success: true });
    expect(printed.out).toMatch(/needed by api[^]*people[^]*teams/);
    expect(report('api')).toMatchObject([
      { project: 'users', status: 'done' },
      { project: 'api', status: 'done' },
    ]);
  });

  it('goes through all tenants of the environment', async () => {
    const options = { canary: 'umbrella', reportFolder: 'reports' };
    expect(await migrate(options, task('shop'))).toEqual({ success: true });
    expect(printed.out).toContain('2 tenants in ');
    expect(report('shop')).toMatchObject([{ tenant: 'acme' }, { tenant: 'umbrella' }]);
    expect(await status({ check: true }, task('shop', 'status'))).toEqual({ success: true });
    expect(printed.out).toContain('2 tenants: 2 up to date');
  });

  it('refuses options about tenants where there are none, and a rollback of all of them', async () => {
    expect(await migrate({ concurrency: 2 }, task('users'))).toEqual({ success: false });
    expect(await rollback({ last: 1 }, task('shop', 'rollback'))).toEqual({ success: false });
    expect(printed.err.match(/INVALID_ARGUMENT/g)).toHaveLength(2);
  });
});
