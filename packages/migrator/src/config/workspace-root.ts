import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

function ancestors(from: string): string[] {
  const folders = [resolve(from)];
  for (let folder = folders[0] ?? from; dirname(folder) !== folder; folder = dirname(folder)) {
    folders.push(dirname(folder));
  }
  return folders;
}

function hasWorkspaces(folder: string): boolean {
  if (existsSync(join(folder, 'pnpm-workspace.yaml'))) return true;
  try {
    const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return typeof manifest === 'object' && manifest !== null && 'workspaces' in manifest;
  } catch {
    return false; // no package.json, or one that npm itself would complain about
  }
}

/**
 * The root of the workspace that a folder is in: the nearest ancestor with `nx.json`, else with `pnpm-workspace.yaml` or
 * `workspaces` in package.json, else with `.git`, else the folder itself.
 *
 * @param from any folder, usually the project's
 * @returns an absolute path
 */
export function findWorkspaceRoot(from: string): string {
  const folders = ancestors(from);
  return (
    folders.find((folder) => existsSync(join(folder, 'nx.json'))) ??
    folders.find(hasWorkspaces) ??
    folders.find((folder) => existsSync(join(folder, '.git'))) ??
    resolve(from)
  );
}
