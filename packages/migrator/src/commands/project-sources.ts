import { findProjects, type FoundProject } from '../config/find-projects';
import { loadProjectConfig } from '../config/load-project-config';
import type { ProjectConfig } from '../config/project-config';
import type { Settings } from '../config/settings';
import type { Migration, MigrationFile } from '../migration/types';
import { discoverMigrations } from '../source/discover-migrations';
import { loadMigrations } from '../source/load-migrations';

/** Where a project's migration files are. */
export type MigrationsPlace = Pick<Settings, 'project' | 'migrationsFolder'>;

/** What commands read of a workspace's files. */
export interface ProjectSources {
  /** Every project of the workspace that has a database. */
  projects(workspaceRoot: string): Promise<readonly FoundProject[]>;
  config(project: FoundProject, workspaceRoot: string): Promise<ProjectConfig>;
  /** The project's migration files, checked and hashed, not loaded. */
  files(place: MigrationsPlace): Promise<readonly MigrationFile[]>;
  /**
   * The names of the tenants of a project's database.
   *
   * @param key stands for the project, environment and database
   * @param find asks for them
   */
  tenants(key: string, find: () => Promise<readonly string[]>): Promise<readonly string[]>;
  /** These files, loaded, in the same order. */
  migrations(files: readonly MigrationFile[], settings: Settings): Promise<readonly Migration[]>;
}

/** Reads anew every time. */
export const diskSources: ProjectSources = {
  projects: findProjects,
  config: ({ root, name }, workspaceRoot) =>
    loadProjectConfig({ projectRoot: root, project: name, workspaceRoot }),
  files: ({ project, migrationsFolder }) =>
    discoverMigrations({ project, folder: migrationsFolder }),
  tenants: (_key, find) => find(),
  migrations: (files, { workspaceRoot, loadTimeoutMs }) =>
    loadMigrations(files, { workspaceRoot, timeoutMs: loadTimeoutMs }),
};

/**
 * Reads everything once, whoever asks and however many ask at the same time: the files of a thousand tenants are the same.
 * For one command; what changes on disk meanwhile is not seen. Files that could not be read are not tried again.
 */
export function rememberedSources(sources: ProjectSources = diskSources): ProjectSources {
  const remembered = new Map<string, Promise<unknown>>();
  const once = <T>(key: string, read: () => Promise<T>): Promise<T> => {
    const known = remembered.get(key) as Promise<T> | undefined;
    if (known !== undefined) return known;
    const fresh = read();
    remembered.set(key, fresh);
    return fresh;
  };
  return {
    projects: (root) => once(`projects ${root}`, () => sources.projects(root)),
    config: (project, root) =>
      once(`config ${project.configPath}`, () => sources.config(project, root)),
    files: (place) =>
      once(`files ${place.project} ${place.migrationsFolder}`, () => sources.files(place)),
    tenants: (key, find) => {
      const name = `tenants ${key}`;
      const found = once(name, () => sources.tenants(key, find));
      // A database that accepts no connection now may accept one later.
      found.catch(() => remembered.delete(name));
      return found;
    },
    async migrations(files, settings) {
      const keyOf = ({ path, checksum }: MigrationFile) => `migration ${path} ${checksum}`;
      const missing = files.filter((file) => !remembered.has(keyOf(file)));
      if (missing.length > 0) {
        // Together, so that what several files import is compiled once and all problems come at once.
        const loading = sources.migrations(missing, settings);
        missing.forEach((file, index) => {
          const one = loading.then((migrations) => migrations[index]);
          // Whoever asks for it is told; nobody may be asking.
          one.catch(() => undefined);
          remembered.set(keyOf(file), one);
        });
        await loading;
      }
      return Promise.all(files.map((file) => remembered.get(keyOf(file)) as Promise<Migration>));
    },
  };
}
