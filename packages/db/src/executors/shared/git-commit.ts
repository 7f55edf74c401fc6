import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

const COMMIT = /^[0-9a-f]{40,64}$/;

/**
 * The commit that is checked out, read from git's files: starting git costs more than the rest of a report.
 *
 * @param folder absolute; any folder of the work tree, because a workspace may be a part of a repository
 * @returns `undefined` outside of a git repository, before the first commit, and in a repository with reftable files
 */
export async function readGitCommit(folder: string): Promise<string | undefined> {
  const root = workTreeOf(folder);
  return root === undefined ? undefined : commitOf(await gitFolderOf(root));
}

async function commitOf(gitFolder: string): Promise<string | undefined> {
  const head = await textOf(join(gitFolder, 'HEAD'));
  if (head === undefined || COMMIT.test(head)) return head;
  const reference = head.replace(/^ref: /, '');
  // In a linked work tree the branches are in the folder of the main one.
  const common = await textOf(join(gitFolder, 'commondir'));
  for (const root of [gitFolder, ...(common === undefined ? [] : [resolve(gitFolder, common)])]) {
    const commit =
      (await textOf(join(root, reference))) ??
      packedCommit(await textOf(join(root, 'packed-refs')), reference);
    if (commit !== undefined && COMMIT.test(commit)) return commit;
  }
  return undefined;
}

/** The nearest folder upwards that has a `.git`. */
function workTreeOf(folder: string): string | undefined {
  if (existsSync(join(folder, '.git'))) return folder;
  const parent = dirname(folder);
  return parent === folder ? undefined : workTreeOf(parent);
}

/** `.git` is a folder, or in a linked work tree a file that names one. */
async function gitFolderOf(folder: string): Promise<string> {
  const link = /^gitdir: (.+)$/.exec((await textOf(join(folder, '.git'))) ?? '')?.[1];
  return link === undefined ? join(folder, '.git') : resolve(folder, link);
}

function packedCommit(packed: string | undefined, reference: string): string | undefined {
  const line = packed?.split('\n').find((entry) => entry.endsWith(` ${reference}`));
  return line?.split(' ')[0];
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch {
    return undefined;
  }
}
