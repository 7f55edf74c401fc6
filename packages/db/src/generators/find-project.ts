import { isShortNameOf, nameHint } from '@flashfusion/migrator';
import { getProjects, type ProjectConfiguration, type Tree } from '@nx/devkit';

/** A project by the name that it has in the workspace. */
export interface NamedProject {
  readonly name: string;
  readonly configuration: ProjectConfiguration;
}

/**
 * Finds a project as `nx run` does: by its name, or by the part of the name after the scope (`api` for `@acme/api`) if no other
 * project has that part.
 *
 * @throws an error that names the projects that could be meant
 */
export function findProject(tree: Tree, given: string): NamedProject {
  const projects = getProjects(tree);
  const exact = projects.get(given);
  if (exact !== undefined) return { name: given, configuration: exact };
  const names = [...projects.keys()];
  const sameShortName = names.filter((name) => isShortNameOf(given, name));
  const [name = '', ...others] = sameShortName;
  const configuration = projects.get(name);
  if (configuration !== undefined && others.length === 0) return { name, configuration };
  throw new Error(
    others.length > 0
      ? `${sameShortName.length} projects have the short name ${given}. Pass one of: ${sameShortName.map((each) => `--project=${each}`).join(', ')}.`
      : `There is no project '${given}' in this workspace. ${nameHint(given, names, 'projects')}`,
  );
}
