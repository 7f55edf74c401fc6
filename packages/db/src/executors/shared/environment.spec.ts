import { readRequest, REQUEST_VARIABLE } from '../../request';
import { chooseEnvironment, isInitiator, type EnvironmentContext } from './environment';

const configurations = {
  development: { environment: 'development' },
  staging: { environment: 'staging' },
  ci: { verbose: true },
};
const target = { configurations };
const targets = { migrate: target, 'db:migrate': target, deploy: {} };
const projects = {
  '@acme/api': { root: 'packages/api', targets },
  users: { root: 'packages/users', targets },
  ':libs:keys': { root: 'libs/keys', targets },
};

interface Circumstances {
  readonly project?: string;
  readonly target?: EnvironmentContext['target'];
  /** Folder that the command was typed in, below the workspace. */
  readonly folder?: string;
  readonly nxJson?: object;
}

function task(configurationName?: string, more: Circumstances = {}): EnvironmentContext {
  return {
    root: '/workspace',
    cwd: `/workspace/${more.folder ?? ''}`,
    projectName: more.project ?? '@acme/api',
    targetName: 'migrate',
    configurationName,
    target: more.target ?? target,
    projectsConfigurations: { version: 2, projects },
    nxJsonConfiguration: more.nxJson ?? {},
  };
}

/** The variables of a task that Nx started for a command line. */
const typed = (line: string) => ({
  NX_TASK_TARGET_PROJECT: '@acme/api',
  [REQUEST_VARIABLE]: JSON.stringify(readRequest(['node', 'nx', ...line.split(' ')], '/workspace')),
});

const refused = (message = '') =>
  expect.objectContaining({
    code: 'UNKNOWN_ENVIRONMENT',
    message: expect.stringContaining(message),
  });

