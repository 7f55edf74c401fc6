import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import {
  CONFIG_FILE_NAMES,
  DEFAULT_MIGRATIONS,
  findProjectName,
  findProjects,
  findWorkspaceRoot,
  isShortNameOf,
  MigratorError,
  nameHint,
  type FoundProject,
} from '@flashfusion/migrator';

export interface LocateOptions {
  /** The folder that the command was given in, absolute. */
  readonly cwd: string;
  /** A project's name in `db.config` or in the workspace, for a command given outside of its folder. */
  readonly project: string | undefined;
}

/** Where a project is, and what it is called if that was given. */
export interface ProjectLocation {
  readonly projectRoot: string;
  readonly project: string | undefined;
}

/**
 * Finds the project that a command means: the named one; else the nearest folder upwards with a `db.config.*`; else the
 * nearest with a `migrations` folder; else, outside of a workspace with projects, the current folder with the defaults.
 * Never looks above the workspace's root.
 *
 * @throws {MigratorError} `PROJECT_NOT_FOUND` with the nearest names, or with both folders where two projects share the name
 */
export async function locateProject(options: LocateOptions): Promise<ProjectLocation> {
  return options.project === undefined
    ? locateFromFolder(options.cwd)
    : locateByName(options.cwd, options.project);
}

async function locateFromFolder(cwd: string): Promise<ProjectLocation> {
  const projectRoot = nearestProjectRoot(cwd);
  if (projectRoot !== undefined) return { projectRoot, project: undefined };

  // Outside of a workspace there may be a whole disk below: nobody asked to have that searched.
  const { root, kind } = workspaceOf(cwd);
  const found = kind === 'workspace' ? await findProjects(root) : [];
  if (found.length === 0) return { projectRoot: cwd, project: undefined };
  throw new MigratorError(
    'PROJECT_NOT_FOUND',
    'This folder belongs to no project with a database.',
    {
      where: cwd,
      hint: `Go into one of them, or name it: ${suggestions(found)}.`,
    },
  );
}

async function locateByName(cwd: string, name: string): Promise<ProjectLocation> {
  const { root, kind } = workspaceOf(cwd);
  const nearest = nearestProjectRoot(cwd);
  const workspaceRoot = kind === 'workspace' ? root : (nearest ?? cwd);
  const found = await findProjects(workspaceRoot);
  const [first, second] = found.filter(
    (project) => project.name === name || project.workspaceName === name,
  );
  if (first !== undefined && second !== undefined) {
    throw new MigratorError(
      'PROJECT_NOT_FOUND',
      `There are two projects named ${name}: ${relative(workspaceRoot, first.root)} and ${relative(workspaceRoot, second.root)}.`,
      { where: workspaceRoot, hint: 'Run the command in the folder of the one that you mean.' },
    );
  }
  if (first !== undefined) return { projectRoot: first.root, project: first.name };
  // A project that lives on the defaults has no configuration to be found by, but the folder that we stand in has a name.
  const here = nearest ?? (found.length === 0 ? cwd : undefined);
  const nameHere = here === undefined ? undefined : await findProjectName(here);
  if (here !== undefined && nameHere === name) return { projectRoot: here, project: name };

  // As Nx does: `api` for `@acme/api`.
  const [short, ...others] = found.filter((project) =>
    [project.name, project.workspaceName].some((each) => isShortNameOf(name, each)),
  );
  if (short !== undefined && others.length === 0) {
    return { projectRoot: short.root, project: short.name };
  }
  if (short !== undefined) {
    throw new MigratorError(
      'PROJECT_NOT_FOUND',
      `${others.length + 1} projects have the short name ${name}.`,
      { where: workspaceRoot, hint: `Pass one of ${suggestions([short, ...others])}.` },
    );
  }

  const renamed = found.find(({ formerNames }) => formerNames.includes(name));
  if (renamed !== undefined) {
    throw new MigratorError(
      'PROJECT_NOT_FOUND',
      `There is no project ${name} in ${workspaceRoot}.`,
      {
        where: workspaceRoot,
        hint: `It was renamed: pass --project=${renamed.name}.`,
      },
    );
  }

  const names = found.flatMap((project) => [...new Set([project.name, project.workspaceName])]);
  if (nameHere !== undefined && !names.includes(nameHere)) names.push(nameHere);
  throw new MigratorError('PROJECT_NOT_FOUND', `There is no project ${name} in ${workspaceRoot}.`, {
    where: workspaceRoot,
    hint: `${nameHint(name, names, 'projects with a database')} A project is a folder with a db.config.* file.`,
  });
}

function nearestProjectRoot(cwd: string): string | undefined {
  const { root, kind } = workspaceOf(cwd);
  const folders = upwards(cwd, kind === 'workspace' ? root : undefined);
  return (
    folders.find((folder) => CONFIG_FILE_NAMES.some((name) => existsSync(join(folder, name)))) ??
    // Any folder may be called `migrations`: outside of a workspace, one further up is somebody else's.
    (kind === 'workspace' ? folders : [cwd]).find((folder) =>
      existsSync(join(folder, DEFAULT_MIGRATIONS)),
    )
  );
}

/** What marks the folder where looking upwards ends. */
const BOUNDARIES: readonly string[] = ['nx.json', 'pnpm-workspace.yaml', '.git', 'package.json'];

/** The workspace of a folder. `findWorkspaceRoot` answers with the folder itself also where there is none at all. */
function workspaceOf(cwd: string): { readonly root: string; readonly kind: 'workspace' | 'none' } {
  const root = findWorkspaceRoot(cwd);
  const marked = root !== cwd || BOUNDARIES.some((name) => existsSync(join(cwd, name)));
  return { root, kind: marked ? 'workspace' : 'none' };
}

/** A folder and its ancestors up to the last one; `undefined` for up to the file system's root. */
function upwards(from: string, last: string | undefined): string[] {
  const folders = [from];
  for (let folder = from; folder !== last && dirname(folder) !== folder;) {
    folder = dirname(folder);
    folders.push(folder);
  }
  return folders;
}

function suggestions(found: readonly FoundProject[]): string {
  const shown = found.slice(0, 8).map((project) => `--project=${project.name}`);
  return [...shown, ...(found.length > shown.length ? ['…'] : [])].join(', ');
}
