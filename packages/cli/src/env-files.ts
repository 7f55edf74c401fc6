import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { MigratorError, type VariableFiles } from '@flashfusion/migrator';

/** A task as Nx names it, `project:target:configuration`, and where its project is. */
export interface EnvFilesTask {
  /** Absolute. */
  readonly projectRoot: string;
  /** Absolute. */
  readonly workspaceRoot: string;
  readonly target: string;
  /** The environment that the user typed; `undefined` if none. `NODE_ENV` selects no files, as in Nx. */
  readonly configuration: string | undefined;
}

interface EnvFile {
  /** Relative to the workspace, with slashes. */
  readonly path: string;
  readonly variables: Readonly<Record<string, string>>;
}

/**
 * Sets the variables that Nx would set for a task, from the same `.env` files, in the same order and by the same rules: a variable
 * that is set wins over all files, then the first file that sets it. `NX_LOAD_DOT_ENV_FILES=false` switches it off. dotenv is loaded
 * only if a file exists.
 *
 * @param env changed in place, so that configurations and migrations that read `process.env` see the variables, too
 * @returns which files were read, and which variable is from which
 * @throws {MigratorError} `INVALID_CONFIG` if a file exists and cannot be read: another file would decide, without a message
 */
export async function loadEnvFiles(
  env: NodeJS.ProcessEnv,
  task: EnvFilesTask,
): Promise<VariableFiles> {
  if (isSwitchedOff(env)) return { kind: 'switched-off' };
  const texts = await readTexts(envFileNames(task), task.workspaceRoot);
  const found = texts.map(({ path }) => path);
  const origins = texts.length === 0 ? {} : await setVariables(env, texts);
  if (origins === 'switched-off') return { kind: 'switched-off' };
  const folder = relative(task.workspaceRoot, task.projectRoot).replaceAll('\\', '/');
  return {
    kind: 'read',
    found,
    origins,
    suggested: folder === '' ? '.env.local' : `${folder}/.env.local`,
    environment: task.configuration === undefined ? 'untyped' : 'typed',
  };
}

function isSwitchedOff(env: NodeJS.ProcessEnv): boolean {
  return env['NX_LOAD_DOT_ENV_FILES'] === 'false';
}

/**
 * The files that Nx 22 to 24 read for a task, relative to the workspace; the first that sets a variable wins. Nx has this list in
 * `packages/nx/src/tasks-runner/task-env-paths.ts`.
 */
export function envFileNames({
  projectRoot,
  workspaceRoot,
  target,
  configuration,
}: EnvFilesTask): string[] {
  const identifiers = [
    ...(configuration === undefined ? [] : [`${target}.${configuration}`, configuration]),
    target,
  ].filter((identifier) => !/[\\/]/.test(identifier));
  const names = [
    ...identifiers.flatMap((identifier) => [
      `.env.${identifier}.local`,
      `.env.${identifier}`,
      `.${identifier}.local.env`,
      `.${identifier}.env`,
    ]),
    ...WITHOUT_IDENTIFIER,
  ];
  const folder = relative(workspaceRoot, projectRoot).replaceAll('\\', '/');
  return [
    ...new Set([...names.map((name) => (folder === '' ? name : `${folder}/${name}`)), ...names]),
  ];
}

const WITHOUT_IDENTIFIER = ['.env.local', '.local.env', '.env'] as const;

/** Not there, or a folder: a Python environment is often called `.env`. */
const ABSENT: readonly unknown[] = ['ENOENT', 'ENOTDIR', 'EISDIR'];

async function readTexts(
  paths: readonly string[],
  workspaceRoot: string,
): Promise<{ readonly path: string; readonly text: string }[]> {
  const read = async (path: string) => {
    try {
      return [{ path, text: await readFile(join(workspaceRoot, path), 'utf8') }];
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (ABSENT.includes(code)) return [];
      throw new MigratorError('INVALID_CONFIG', `${path} cannot be read (${code}).`, {
        where: path,
        hint: 'Make the file readable or remove it. Without it, another file could decide which database is used.',
        cause: error,
      });
    }
  };
  return (await Promise.all(paths.map(read))).flat();
}

/**
 * The three steps by which Nx comes to the environment of a task, with the libraries that Nx uses. Variables that the first step set
 * and the second does not recognize, because their values refer to others, count as set in the third.
 */
async function setVariables(
  env: NodeJS.ProcessEnv,
  texts: readonly { readonly path: string; readonly text: string }[],
): Promise<Record<string, string> | 'switched-off'> {
  const [{ default: dotenv }, { default: dotenvExpand }] = await Promise.all([
    import('dotenv'),
    import('dotenv-expand'),
  ]);
  const files = texts.map(({ path, text }): EnvFile => ({ path, variables: dotenv.parse(text) }));
  const load = (from: readonly EnvFile[], into: NodeJS.ProcessEnv) => {
    const parsed: Record<string, string> = {};
    for (const { variables } of from) dotenv.populate(parsed, variables);
    dotenv.populate(into as Record<string, string>, parsed);
    dotenvExpand.expand({ parsed, processEnv: into as Record<string, string> });
    return parsed;
  };
  const ofWorkspace = (name: string) => files.filter(({ path }) => path === name);
  const given = { ...env };

  // 1. Nx reads the files of the workspace when it starts.
  const atStart = AT_START.flatMap(ofWorkspace);
  const started = { ...env };
  load(atStart, started);
  if (isSwitchedOff(started)) return 'switched-off';

  // 2. It removes each variable that has the value from one of these files, also if a shell that loads `.env` has set it.
  for (const name of [...WITHOUT_IDENTIFIER].reverse()) {
    for (const [key, value] of Object.entries(load(ofWorkspace(name), {}))) {
      if (started[key] === value) delete started[key];
    }
  }
  for (const key of Object.keys(env)) if (!(key in started)) delete env[key];
  Object.assign(env, started);

  // 3. It reads the files of the task.
  load(files, env);
  const origins: Record<string, string> = {};
  const note = (from: readonly EnvFile[], isFrom: (key: string) => boolean) => {
    for (const { path, variables } of from) {
      for (const key of Object.keys(variables)) if (isFrom(key)) origins[key] ??= path;
    }
  };
  // An empty variable is filled from the files: dotenv-expand takes it as not set.
  note(atStart, (key) => Boolean(started[key]) && !given[key]);
  note(files, (key) => !started[key]);
  return origins;
}

/** Nx starts with another order than that of a task. */
const AT_START = ['.local.env', '.env.local', '.env'] as const;
