import { MigratorError } from '../errors';
import type { HistoryEntry } from '../history/entry';
import type { History } from '../history/history';
import type { HistoryState } from '../history/state';
import { parseMigrationId } from '../migration/id';
import type { Migration, MigrationFile } from '../migration/types';
import { effectiveState } from '../plan/effective-state';
import {
  crossProjectDependencies,
  prerequisiteLookup,
  type PrerequisiteLookup,
} from '../plan/prerequisites';
import { entriesElsewhere, otherProjectSettings } from './other-projects';
import type { CommandContext } from './project-database';
import { targetOf, type Target } from '../target';
import { underAllPresentNames } from './read-project-history';

/** The files of another project. None where its folder is gone: what depends on them then reports an unknown dependency. */
async function filesOf(
  { sources }: CommandContext,
  other: Parameters<CommandContext['sources']['files']>[0],
): Promise<readonly MigrationFile[]> {
  try {
    return await sources.files(other);
  } catch (error) {
    if (error instanceof MigratorError && error.code === 'MIGRATIONS_FOLDER_NOT_FOUND') return [];
    throw error;
  }
}

/**
 * Gathers what planning has to know of other projects. Where the history at hand already says that all prerequisites are
 * applied, no other project is looked for; else their folders are read, and the history of one that has its own database or
 * schema.
 *
 * @param history the history at hand, on a session that is open; `undefined` where none is
 */
export async function findPrerequisites(
  context: CommandContext,
  pending: readonly Migration[],
  { entries }: HistoryState,
  history: History | undefined,
): Promise<PrerequisiteLookup> {
  const { settings, sources } = context;
  const applied = new Set(
    entries.filter((entry) => effectiveState(entry) === 'applied').map(({ id }) => id),
  );
  const needed = crossProjectDependencies(settings.project, pending).filter(
    (id) => !applied.has(id),
  );
  const migrations = new Map<string, readonly MigrationFile[]>();
  if (needed.length === 0) return prerequisiteLookup({ entries, migrations, projects: [] });

  const projects = await sources.projects(settings.workspaceRoot);
  const wanted = new Set(needed.map((id) => parseMigrationId(id).project));
  const targets = new Map<string, Target>();
  const elsewhere: HistoryEntry[] = [];
  for (const found of projects.filter(({ name }) => wanted.has(name))) {
    const other = await otherProjectSettings(context, found, history);
    targets.set(found.name, targetOf(other));
    migrations.set(found.name, await filesOf(context, other));
    elsewhere.push(...(await entriesElsewhere(context, other, history)));
  }
  const here = await underAllPresentNames(context, entries);
  return prerequisiteLookup({
    entries: [...here, ...elsewhere],
    migrations,
    targets,
    projects: projects.map(({ name }) => name),
    project: settings.project,
  });
}
