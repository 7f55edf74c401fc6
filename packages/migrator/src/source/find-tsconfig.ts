import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * The tsconfig that the compiler would not find by itself: Nx keeps the `paths` of a workspace without a root tsconfig.json
 * in tsconfig.base.json.
 *
 * @returns an absolute path, or `undefined` where a tsconfig.json above the file decides, or there is none at all
 */
export function findBaseTsconfig(path: string, workspaceRoot: string): string | undefined {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'tsconfig.json'))) return undefined;
    if (folder === workspaceRoot || folder === dirname(folder)) break;
  }
  const base = join(workspaceRoot, 'tsconfig.base.json');
  return existsSync(base) ? base : undefined;
}

/**
 * The workspace's `customConditions`, by which packages of the workspace offer their sources, so that they need not be
 * built before they can be imported.
 */
export function findCustomConditions(workspaceRoot: string): string[] {
  for (const name of ['tsconfig.base.json', 'tsconfig.json']) {
    const path = join(workspaceRoot, name);
    if (!existsSync(path)) continue;
    // A tsconfig has comments and trailing commas: one list of strings is read without a parser for them.
    const list = /"customConditions"\s*:\s*\[([^\]]*)\]/.exec(readFileSync(path, 'utf8'))?.[1];
    if (list !== undefined) return [...list.matchAll(/"([^"]+)"/g)].map((match) => match[1] ?? '');
  }
  return [];
}
