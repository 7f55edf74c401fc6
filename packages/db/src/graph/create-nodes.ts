import type { CreateNodesContext, CreateNodesResult } from '@nx/devkit';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { computation } from './computation';
import { FactsCache } from './facts-cache';
import { packageDependencies } from './package-dependencies';
import { normalizeOptions, type DbPluginOptions } from './options';
import type { ProjectFacts } from './project-facts';
import { projectOwners, Requirements } from './project-owners';
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
  { workspaceRoot }: CreateNodesContext,
): Promise<(readonly [string, CreateNodesResult])[]> {
  const options = normalizeOptions(pluginOptions);
  const cache = new FactsCache(workspaceRoot);
  const look = computation.begin();
  const results: (readonly [string, CreateNodesResult])[] = [];
  const found: { file: string; root: string; facts: ProjectFacts }[] = [];
  for (const file of configFiles) {
    const root = dirname(file);
    if (!isProject(join(workspaceRoot, root))) {
      warn(file, 'The folder is no project: it has neither project.json nor package.json.');
      results.push([file, {}]);
      continue;
    }
    try {
      found.push({ file, root, facts: await factsOf(join(workspaceRoot, file)) });
    } catch (error) {
      warn(file, error);
      results.push([file, {}]);
    }
  }
  const nxNameOf = async (root: string) =>
    (await import('@flashfusion/migrator/graph')).findProjectName(join(workspaceRoot, root));
  const owners = await projectOwners(found, nxNameOf);
  computation.owners = owners;
  const requirements = new Requirements(
    found,
    owners,
    nxNameOf,
    packageDependencies(workspaceRoot),
  );
  computation.circular = (await requirements.taskOrder()).circular;
  for (const { file, root, facts } of found) {
    const own = { root, ...inferTargets(root, facts, await requirements.of(root), options) };
    results.push([file, { projects: { [root]: own } }]);
  }
  return results;

  async function factsOf(configPath: string): Promise<ProjectFacts> {
    const known = cache.get(configPath, look);
    if (known !== undefined) return known;
    const read = await readFacts(configPath, workspaceRoot);
    computation.read.set(configPath, read);
    return read.facts;
  }
}

/** A node without a name, which only these files give, would break every command of Nx. */
function isProject(folder: string): boolean {
  return ['project.json', 'package.json'].some((name) => existsSync(join(folder, name)));
}
