import { readJson, readNxJson, updateJson, type Tree } from '@nx/devkit';
import { createTreeWithEmptyWorkspace } from '@nx/devkit/testing';
import { initGenerator } from './generator';

describe('init', () => {
  let tree: Tree;
  beforeEach(() => (tree = createTreeWithEmptyWorkspace()));

  const init = (options = {}) => initGenerator(tree, { skipFormat: true, ...options });
  const plugins = () => readNxJson(tree)?.plugins;
  const packages = () => readJson(tree, 'package.json').devDependencies as Record<string, string>;

  it('registers the plugin, adds the packages, keeps local data out of git', async () => {
    await init();
    expect(plugins()).toEqual(['@flashfusion/db']);
    expect(Object.keys(packages())).toEqual(['@flashfusion/db', '@flashfusion/migrator']);
    expect(tree.read('.gitignore', 'utf-8')).toBe('.data\ndist/.migrations\n');
  });

  it('changes nothing the second time', async () => {
    await init();
    const before = tree.listChanges().map(({ path, content }) => [path, String(content)]);
    await init();
    expect(tree.listChanges().map(({ path, content }) => [path, String(content)])).toEqual(before);
  });

  it('leaves a registration with options as it is', async () => {
    const entry = { plugin: '@flashfusion/db', options: { migrateTargetName: 'db-migrate' } };
    updateJson(tree, 'nx.json', (json) => ({ ...json, plugins: [entry] }));
    await init();
    expect(plugins()).toEqual([entry]);
  });

  it('registers it for all where it was registered for some', async () => {
    const entry = { plugin: '@flashfusion/db', include: ['apps/**'] };
    updateJson(tree, 'nx.json', (json) => ({ ...json, plugins: [entry] }));
    await init();
    expect(plugins()).toEqual([entry, '@flashfusion/db']);
  });

  it('honours useInferencePlugins, NX_ADD_PLUGINS and --no-addPlugin', async () => {
    await init({ addPlugin: false });
    updateJson(tree, 'nx.json', (json) => ({ ...json, useInferencePlugins: false }));
    await init();
    updateJson(tree, 'nx.json', (json) => ({ ...json, useInferencePlugins: true }));
    process.env['NX_ADD_PLUGINS'] = 'false';
    try {
      await init();
    } finally {
      delete process.env['NX_ADD_PLUGINS'];
    }
    expect(plugins()).toBeUndefined();
  });

  it('honours skipPackageJson and keeps the versions that are there', async () => {
    await init({ skipPackageJson: true });
    expect(readJson(tree, 'package.json').devDependencies).toEqual({});
    updateJson(tree, 'package.json', (json) => ({
      ...json,
      dependencies: { '@flashfusion/migrator': '0.0.1' },
      devDependencies: { '@flashfusion/db': 'file:../db.tgz' },
    }));
    await init();
    expect(readJson(tree, 'package.json')).toMatchObject({
      dependencies: { '@flashfusion/migrator': '0.0.1' },
      devDependencies: { '@flashfusion/db': 'file:../db.tgz' },
    });
    expect(packages()).not.toHaveProperty('@flashfusion/migrator');
  });

  it('adds to a .gitignore without repeating it', async () => {
    tree.write('.gitignore', 'node_modules\n/dist/\n.data/');
    await init();
    expect(tree.read('.gitignore', 'utf-8')).toBe('node_modules\n/dist/\n.data/');
  });
});