describe('chooseEnvironment', () => {
  it('takes the environment of the configuration', () => {
    expect(chooseEnvironment('staging', task('staging'), {})).toBe('staging');
    expect(chooseEnvironment(undefined, task('staging'), {})).toBe('staging');
    const env = typed('run api:migrate:staging');
    expect(chooseEnvironment(undefined, task('staging'), env)).toBe('staging');
  });

  it.each([
    'run api:migrate',
    'run @acme/api:migrate',
    'run packages/api:migrate',
    'run @acme/api:db:migrate',
    'run :libs:keys:db:migrate',
    'run migrate -p api',
    'run --target=migrate --project=api',
    'run --output-style stream api:migrate',
    '--output-style stream run api:migrate',
    'run --verbose api:migrate --to users:20250910090000',
    'run users:migrate --to users:20250910090000',
    'run api:deploy',
    'db:migrate api',
    'migrate api',
    'run-many -t migrate -p tag:migrate:db',
    'affected -t migrate --parallel=3',
    '--verbose run-many -t migrate',
    't api',
    'run api:migrate -- --to users:20250910090000',
  ])('D1: leaves the environment to NODE_ENV when "nx %s" names none', (line) => {
    expect(chooseEnvironment(undefined, task(), typed(line))).toBeUndefined();
  });

  it.each([
    ['run api:migrate:stagin', 'stagin'],
    ['run @acme/api:migrate:stagin', 'stagin'],
    ['run packages/api:migrate:stagin', 'stagin'],
    ['run *api*:migrate:stagin', 'stagin'],
    ['run tag:db:migrate:stagin', 'stagin'],
    ['run api:"migrate":stagin', 'stagin'],
    ['run @acme/api:db:migrate:stagin', 'stagin'],
    ['run :libs:keys:migrate:stagin', 'stagin'],
    ['run :libs:keys:db:migrate:stagin', 'stagin'],
    ['run api:migrate:', ''],
    ['run @acme/api:migrate:', ''],
    ['run api:migrate:sta:gin', 'sta:gin'],
    ['run @acme/api:migrate:staging:x', 'staging:x'],
    ['run --verbose api:migrate:stagin', 'stagin'],
    ['--output-style stream run api:migrate:stagin', 'stagin'],
    ['run --to api:20250910090000 api:migrate:stagin', 'stagin'],
    ['run api:migrate:stagin --name=x', 'stagin'],
    ['run api:migrate:stagin -- --name=x', 'stagin'],
    ['run-one api:migrate:stagin', 'stagin'],
    ['run --target=migrate:stagin -p api', ''],
    ['api:migrate:stagin', 'stagin'],
    ['run api:deploy:stagin', 'stagin'],
    ['run api:migrate -c stagin', 'stagin'],
    ['-c stagin run api:migrate', 'stagin'],
    ['run -c=stagin api:migrate', 'stagin'],
    ['migrate api --configuration stagin', 'stagin'],
    ['run-many -t migrate -c stagin', 'stagin'],
    ['affected -t migrate --configuration=stagin', 'stagin'],
    ['run-many -t migrate --prod', 'production'],
    ['run-many -t migrate -c', ''],
    ['run-many -t migrate --configuration=', ''],
    ['run-many -t migrate -cstaging', '-cstaging'],
    ['run-many -t migrate --configurations=staging', '--configurations'],
    ['run api:deploy --env staging', 'staging'],
    ['run api:deploy --environment=staging', 'staging'],
    ['run api:deploy --staging', 'staging'],
  ])('D1: refuses when Nx dropped what "nx %s" names', (line, name) => {
    const choose = () => chooseEnvironment(undefined, task(), typed(line));
    expect(choose).toThrow(refused(name));
  });

  it('D1: reads a word without a project as Nx does in the current folder', () => {
    const here = { folder: 'packages/api/src' };
    const env = typed('run migrate:stagin');
    expect(() => chooseEnvironment(undefined, task(undefined, here), env)).toThrow(
      refused('"stagin"'),
    );
    const plain = typed('run db:migrate');
    expect(chooseEnvironment(undefined, task(undefined, here), plain)).toBeUndefined();
  });

  it('D1: reads a word without a project with the default project of nx.json', () => {
    const nxJson = { defaultProject: '@acme/api' };
    const env = typed('run migrate:stagin');
    expect(() => chooseEnvironment(undefined, task(undefined, { nxJson }), env)).toThrow(
      refused('"stagin"'),
    );
  });

  it('D1: refuses when no word of the command names a target', () => {
    expect(() => chooseEnvironment(undefined, task(), typed('release publish'))).toThrow(
      refused('does not show'),
    );
    expect(() => chooseEnvironment(undefined, task(), typed('frobnicate api/migrate/x'))).toThrow(
      refused('does not show'),
    );
  });

  it('D1: refuses when Nx started the task and the hook did not run', () => {
    for (const env of [{ NX_TASK_TARGET_PROJECT: '@acme/api' }, { NX_AGENT_NAME: '3' }]) {
      expect(() => chooseEnvironment(undefined, task(), env)).toThrow(
        expect.objectContaining({
          code: 'UNKNOWN_ENVIRONMENT',
          where: '@acme/api:migrate',
          hint: expect.stringContaining('--environment'),
        }),
      );
      expect(chooseEnvironment('staging', task(), env)).toBe('staging');
      expect(chooseEnvironment(undefined, task('staging'), env)).toBe('staging');
    }
  });

  it('D1: refuses when the hook ran for another workspace only', () => {
    const other = JSON.stringify(readRequest(['node', 'nx', 'run', 'api:migrate'], '/outer'));
    const env = { NX_TASK_TARGET_PROJECT: '@acme/api', [REQUEST_VARIABLE]: other };
    expect(() => chooseEnvironment(undefined, task(), env)).toThrow(refused());
  });

  it('D1: does not take a default configuration for one that was typed', () => {
    const withDefault = { target: { ...target, defaultConfiguration: 'development' } };
    const choose = (env: NodeJS.ProcessEnv) =>
      chooseEnvironment('development', task('development', withDefault), env);
    expect(choose(typed('run api:migrate'))).toBe('development');
    expect(choose(typed('run api:migrate:development'))).toBe('development');
    expect(() => choose(typed('run-many -t migrate -c stagin'))).toThrow(refused('"stagin"'));
    expect(() => choose({ NX_AGENT_NAME: '3' })).toThrow(refused());
  });

  it('D1: refuses two configurations', () => {
    const lines = ['run api:migrate:stagin -c staging', 'run-many -t migrate -c stagin -c staging'];
    for (const line of lines) {
      expect(() => chooseEnvironment(undefined, task('staging'), typed(line))).toThrow(
        refused('2 configurations'),
      );
    }
    const twice = typed('run api:migrate:staging -c staging');
    expect(chooseEnvironment(undefined, task('staging'), twice)).toBe('staging');
  });

  it('leaves the environment open when a program calls the executor', () => {
    expect(chooseEnvironment(undefined, task(), {})).toBeUndefined();
  });

  it('takes --environment', () => {
    const env = typed('run api:migrate --environment=staging');
    expect(chooseEnvironment('staging', task(), env)).toBe('staging');
  });

  it('refuses a configuration that names no environment', () => {
    expect(() => chooseEnvironment(undefined, task('ci'), {})).toThrow(refused('"ci"'));
  });

  it('refuses an --environment that contradicts the configuration', () => {
    expect(() => chooseEnvironment('development', task('staging'), {})).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });
});

describe('isInitiator', () => {
  const graph = (dependencies: Readonly<Record<string, string[]>>) => {
    const tasks = Object.keys(dependencies).map((id) => {
      const [project = '', name = ''] = id.split('|');
      return [id, { id, target: { project, target: name }, overrides: {}, outputs: [] }] as const;
    });
    return { roots: [], tasks: Object.fromEntries(tasks), dependencies } as unknown as NonNullable<
      EnvironmentContext['taskGraph']
    >;
  };

  it('D1: is true for the project of the one target that was typed, by whatever name', () => {
    const taskGraph = graph({
      '@acme/api|migrate': ['@acme/api|migrate--eu', 'users|migrate'],
      '@acme/api|migrate--eu': [],
      'users|migrate': [],
    });
    for (const line of ['run api:migrate', 'run @acme/api:migrate', 'migrate api']) {
      expect(isInitiator({ ...task(), taskGraph }, typed(line))).toBe(true);
      const other = { ...task(undefined, { project: 'users' }), taskGraph };
      expect(isInitiator(other, typed(line))).toBe(false);
    }
  });

  it('is true for every project of a command for many targets', () => {
    expect(isInitiator(task(), typed('run-many -t migrate'))).toBe(true);
    expect(isInitiator(task(), {})).toBe(true);
  });

  it('goes by the name that was typed when there is no task graph', () => {
    expect(isInitiator(task(), typed('run @acme/api:migrate'))).toBe(true);
    expect(isInitiator(task(), typed('run users:migrate'))).toBe(false);
  });
});
