import {
  readNxJson,
  readProjectConfiguration,
  updateJson,
  updateProjectConfiguration,
  type Tree,
} from '@nx/devkit';
import { createWorkspace, type TestWorkspace } from '../../testing/workspace';
import { configurationGenerator } from '../configuration/generator';
import { convertToInferredGenerator } from './generator';

describe('convert-to-inferred', () => {
  let workspace: TestWorkspace;
  let tree: Tree;
  beforeEach(async () => {
    workspace = createWorkspace({
      'apps/api/project.json': '{"name":"api","targets":{"build":{"command":"x"}}}',
      'apps/api/db.config.json': '{"environments":{"development":{},"staging":{}}}',
    });
    tree = workspace.tree();
    tree.write(
      'apps/api/project.json',
      '{"name":"api","root":"apps/api","targets":{"build":{"command":"x"}}}',
    );
    tree.write('apps/api/db.config.json', '{"environments":{"development":{},"staging":{}}}');
    const options = { project: 'api', explicit: true, addPlugin: false, skipFormat: true };
    await configurationGenerator(tree, options);
  });
  afterEach(() => workspace.dispose());

  const convert = () => convertToInferredGenerator(tree, { skipFormat: true });
  const targets = () => readProjectConfiguration(tree, 'api').targets ?? {};
  function change(target: string, more: object) {
    const project = readProjectConfiguration(tree, 'api');
    const changed = { ...project.targets, [target]: { ...project.targets?.[target], ...more } };
    updateProjectConfiguration(tree, 'api', { ...project, targets: changed });
  }

  it('takes out what is inferred, and registers the plugin', async () => {
    expect(Object.keys(targets())).toEqual([
      'build',
      'migrate',
      'status',
      'rollback',
      'baseline',
      'repair',
    ]);
    await convert();
    expect(targets()).toEqual({ build: { command: 'x' } });
    expect(readNxJson(tree)?.plugins).toEqual(['@flashfusion/db']);
  });

  it.each([
    ['nothing else', {}],
    ['a target of its own', { build: { command: 'x' } }],
  ])('takes them out of a package.json with %s', async (_, own) => {
    const manifest = { name: '@acme/web', nx: { name: 'web', targets: own } };
    workspace.write({ 'apps/web/db.config.json': '{}' });
    tree.write('apps/web/db.config.json', '{}');
    tree.write('apps/web/package.json', JSON.stringify(manifest));
    updateJson(tree, 'package.json', (json) => ({ ...json, workspaces: ['apps/*'] }));
    await configurationGenerator(tree, { project: 'web', explicit: true, skipFormat: true });
    expect(readProjectConfiguration(tree, 'web').targets).toHaveProperty('migrate');

    await convert();

    expect(readProjectConfiguration(tree, 'web').targets ?? {}).toEqual(own);
  });

  it('keeps what the project says differently', async () => {
    change('migrate', {
      options: { reportFolder: 'dist/.migrations', lockWait: '5m' },
      configurations: { staging: { environment: 'staging', singleTransaction: true } },
      dependsOn: ['build'],
    });
    await convert();
    expect(targets()['migrate']).toEqual({
      dependsOn: ['build'],
      options: { lockWait: '5m' },
      configurations: { staging: { environment: 'staging', singleTransaction: true } },
    });
  });

  it('takes over another name where projects agree on it', async () => {
    const project = readProjectConfiguration(tree, 'api');
    const { migrate, ...others } = project.targets ?? {};
    updateProjectConfiguration(tree, 'api', {
      ...project,
      targets: { ...others, ...(migrate && { 'db-migrate': { ...migrate, dependsOn: [] } }) },
    });
    await convert();
    expect(readNxJson(tree)?.plugins).toEqual([
      { plugin: '@flashfusion/db', options: { migrateTargetName: 'db-migrate' } },
    ]);
    expect(targets()).toEqual({ build: { command: 'x' }, 'db-migrate': { dependsOn: [] } });
  });

  it('changes nothing the second time', async () => {
    await convert();
    const before = tree.listChanges().map(({ path, content }) => [path, String(content)]);
    await convert();
    expect(tree.listChanges().map(({ path, content }) => [path, String(content)])).toEqual(before);
  });
});
