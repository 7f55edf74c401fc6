import type { CreateNodesContext, CreateNodesResult } from '@nx/devkit';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FactsCache, type Look } from './facts-cache';
import { justRead } from './just-read';
import { normalizeOptions, type DbPluginOptions } from './options';
import { readFacts } from './read-facts';
import { inferTargets } from './targets';
import { warn } from './warn';

/**
 * A first computation trusts a quick look, since a command that comes and goes should be quick. From the second one on this
 * is a process that stays, Nx's daemon, while somebody edits files: there the look is thorough, and nobody waits for it. What
 * the quick one can miss, an older migration edited in place while no daemon ran, createDependencies is told of: the edge is
 * right at once, and the explicit `dependsOn` with the next command. `migrate` checks its prerequisites in any case.
 */
let look: Look = 'quick';

/**
 * Gives each project with a `db.config.*` its targets. Never throws: a broken configuration leaves its project with
 * targets but without configurations, so that running one of them tells what is broken.
 *
 * @param configFiles relative to the workspace
 */
export async function createDatabaseNodes(
  configFiles: readonly string[],
  pluginOptions: DbPluginOptions | undefined,
  { workspaceRoot }: CreateNodesContext,
): Promise<(readonly [string, CreateNodesResult])[]> {
  const options = normalizeOptions(pluginOptions);
  const cache = new FactsCache(workspaceRoot);
  const results: (readonly [string, CreateNodesResult])[] = [];
  for (const file of configFiles) {
    const root = dirname(file);
    if (!isProject(join(workspaceRoot, root))) {
      warn(file, 'The folder is no project: it has neither project.json nor package.json.');
      results.push([file, {}]);
      continue;
    }
    try {
      const configPath = join(workspaceRoot, file);
      let facts = cache.get(configPath, look);
      if (facts === undefined) {
        const read = await readFacts(configPath, workspaceRoot);
        justRead.set(configPath, read);
        facts = read.facts;
      }
      results.push([
        file,
        { projects: { [root]: { root, ...inferTargets(root, facts, options) } } },
      ]);
    } catch (error) {
      warn(file, error);
      results.push([file, {}]);
    }
  }
  look = 'thorough';
  return results;
}

/** A node without a name, which only these files give, would break every command of Nx. */
function isProject(folder: string): boolean {
  return ['project.json', 'package.json'].some((name) => existsSync(join(folder, name)));
}
