import {
  addProjectConfiguration,
  readNxJson,
  readProjectConfiguration,
  type Tree,
} from '@nx/devkit';
import { createTreeWithEmptyWorkspace } from '@nx/devkit/testing';
import { createDatabaseNodes } from '../../graph/create-nodes';
import { createWorkspace } from '../../testing/workspace';
import { configurationGenerator } from './generator';

describe('configuration', () => {
  let tree: Tree;
  beforeEach(() => {
    tree = createTreeWithEmptyWorkspace();
    addProjectConfiguration(tree, 'api', {
      root: 'apps/api',
      targets: { build: { command: 'x' } },
    });
  });

  const configure = (options = {}) =>
    configurationGenerator(tree, { project: 'api', skipFormat: true, ...options });
  const text = (path: string) => tree.read(path, 'utf-8') ?? '';

  it('writes a configuration, a migrations folder and a hint at the variables', async () => {
    await configure();
    expect(text('apps/api/db.config.ts')).toContain(
      "development: { url: 'pglite:.data/development' }",
    );
    expect(tree.exists('apps/api/migrations/.gitkeep')).toBe(true);
    expect(text('apps/api/.env.example')).toContain('PRODUCTION_DATABASE_URL=');
    expect(readNxJson(tree)?.plugins).toEqual(['@flashfusion/db']);
    expect(Object.keys(readProjectConfiguration(tree, 'api').targets ?? {})).toEqual(['build']);
  });

  it('leaves what is there as it is', async () => {
    tree.write('apps/api/db.config.json', '{}');
    tree.write('apps/api/.env.example', 'MINE=1\n');
    await configure();
    expect(tree.exists('apps/api/db.config.ts')).toBe(false);
    tree.delete('apps/api/db.config.json');
    await configure();
    expect(text('apps/api/.env.example')).toBe('MINE=1\n');
  });

  it('refuses an unknown project', async () => {
    await expect(configure({ project: 'nobody' })).rejects.toThrow("'nobody'");
  });

  it.each([
    ['--explicit', { explicit: true }],
    ['no plugin', { addPlugin: false }],
  ])('with %s writes the targets that the plugin would infer', async (_case, options) => {
    await configure(options);
    const { targets } = readProjectConfiguration(tree, 'api');
    const workspace = createWorkspace({ 'apps/api/db.config.ts': text('apps/api/db.config.ts') });
    const context = { workspaceRoot: workspace.root, nxJsonConfiguration: {} };
    const [inferred] = await createDatabaseNodes(['apps/api/db.config.ts'], undefined, context);
    workspace.dispose();
    expect(targets).toEqual({
      build: { command: 'x' },
      ...inferred?.[1].projects?.['apps/api']?.targets,
    });
  });
});
