import { readNxJson, type Tree } from '@nx/devkit';
import { createTreeWithEmptyWorkspace } from '@nx/devkit/testing';
import { addDevkit, hasDevkit, initAgain } from './devkit';
import init from './factory';

jest.mock('./devkit');

describe('the factory of init', () => {
  let tree: Tree;
  beforeEach(() => (tree = createTreeWithEmptyWorkspace()));
  afterEach(() => jest.clearAllMocks());

  it('sets the workspace up where @nx/devkit is there', async () => {
    jest.mocked(hasDevkit).mockReturnValue(true);
    await init(tree, { skipFormat: true });

    expect(readNxJson(tree)?.plugins).toEqual(['@flashfusion/db']);
    expect(addDevkit).not.toHaveBeenCalled();
  });

  it('changes nothing where it is missing, so that a dry run does nothing', async () => {
    jest.mocked(hasDevkit).mockReturnValue(false);
    const before = tree.listChanges();
    await init(tree, {});

    expect(tree.listChanges()).toEqual(before);
    expect(addDevkit).not.toHaveBeenCalled();
    expect(initAgain).not.toHaveBeenCalled();
  });

  it('adds it afterwards and only then runs again', async () => {
    jest.mocked(hasDevkit).mockReturnValue(false);
    const finish = await init(tree, { skipFormat: true });
    await finish();

    expect(addDevkit).toHaveBeenCalledWith(tree.root);
    expect(initAgain).toHaveBeenCalledWith(tree.root, { skipFormat: true });
    expect(jest.mocked(addDevkit).mock.invocationCallOrder[0]).toBeLessThan(
      jest.mocked(initAgain).mock.invocationCallOrder[0] ?? 0,
    );
  });
});
