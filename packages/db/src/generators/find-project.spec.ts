import { addProjectConfiguration, type Tree } from '@nx/devkit';
import { createTreeWithEmptyWorkspace } from '@nx/devkit/testing';
import { configurationGenerator } from './configuration/generator';
import { findProject } from './find-project';

describe('the project that a generator is given', () => {
  let tree: Tree;
  beforeEach(() => {
    tree = createTreeWithEmptyWorkspace();
    tree.delete('.oxfmtrc.json');
    for (const name of ['@acme/api', '@acme/web', '@shop/web', 'users', '@acme/users']) {
      addProjectConfiguration(tree, name, { root: `libs/${name.replace('@', '')}` });
    }
  });

  it.each([
    ['@acme/api', '@acme/api'],
    ['api', '@acme/api'],
    ['users', 'users'],
  ])('walk: may be %s for %s', (given, name) => {
    expect(findProject(tree, given)).toMatchObject({
      name,
      configuration: { root: `libs/${name.replace('@', '')}` },
    });
  });

  it('walk: has to be written in full if two projects have the short name', () => {
    expect(() => findProject(tree, 'web')).toThrow(
      '2 projects have the short name web. Pass one of: --project=@acme/web, --project=@shop/web.',
    );
  });

  it('walk: is refused with the nearest names if there is none', () => {
    expect(() => findProject(tree, '@acme/apo')).toThrow(
      "There is no project '@acme/apo' in this workspace. Did you mean “@acme/api”?",
    );
  });

  it('walk: may be a short name for a configuration', async () => {
    await configurationGenerator(tree, { project: 'api', skipFormat: true });
    expect(tree.exists('libs/acme/api/db.config.ts')).toBe(true);
  });
});
