import { findProjects } from '@flashfusion/migrator';
import { join, relative, sep } from 'node:path';
import { packageDependencies } from '../graph/package-dependencies';
import { requiredProjects, type ProjectFacts } from '../graph/project-facts';
import { projectOwners, Requirements, type Upstream } from '../graph/project-owners';
import { readFacts } from '../graph/read-facts';

/**
 * What a project's migrations need of other projects: what the plugin infers too. Searches the workspace only if there are
 * dependencies.
 *
 * @param root the project's folder, relative to the workspace
 */
export async function findUpstream(
  workspaceRoot: string,
  root: string,
  facts: ProjectFacts,
): Promise<Upstream> {
  if (requiredProjects(facts).length === 0) {
    return { projects: [], codeDependencies: 'first', prerequisites: 'require', files: [] };
  }
  const found = await findProjects(workspaceRoot);
  const nxNames = new Map(found.map((each) => [each.root, each.workspaceName]));
  const nxNameOf = (folder: string) =>
    Promise.resolve(nxNames.get(join(workspaceRoot, folder)) ?? folder);
  const others = found.map(async ({ root: folder, configPath }) => ({
    root: relative(workspaceRoot, folder).split(sep).join('/') || '.',
    facts: (await readFacts(configPath, workspaceRoot)).facts,
  }));
  // The files of this project may not be written yet.
  const projects = [
    ...(await Promise.all(others)).filter((other) => other.root !== root),
    { root, facts },
  ];
  const owners = await projectOwners(projects, nxNameOf);
  const dependsOn = packageDependencies(workspaceRoot);
  return new Requirements(projects, owners, nxNameOf, dependsOn).of(root);
}
