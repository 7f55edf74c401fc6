import {
  ciOrigin,
  parseBatchPlan,
  toJson,
  type BatchPlan,
  type CiOrigin,
  type ReportedTask,
  type ReportOrigin,
  type TaskBatch,
} from '@flashfusion/migrator';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readGitCommit } from './git-commit';

/** The names in a folder; none if it does not exist. */
export async function filesOf(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Writes a document so that no reader sees and no failure leaves half of it: under another name first. Creates the folder. */
export async function writeDocument(path: string, document: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(draft, toJson(document));
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/**
 * The commit and the CI run. Without a CI system the commit is the one that is checked out.
 *
 * @param root of the workspace, absolute
 */
export async function originOf(root: string, env: NodeJS.ProcessEnv): Promise<CiOrigin> {
  const { gitCommit, ciRun } = ciOrigin(env);
  return { gitCommit: gitCommit ?? (await readGitCommit(root)), ciRun };
}

/** What a report folder knows of a task that has no report yet, or that has none to write. */
export type TaskState = 'running' | 'nothing-to-do';

/**
 * Records that a task runs, beside the folders of the projects. If the task is killed, the record stays: without it the task
 * would look as if it had never started.
 */
export async function recordState(
  folder: string,
  origin: ReportOrigin,
  status: TaskState,
): Promise<void> {
  const { project, environment } = origin.task;
  await writeDocument(stateFile(folder, origin.task), {
    format: 1,
    task: origin.task.id,
    project,
    environment,
    status,
    origin,
  });
}

/** Removes the record of a task whose reports are written. */
export async function removeState(folder: string, task: ReportedTask): Promise<void> {
  await rm(stateFile(folder, task), { force: true });
}

function stateFile(folder: string, { id, environment, database }: ReportedTask): string {
  const name = [id, environment, database].filter((part) => part !== undefined).join('.');
  return join(folder, `task.${encodeURIComponent(name).replaceAll('*', '%2A')}.json`);
}

/**
 * Writes the plan of a command, unless another of its tasks has done so. Plans whose tasks were all planned again since are
 * removed.
 */
export async function recordPlan(folder: string, plan: BatchPlan): Promise<void> {
  const name = planFile(plan.batch);
  const names = await filesOf(folder);
  if (names.includes(name)) return;
  await writeDocument(join(folder, name), plan);
  const planned = new Set(plan.tasks.map(keyOf));
  for (const other of names.filter((file) => /^plan\..*\.json$/.test(file))) {
    const path = join(folder, other);
    const earlier = await readPlan(path);
    const isOutdated =
      earlier !== undefined &&
      earlier.batch.startedAt < plan.batch.startedAt &&
      earlier.tasks.every((task) => planned.has(keyOf(task)));
    if (isOutdated) await rm(path, { force: true });
  }
}

function planFile({ id }: TaskBatch): string {
  return `plan.${encodeURIComponent(id).replaceAll('*', '%2A')}.json`;
}

async function readPlan(path: string): Promise<BatchPlan | undefined> {
  try {
    return parseBatchPlan(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return undefined;
  }
}

function keyOf({ id, environment, database }: ReportedTask): string {
  return JSON.stringify([id, environment, database]);
}
