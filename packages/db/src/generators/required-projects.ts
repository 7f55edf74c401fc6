import { findProjects } from '@flashfusion/migrator';
import { join, relative, sep } from 'node:path';
import { requiredProjects, type ProjectFacts } from '../graph/project-facts';
import { projectOwners, requiredNxNames } from '../graph/project-owners';

/**
 * The projects that a project's migrations depend on, as Nx names them: what the plugin infers too. Searches the workspace
 * only if there are dependencies.
 *
 * @param root the project's folder, relative to the workspace
 */
export async function findRequiredProjects(
  workspaceRoot: string,
  root: string,
  facts: ProjectFacts,
): Promise<string[]> {
  if (requiredProjects(facts).length === 0) return [];
  const found = await findProjects(workspaceRoot);
  const nxNames = new Map(found.map((each) => [each.root, each.workspaceName]));
  const nxNameOf = (folder: string) =>
    Promise.resolve(nxNames.get(join(workspaceRoot, folder)) ?? folder);
  const projects = found.map(({ root: folder, name, formerNames }) => ({
    root: relative(workspaceRoot, folder).split(sep).join('/') || '.',
    facts: { name, formerNames },
  }));
  return requiredNxNames({ root, facts }, await projectOwners(projects, nxNameOf), nxNameOf);
}
