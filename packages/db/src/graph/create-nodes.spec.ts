import type { CreateNodesResult, TargetConfiguration } from '@nx/devkit';
import { createWorkspace, dependenciesContext, type TestWorkspace } from '../testing/workspace';
import { createMigrationDependencies } from './create-dependencies';
import { createDatabaseNodes } from './create-nodes';
import type { DbPluginOptions } from './options';

const CONFIG = `
import { defineConfig } from '@flashfusion/migrator';
export default defineConfig({ environments: { development: { url: 'pglite:memory:' }, production: { url: { env: 'X' } } } });
`;
const TARGETS = ['migrate', 'status', 'rollback', 'baseline', 'repair'];
const requiring = (...ids: string[]) => `export default { dependencies: ${JSON.stringify(ids)} };`;

describe('createDatabaseNodes', () => {
  let workspace: TestWorkspace;
  beforeEach(() => (workspace = createWorkspace({ 'apps/api/db.config.ts': CONFIG })));
  afterEach(() => workspace.dispose());

  async function infer(
    file = 'apps/api/db.config.ts',
    options?: DbPluginOptions,
  ): Promise<CreateNodesResult> {
    const context = { workspaceRoot: workspace.root, nxJsonConfiguration: {} };
    const [result] = await createDatabaseNodes([file], options, context);
    return result?.[1] ?? {};
  }
  async function targets(file?: string, options?: DbPluginOptions) {
    const projects = Object.values((await infer(file, options)).projects ?? {});
    return projects[0]?.targets as Record<string, TargetConfiguration>;
  }
  const required = async () =>
    (await targets())['migrate']?.dependsOn?.flatMap((entry) =>
      typeof entry === 'object' ? (entry.projects ?? []) : [],
    );

  it('leaves a folder alone that is no project, which Nx would have no name for', async () => {
    workspace.remove('apps/api/project.json');
    expect(await infer()).toEqual({});
  });

  /** What Nx does next: createDependencies writes down what createNodes has read. */
  const remember = () => createMigrationDependencies(dependenciesContext(workspace, {}, []));

  it('C18: infers the five targets with every environment as a configuration', async () => {
    const inferred = await targets();
    expect(Object.keys(inferred)).toEqual(TARGETS);
    for (const target of Object.values(inferred)) {
      expect(target.cache).toBe(false);
      expect(target.defaultConfiguration).toBeUndefined();
      expect(target.configurations).toEqual({
        development: { environment: 'development' },
        production: { environment: 'production' },
      });
    }
  });

  it('gives migrate narrow inputs, its report as output, and the migrations before it', async () => {
    expect((await targets())['migrate']).toMatchObject({
      executor: '@flashfusion/db:migrate',
      inputs: ['{projectRoot}/migrations/**/*', '{projectRoot}/db.config.ts'],
      outputs: ['{workspaceRoot}/dist/.migrations/{projectName}'],
      dependsOn: [{ dependencies: true, target: 'migrate', params: 'forward' }],
      metadata: { technologies: ['postgres'], description: expect.any(String) },
    });
  });

  it('takes names, inputs and the report folder from the options', async () => {
    const inferred = await targets(undefined, {
      migrateTargetName: 'db-migrate',
      order: 'migrations',
      inputs: ['{workspaceRoot}/tools/sql/**'],
      reportFolder: 'tmp/reports',
    });
    expect(inferred['db-migrate']).toMatchObject({
      dependsOn: [],
      inputs: expect.arrayContaining(['{workspaceRoot}/tools/sql/**']),
      outputs: ['{workspaceRoot}/tmp/reports/{projectName}'],
      options: { reportFolder: 'tmp/reports' },
    });
  });

  it('has what the configuration imports and a folder outside the project among the inputs', async () => {
    workspace.write({
      'apps/api/db.config.ts': `import { environments } from '../../shared/environments';
        export default { migrations: '../../sql/api', environments };`,
      'shared/environments.ts': `export const environments = { eu: { url: 'pglite:memory:' } };`,
    });
    const { migrate } = await targets();
    expect(migrate?.inputs).toEqual([
      '{workspaceRoot}/sql/api/**/*',
      '{projectRoot}/db.config.ts',
      '{workspaceRoot}/shared/environments.ts',
    ]);
    expect(Object.keys(migrate?.configurations ?? {})).toEqual(['eu']);
    workspace.write({
      'shared/environments.ts': `export const environments = { eu: {}, apac: {} };`,
    });
    expect(Object.keys((await targets())['migrate']?.configurations ?? {})).toEqual(['eu', 'apac']);
  });

  it('has what migrations import from outside their folder among the inputs, however far', async () => {
    workspace.write({
      'apps/api/migrations/20250917102200_a.ts': `import { grant } from './helpers/grants';`,
      'apps/api/migrations/helpers/grants.ts': `export { grant } from '../../../../tools/sql/grant.js';`,
      'tools/sql/grant.ts': `import type { T } from './types'; import './quote';`,
      'tools/sql/types.ts': '',
      'tools/sql/quote.ts': '',
    });
    const inputs = async () => (await targets())['migrate']?.inputs;
    expect(await inputs()).toEqual([
      '{projectRoot}/migrations/**/*',
      '{projectRoot}/db.config.ts',
      '{workspaceRoot}/tools/sql/grant.ts',
      '{workspaceRoot}/tools/sql/quote.ts',
    ]);
    workspace.age();
    await remember();
    workspace.write({ 'tools/sql/grant.ts': 'export const grant = 1;' });
    expect(await inputs()).not.toContain('{workspaceRoot}/tools/sql/quote.ts');
  });

  it('notices a helper that was not there, an edit in place and one that keeps size and time', async () => {
    const first = 'apps/api/migrations/20250917102200_a.ts';
    workspace.write({
      [first]: `import '../../../tools/later'; ${requiring('a:20250910090000')}`,
      'apps/api/migrations/20250917102300_b.ts': '',
    });
    workspace.age();
    expect(await required()).toEqual(['a']);
    await remember();
    workspace.write({ [first]: `import '../../../tools/later'; ${requiring('b:20250910090000')}` });
    workspace.age();
    expect(await required()).toEqual(['b']);
    await remember();
    workspace.write({ 'tools/later.ts': '' });
    expect((await targets())['migrate']?.inputs).toContain('{workspaceRoot}/tools/later.ts');
  });

  it('gives each named database a target of its own, before migrate', async () => {
    workspace.write({
      'apps/api/db.config.json': JSON.stringify({
        environments: { development: {}, production: { databases: { eu: {}, us: {} } } },
      }),
    });
    const inferred = await targets('apps/api/db.config.json');
    expect(Object.keys(inferred)).toEqual([
      'migrate',
      'migrate--eu',
      'migrate--us',
      ...TARGETS.slice(1),
    ]);
    expect(inferred['migrate--eu']?.options).toMatchObject({
      database: 'eu',
      unknownDatabase: 'skip',
    });
    expect(inferred['migrate']?.dependsOn).toContainEqual({
      target: 'migrate--us',
      params: 'forward',
    });
  });

  it('puts the projects that migrations name before, and notices each kind of change', async () => {
    expect(await required()).toEqual([]);
    const first = 'apps/api/migrations/20250917102200_a.ts';
    workspace.write({ [first]: requiring('users:20250910090000', '20250915100000') });
    expect(await required()).toEqual(['users']);
    await remember();
    workspace.write({
      'apps/api/migrations/20250917102300_b.ts': requiring('billing:20250910090000'),
    });
    expect(await required()).toEqual(['billing', 'users']);
    workspace.write({
      'apps/api/migrations/20250917102300_b.ts': requiring('a:20250910090000', 'b:20250910090000'),
    });
    expect(await required()).toEqual(['a', 'b', 'users']);
    workspace.remove(first);
    expect(await required()).toEqual(['a', 'b']);
  });

  /** The targets of `reports` in a workspace with these projects, whose names in Nx have a scope. */
  async function targetsOfReports(
    configs: Readonly<Record<string, string>>,
    migrations: Readonly<Record<string, string>>,
  ) {
    const files = Object.entries(configs).flatMap(([name, config]) => [
      [`libs/${name}/db.config.json`, config],
      [`libs/${name}/package.json`, JSON.stringify({ name: `@acme/${name}` })],
    ]);
    workspace.write(Object.fromEntries(files) as Record<string, string>);
    workspace.write(migrations);
    const paths = Object.keys(configs).map((name) => `libs/${name}/db.config.json`);
    const context = { workspaceRoot: workspace.root, nxJsonConfiguration: {} };
    const nodes = await createDatabaseNodes(paths, undefined, context);
    const own = nodes.find(([file]) => file === 'libs/reports/db.config.json')?.[1];
    return Object.values(own?.projects ?? {})[0]?.targets as Record<string, TargetConfiguration>;
  }

  it('H1: has the migrations that its own depend on, in turn too, among the inputs of migrate', async () => {
    const inferred = await targetsOfReports(
      { reports: '{}', audit: '{ "migrations": "sql" }', base: '{}', other: '{}' },
      {
        'libs/reports/migrations/20250917102200_a.ts': requiring('@acme/audit:20250910090000'),
        'libs/audit/sql/20250910090000_a.ts': requiring('@acme/base:20250910080000'),
        'libs/base/migrations/20250910080000_a.ts': requiring('@acme/reports:20250101000000'),
      },
    );
    expect(inferred['migrate']?.inputs).toEqual([
      '{projectRoot}/migrations/**/*',
      '{projectRoot}/db.config.json',
      '{workspaceRoot}/libs/audit/sql/**/*',
      '{workspaceRoot}/libs/audit/db.config.json',
      '{workspaceRoot}/libs/base/migrations/**/*',
      '{workspaceRoot}/libs/base/db.config.json',
    ]);
    expect(inferred['status']?.inputs).toHaveLength(2);
  });

  it('G7: lets a database wait for the same database of other projects, where they have it', async () => {
    const databases =
      '{ "environments": { "production": { "databases": { "eu": {}, "us": {} } } } }';
    const inferred = await targetsOfReports(
      { reports: databases, audit: databases, base: '{}' },
      {
        'libs/reports/migrations/20250917102200_a.ts': requiring(
          '@acme/audit:20250910090000',
          '@acme/base:20250910090000',
        ),
      },
    );
    const params = 'forward';
    expect(inferred['migrate--eu']?.dependsOn).toEqual([
      { dependencies: true, target: 'migrate--eu', params },
      { projects: ['@acme/audit'], target: 'migrate--eu', params },
      { projects: ['@acme/base'], target: 'migrate', params },
    ]);
    expect(inferred['migrate']?.dependsOn).toEqual([
      { dependencies: true, target: 'migrate', params },
      { projects: ['@acme/audit', '@acme/base'], target: 'migrate', params },
      { target: 'migrate--eu', params },
      { target: 'migrate--us', params },
    ]);
  });

  it('works in the root of the workspace', async () => {
    workspace.write({ 'db.config.json': '{}' });
    expect((await targets('db.config.json'))['migrate']?.inputs).toEqual([
      '{projectRoot}/migrations/**/*',
      '{projectRoot}/db.config.json',
    ]);
  });

  it.each([
    ['syntax', 'export default {'],
    ['a throw', 'throw new Error("no");'],
    ['a wrong key', 'export default { enviroments: {} };'],
    ['no object', 'export default 7;'],
  ])(
    'keeps the targets, without configurations, over a configuration with %s',
    async (_case, source) => {
      workspace.write({ 'apps/api/db.config.ts': source });
      const inferred = await targets();
      expect(Object.keys(inferred)).toEqual(TARGETS);
      expect(inferred['migrate']?.configurations).toEqual({});
    },
  );

  it('does not fail on a file that is gone, a broken cache or a migration that cannot be read', async () => {
    workspace.age();
    await infer();
    await remember();
    workspace.write({ 'apps/api/migrations/20250917102200_a.ts/index.ts': '' });
    workspace.remove('.nx/workspace-data');
    workspace.write({ '.nx/workspace-data': 'in the way' });
    expect(Object.keys(await targets())).toHaveLength(TARGETS.length);
    expect(await infer('gone/db.config.ts')).toEqual({});
  });
});
