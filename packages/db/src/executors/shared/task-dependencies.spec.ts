import { MigratorError } from '@flashfusion/migrator';
import type { ExecutorContext } from '@nx/devkit';
import { readRequest, REQUEST_VARIABLE } from '../../request';
import { isAwaited } from './chosen-database';
import { isInitiator } from './environment';
import { explainLostOrder } from './lost-order';
import { plannedTasks } from './planned-tasks';
import { awaitedTasks, tasksBefore } from './task-dependencies';

const TASKS = ['api:migrate', 'users:migrate', 'users:prepare', 'keys:migrate'];
/** `api` waits for `users`, and through a task without a report for `keys`. */
const BEFORE: Readonly<Record<string, readonly string[]>> = {
  'api:migrate': ['users:migrate', 'users:prepare'],
  'users:prepare': ['keys:migrate'],
};

const forms: readonly (readonly [string, (id: string) => unknown])[] = [
  ['up to Nx 23', (id: string) => id],
  ['from Nx 24 on', (id: string) => ({ id, ordering: 'success' })],
];

describe.each(forms)('the tasks before a task, as they are written %s', (_, edge) => {
  const taskGraph = {
    roots: ['users:migrate', 'keys:migrate'],
    tasks: Object.fromEntries(
      TASKS.map((id) => {
        const [project, target] = id.split(':');
        return [id, { id, target: { project, target }, overrides: {}, outputs: [] }];
      }),
    ),
    dependencies: Object.fromEntries(
      TASKS.map((id) => [id, (BEFORE[id] ?? []).map((before) => edge(before))]),
    ),
    continuousDependencies: {},
  } as unknown as NonNullable<ExecutorContext['taskGraph']>;
  const migrate = { executor: '@flashfusion/db:migrate', options: { reportFolder: 'reports' } };
  const projects = Object.fromEntries(
    ['api', 'users', 'keys'].map((name) => [
      name,
      { root: `packages/${name}`, targets: { migrate, prepare: {} } },
    ]),
  );
  const task = (projectName: string) => ({
    root: '/workspace',
    cwd: '/workspace',
    projectName,
    targetName: 'migrate',
    target: migrate,
    taskGraph,
    projectsConfigurations: { version: 2, projects },
    nxJsonConfiguration: {},
  });

  it('D1: are named by their ids', () => {
    expect(tasksBefore('api:migrate', taskGraph)).toEqual(['users:migrate', 'users:prepare']);
    expect(tasksBefore('unknown', taskGraph)).toEqual([]);
    expect([...awaitedTasks(taskGraph)].sort()).toEqual([
      'keys:migrate',
      'users:migrate',
      'users:prepare',
    ]);
  });

  it('G6: tell a task that got its options passed on from the one that was typed', () => {
    expect([isAwaited(task('users')), isAwaited(task('api'))]).toEqual([true, false]);
    const request = JSON.stringify(readRequest(['node', 'nx', 'run', 'api:migrate'], '/workspace'));
    const env = { [REQUEST_VARIABLE]: request };
    expect([isInitiator(task('users'), env), isInitiator(task('api'), env)]).toEqual([false, true]);
  });

  it('G8: are in the plan, through tasks without a report', () => {
    const [api] = plannedTasks(task('api'), 'reports');
    expect(api).toMatchObject({ id: 'api:migrate', after: ['users:migrate', 'keys:migrate'] });
  });

  it('do not count as lost', () => {
    const message = 'api:20250101000000 depends on keys:20250101000000, which is not applied.';
    const error = new MigratorError('PREREQUISITE_NOT_APPLIED', message);
    expect(explainLostOrder(error, task('api'))).toBe(error);
    expect(explainLostOrder(error, task('users'))).not.toBe(error);
  });
});
