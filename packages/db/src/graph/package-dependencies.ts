import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const KINDS = ['dependencies', 'devDependencies', 'peerDependencies', 'optionalDependencies'];

/**
 * Whether the package.json of a project names the package of another one. A dependency that only imports show is not known here:
 * createNodes runs before Nx looks at imports.
 *
 * @returns a function of two roots, relative to the workspace, which reads each file once
 */
export function packageDependencies(workspaceRoot: string): (from: string, to: string) => boolean {
  const packages = new Map<string, Record<string, unknown>>();
  const read = (root: string) => {
    const known = packages.get(root) ?? readPackage(join(workspaceRoot, root, 'package.json'));
    packages.set(root, known);
    return known;
  };
  return (from, to) => {
    const { name } = read(to);
    if (typeof name !== 'string') return false;
    const own = read(from);
    return KINDS.some((kind) => {
      const dependencies = own[kind];
      return typeof dependencies === 'object' && dependencies !== null && name in dependencies;
    });
  };
}

function readPackage(path: string): Record<string, unknown> {
  try {
    const content: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return typeof content === 'object' && content !== null ? { ...content } : {};
  } catch {
    return {};
  }
}
