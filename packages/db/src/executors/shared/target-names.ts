import type { CommandName } from '@flashfusion/migrator';
import type { ExecutorContext } from '@nx/devkit';

/**
 * Finds how a target is called: nx.json and project.json can give it any name. A project that is not in the graph by the name that
 * the history has for it gets the names that this task's project uses.
 */
export function targetNames({
  projectName = '',
  projectsConfigurations: { projects },
}: Pick<ExecutorContext, 'projectName' | 'projectsConfigurations'>): (
  command: CommandName,
  project: string,
) => string {
  return (command, project) => {
    const name =
      targetOf(command, projects[project]?.targets) ??
      targetOf(command, projects[projectName]?.targets) ??
      command;
    return `${project}:${name}`;
  };
}

/** The target that runs a command on all databases. */
function targetOf(
  command: CommandName,
  targets: ExecutorContext['projectsConfigurations']['projects'][string]['targets'],
): string | undefined {
  const found = Object.entries(targets ?? {}).find(
    ([, { executor, options }]) =>
      executor === `@flashfusion/db:${command}` &&
      (options as { database?: unknown } | undefined)?.database === undefined,
  );
  return found?.[0];
}
