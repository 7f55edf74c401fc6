import { MigratorError } from '../errors';
import type { MigrationFile } from '../migration/types';
import { findLookalikes, possibleRename, type Lookalike } from '../plan/possible-rename';
import { projectNamed } from '../plan/project-names';
import type { CommandContext } from './project-database';
import { versionsIn, type ProjectHistory } from './read-project-history';

/**
 * Refuses to apply what the history has under a name that no project of the workspace accounts for: the project was
 * probably renamed, and its migrations would run a second time. Costs nothing unless such rows exist.
 *
 * @param pending what would be applied
 * @throws {MigratorError} `POSSIBLE_RENAME`, one problem for each such name
 */
export async function refusePossibleRename(
  context: CommandContext,
  pending: readonly MigrationFile[],
  { entries }: ProjectHistory,
): Promise<void> {
  const { project, environment, formerNames, otherNames, workspaceRoot } = context.settings;
  const lookalikes = findLookalikes({
    project,
    settledNames: [...formerNames, ...otherNames],
    pending,
    entries,
  });
  if (lookalikes.length === 0) return;

  const byName = new Map<string, Lookalike[]>();
  for (const one of lookalikes) {
    byName.set(one.entry.project, [...(byName.get(one.entry.project) ?? []), one]);
  }
  const projects = await context.sources.projects(workspaceRoot);
  const where = context.settings.configPath ?? context.settings.projectRoot;
  const problems = [];
  for (const [name, all] of byName) {
    const owner = projectNamed(projects, name);
    const versions = owner === undefined ? undefined : await versionsIn(context, owner);
    // A project that has the file itself is a copy of this one, or the other way round.
    const unaccounted = all.filter(({ file }) => versions?.has(file.version) !== true);
    if (unaccounted.length === 0) continue;
    problems.push(
      possibleRename({
        project,
        environment,
        formerNames,
        otherNames,
        where,
        lookalikes: unaccounted,
        owner: owner === undefined ? 'unknown' : 'lacks-files',
      }),
    );
  }
  if (problems.length > 0) throw MigratorError.fromProblems(problems);
}
