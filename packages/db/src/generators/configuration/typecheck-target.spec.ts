import {
  addProjectConfiguration,
  readProjectConfiguration,
  updateNxJson,
  type TargetConfiguration,
  type Tree,
} from '@nx/devkit';
import { createTreeWithEmptyWorkspace } from '@nx/devkit/testing';
import { configurationGenerator } from './generator';

describe('the target typecheck of a project with migrations', () => {
  let tree: Tree;
  beforeEach(() => {
    tree = createTreeWithEmptyWorkspace();
    tree.delete('.oxfmtrc.json');
  });

  /** The `typecheck` targets after the generator ran on a project that had `targets`. */
  async function configured(targets: Record<string, TargetConfiguration> = {}) {
    addProjectConfiguration(tree, 'api', { root: 'libs/api', targets });
    const references = [{ path: './tsconfig.lib.json' }];
    tree.write('libs/api/tsconfig.json', JSON.stringify({ files: [], include: [], references }));
    await configurationGenerator(tree, { project: 'api', skipFormat: true });
    const first = readProjectConfiguration(tree, 'api').targets;
    await configurationGenerator(tree, { project: 'api', skipFormat: true });
    expect(readProjectConfiguration(tree, 'api').targets).toEqual(first);
    return first;
  }

  const checksMigrations = {
    executor: 'nx:run-commands',
    cache: true,
    outputs: ['{workspaceRoot}/dist/out-tsc/migrations/libs/api'],
    options: { command: 'tsc --build tsconfig.migrations.json', cwd: '{projectRoot}' },
  };

  it('C16: is added if the project has none, as in the apps preset', async () => {
    expect(await configured()).toEqual({ typecheck: checksMigrations });
  });

  it('C16: is left to the TypeScript plugin, which follows the reference', async () => {
    updateNxJson(tree, { plugins: [{ plugin: '@nx/js/typescript' }] });
    expect(await configured()).toEqual({});
  });

  it.each(['tsc --build tsconfig.json --emitDeclarationOnly', 'npx tsc -b', 'vue-tsc --build'])(
    'C16: is left alone if it runs `%s`',
    async (command) => {
      const typecheck = { executor: 'nx:run-commands', options: { command } };
      expect(await configured({ typecheck })).toEqual({ typecheck });
    },
  );

  it.each(['tsc --noEmit -p tsconfig.app.json', 'tsc -b tsconfig.lib.json', 'echo --build'])(
    'C16: runs the check of migrations first if it runs `%s`',
    async (command) => {
      const typecheck = { command, dependsOn: ['^typecheck'] };
      expect(await configured({ typecheck })).toEqual({
        typecheck: { command, dependsOn: ['^typecheck', 'typecheck-migrations'] },
        'typecheck-migrations': checksMigrations,
      });
    },
  );
});
