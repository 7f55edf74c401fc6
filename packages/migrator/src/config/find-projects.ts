import { readFile, readdir } from 'node:fs/promises';
import type { Dirent } from 'node:fs';
import { join, resolve } from 'node:path';
import { CONFIG_FILE_NAMES } from './config-file';
import { readEnvironmentNames, type ConfigOutline } from './config-outline';
import { findProjectName } from './project-name';

/** A project that has a database. */
export interface FoundProject {
  /** Its name in migration identities: the configuration's `project`, else `workspaceName`. */
  readonly name: string;
  /** The name that Nx and npm know it by. */
  readonly workspaceName: string;
  /** Names that it had before. */
  readonly formerNames: readonly string[];
  /** Absolute. */
  readonly root: string;
  /** Absolute path of its `db.config.*`. */
  readonly configPath: string;
}

const SKIPPED = new Set(['node_modules', 'dist', 'build', 'coverage', 'tmp']);
/** Deeper than any workspace, and an end to a folder that is mounted into itself. */
const MAX_DEPTH = 12;

/**
 * Every project with a `db.config.*` at or below the workspace's root, sorted by name. Only folders are read, in parallel;
 * dot folders, `node_modules`, `dist`, `build`, `coverage` and `tmp` are skipped, links are not followed, and folders that
 * cannot be read count as empty.
 *
 * @param workspaceRoot see {@link findWorkspaceRoot}
 */
export async function findProjects(workspaceRoot: string): Promise<FoundProject[]> {
  const configs = await findConfigs(resolve(workspaceRoot), 0);
  const projects = await Promise.all(
    configs.map(async ({ root, configPath }): Promise<FoundProject> => {
      const [workspaceName, configured] = await Promise.all([
        findProjectName(root),
        configuredNames(configPath),
      ]);
      const name = configured.project ?? workspaceName;
      const formerNames = configured.formerNames.filter((former) => former !== name);
      return { name, workspaceName, formerNames, root, configPath };
    }),
  );
  return projects.sort((a, b) => compare(a.name, b.name) || compare(a.root, b.root));
}

async function findConfigs(
  folder: string,
  depth: number,
): Promise<{ root: string; configPath: string }[]> {
  const entries = await foldersAndFiles(folder);
  const names = new Set(entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name));
  const config = CONFIG_FILE_NAMES.find((name) => names.has(name));
  const here = config === undefined ? [] : [{ root: folder, configPath: join(folder, config) }];
  if (depth >= MAX_DEPTH) return here;
  const below = entries
    .filter(
      (entry) => entry.isDirectory() && !entry.name.startsWith('.') && !SKIPPED.has(entry.name),
    )
    .map((entry) => findConfigs(join(folder, entry.name), depth + 1));
  return [...here, ...(await Promise.all(below)).flat()];
}

async function foldersAndFiles(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

const UNNAMED = { project: undefined, formerNames: [] } as const;

/** The names in the configuration itself. A search of the text avoids evaluating the many configurations without names. */
async function configuredNames(
  configPath: string,
): Promise<Pick<ConfigOutline, 'project' | 'formerNames'>> {
  try {
    if (!/project|renamedFrom/.test(await readFile(configPath, 'utf8'))) return UNNAMED;
  } catch {
    return UNNAMED;
  }
  return readEnvironmentNames(configPath);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
