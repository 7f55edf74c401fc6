import type { CreateNodesContext, CreateNodesResult } from '@nx/devkit';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FactsCache } from './facts-cache';
import { justRead } from './just-read';
import { normalizeOptions, type DbPluginOptions } from './options';
import type { ProjectFacts } from './project-facts';
import { readFacts } from './read-facts';
import { inferTargets } from './targets';
import { warn } from './warn';

/**
 * Gives each project with a `db.config.*` its targets. Never throws: a broken configuration leaves its project with
 * targets but without configurations, so that running one of them tells what is broken.
 *
 * @param configFiles relative to the workspace
 */
export async function createDatabaseNodes(
  configFiles: readonly string[],
  pluginOptions: DbPluginOptions | undefined,
  context: CreateNodesContext,
): Promise<(readonly [string, CreateNodesResult])[]> {
  const options = normalizeOptions(pluginOptions);
  const cache = new FactsCache(context.workspaceRoot);
  const results = await Promise.all(
    configFiles.map(async (file): Promise<readonly [string, CreateNodesResult]> => {
      const root = dirname(file);
      if (!isProject(join(context.workspaceRoot, root))) {
        warn(file, 'The folder is no project: it has neither project.json nor package.json.');
        return [file, {}];
      }
      try {
        const facts = await factsOf(
          join(context.workspaceRoot, file),
          context.workspaceRoot,
          cache,
        );
        return [file, { projects: { [root]: { root, ...inferTargets(root, facts, options) } } }];
      } catch (error) {
        warn(file, error);
        return [file, {}];
      }
    }),
  );
  cache.save();
  return results;
}

/** A node without a name, which only these files give, would break every command of Nx. */
function isProject(folder: string): boolean {
  return ['project.json', 'package.json'].some((name) => existsSync(join(folder, name)));
}

async function factsOf(
  configPath: string,
  workspaceRoot: string,
  cache: FactsCache,
): Promise<ProjectFacts> {
  const cached = cache.get(configPath);
  if (cached !== undefined) return cached;
  const { facts, watched, dependencies } = await readFacts(configPath, workspaceRoot);
  justRead.remember(dependencies);
  cache.set(configPath, facts, watched);
  return facts;
}
