import type { Migration, MigrationFile } from '../migration/types';
import { effectiveState } from '../plan/effective-state';
import { withCurrentDependencies } from '../plan/former-names';
import { crossProjectDependencies } from '../plan/prerequisites';
import { currentIds, unchangedId, type CurrentId } from '../plan/project-names';
import { parseMigrationId } from '../migration/id';
import type { CommandContext } from './project-database';
import { versionsIn, type ProjectHistory } from './read-project-history';

/**
 * Loads migrations and gives the projects in their dependencies the names that they have now: files that were applied
 * cannot be edited when another project is renamed.
 *
 * @returns in the order of the files
 */
export async function loadMigrations(
  context: CommandContext,
  files: readonly MigrationFile[],
  history: ProjectHistory,
): Promise<readonly Migration[]> {
  const migrations = await context.sources.migrations(files, context.settings);
  return withCurrentDependencies(migrations, await currentIdsOf(context, migrations, history));
}

/** Searches the workspace only if the history alone does not prove that the names are current. */
async function currentIdsOf(
  context: CommandContext,
  migrations: readonly Migration[],
  { entries }: ProjectHistory,
): Promise<CurrentId> {
  const { project, formerNames, workspaceRoot } = context.settings;
  const foreign = crossProjectDependencies(project, migrations);
  if (foreign.length === 0) return unchangedId;
  const applied = new Set<string>();
  const projectsOfVersion = new Map<string, number>();
  for (const entry of entries) {
    if (effectiveState(entry) === 'applied') applied.add(entry.id);
    projectsOfVersion.set(entry.version, (projectsOfVersion.get(entry.version) ?? 0) + 1);
  }
  const unsure = foreign.map(parseMigrationId).filter(({ project: name, version }) => {
    // A migration that was carried over is there under both names, and only the new one tells its state.
    const single = projectsOfVersion.get(version) === 1 && applied.has(`${name}:${version}`);
    return formerNames.includes(name) || !single;
  });
  if (unsure.length === 0) return unchangedId;

  const found = await context.sources.projects(workspaceRoot);
  const others = found.filter(({ name }) => name !== project);
  const projects = [{ name: project, formerNames }, ...others];
  if (projects.every((each) => each.formerNames.length === 0)) return unchangedId;
  const asked = new Set(unsure.map((id) => id.project));
  const versions = new Map<string, ReadonlySet<string>>();
  for (const each of projects) {
    if (![each.name, ...each.formerNames].some((name) => asked.has(name))) continue;
    const other = others.find(({ name }) => name === each.name);
    versions.set(each.name, await versionsIn(context, other ?? context.settings));
  }
  return currentIds(projects, (name, version) => versions.get(name)?.has(version) ?? false);
}
