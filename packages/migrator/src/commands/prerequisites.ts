import { findProjects, type FoundProject } from '../config/find-projects';
import { loadProjectConfig } from '../config/load-project-config';
import { resolveSettings } from '../config/resolve-settings';
import type { Settings } from '../config/settings';
import type { HistoryEntry } from '../history/entry';
import { parseMigrationId } from '../migration/id';
import type { Migration, MigrationFile } from '../migration/types';
import {
  crossProjectDependencies,
  prerequisiteLookup,
  type PrerequisiteLookup,
} from '../plan/prerequisites';
import { discoverMigrations } from '../source/discover-migrations';
import { lookAtHistory, projectDatabase, type CommandContext } from './project-database';

/**
 * Gathers what planning has to know of other projects. Where the history at hand already says that all prerequisites are
 * applied, no other project is looked for; else their folders are read, and the history of one that has its own database.
 */
export async function findPrerequisites(
  context: CommandContext,
  pending: readonly Migration[],
  entries: readonly HistoryEntry[],
): Promise<PrerequisiteLookup> {
  const { settings } = context;
  const applied = new Set(entries.filter(({ state }) => state === 'applied').map(({ id }) => id));
  const needed = crossProjectDependencies(settings.project, pending).filter(
    (id) => !applied.has(id),
  );
  const migrations = new Map<string, readonly MigrationFile[]>();
  if (needed.length === 0) return prerequisiteLookup({ entries, migrations, projects: [] });

  const projects = await findProjects(settings.workspaceRoot);
  const wanted = new Set(needed.map((id) => parseMigrationId(id).project));
  const elsewhere: HistoryEntry[] = [];
  for (const found of projects.filter(({ name }) => wanted.has(name))) {
    const other = await settingsOf(found, settings);
    migrations.set(
      found.name,
      await discoverMigrations({ project: found.name, folder: other.migrationsFolder }),
    );
    elsewhere.push(...(await entriesElsewhere(context, other)));
  }
  return prerequisiteLookup({
    entries: [...entries, ...elsewhere],
    migrations,
    projects: projects.map(({ name }) => name),
  });
}

/** Settings of another project for the same environment and, where it names several, the same database. */
async function settingsOf(found: FoundProject, own: Settings): Promise<Settings> {
  const config = await loadProjectConfig({
    projectRoot: found.root,
    project: found.name,
    workspaceRoot: own.workspaceRoot,
  });
  const all = resolveSettings(config, { environment: own.environment, env: process.env });
  const same = all.find(({ databaseName }) => databaseName === own.databaseName) ?? all[0];
  if (same === undefined) throw new TypeError('An environment has at least one database.');
  return same;
}

/** The rows of a project whose history is not the one at hand. */
async function entriesElsewhere(
  context: CommandContext,
  other: Settings,
): Promise<readonly HistoryEntry[]> {
  if (sharesHistory(context.settings, other)) return [];
  const database = await projectDatabase({ ...context, settings: other, onEvent: () => undefined });
  return lookAtHistory(database, 'throw', (state) => Promise.resolve(state.entries));
}

function sharesHistory(own: Settings, other: Settings): boolean {
  if (own.schema !== other.schema) return false;
  // An application that passes its own connection says by that where all of it lives.
  if (own.connection.kind !== 'url' || other.connection.kind !== 'url') return true;
  return own.connection.url === other.connection.url;
}
