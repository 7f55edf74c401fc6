import type { GeneratorCallback, Tree } from '@nx/devkit';
import { addDevkit, hasDevkit, initAgain } from './devkit';
import type { InitGeneratorSchema } from './schema';

/**
 * What `nx add` runs. In a workspace without @nx/devkit it changes nothing itself: it has Nx add that package, and then
 * runs once more, with it.
 */
export default async function init(
  tree: Tree,
  options: InitGeneratorSchema,
): Promise<GeneratorCallback> {
  if (hasDevkit()) {
    const { initGenerator } = await import('./generator.js');
    return initGenerator(tree, options);
  }
  // In the callback, which a dry run leaves out.
  return () => {
    addDevkit(tree.root);
    initAgain(tree.root, options);
  };
}
