import { parseMigrationId } from '../migration/id';
import type { Migration, MigrationFile, MigrationId } from '../migration/types';
import { loadMigrations } from './load-migrations';
import type { CommandContext } from './project-database';
import type { ProjectHistory } from './read-project-history';

/** Which files {@link loadAncestors} may leave out. */
export interface LoadAncestorsOptions {
  readonly target: MigrationFile;
  /** Files that can matter for the target's place in the planned order. */
  readonly files: readonly MigrationFile[];
  readonly state: ProjectHistory;
}

/**
 * Loads what decides the target's place in the planned order: the target, everything that it depends on within the project,
 * and all files that are not newer than the newest of those. A newer file can only come after the target, so it is not loaded
 * and a mistake in it does no harm.
 *
 * @throws {MigratorError} what loading throws
 */
export async function loadAncestors(
  context: CommandContext,
  { target, files, state }: LoadAncestorsOptions,
): Promise<readonly Migration[]> {
  const loaded = new Map<MigrationId, Migration>();
  const fileOf = new Map(files.map((file) => [file.id, file]));
  let newest = target.version;
  for (;;) {
    const wanted = files.filter(({ id, version }) => version <= newest && !loaded.has(id));
    if (wanted.length === 0) return [...loaded.values()];
    for (const migration of await loadMigrations(context, wanted, state)) {
      loaded.set(migration.id, migration);
    }
    const ancestors = new Set([target.id]);
    for (const id of ancestors) {
      const version = fileOf.get(id)?.version ?? '';
      if (version > newest) newest = version;
      for (const dependency of loaded.get(id)?.dependencies ?? []) {
        if (parseMigrationId(dependency).project === context.settings.project)
          ancestors.add(dependency);
      }
    }
  }
}
