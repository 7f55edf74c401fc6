import { existsSync, readFileSync, realpathSync } from 'node:fs';
import nodeModule from 'node:module';
import { dirname, join, relative, sep } from 'node:path';

/**
 * Finds the source file that an import of a package of the same workspace means: npm, pnpm and yarn link such packages into
 * node_modules, or yarn's Plug'n'Play knows where they are. Never throws.
 *
 * @param folder absolute; the folder of the importing file
 * @returns the file and the manifest that named it, absolute; `undefined` for installed packages and for packages that do
 * not show their sources
 */
export function resolvePackage(
  specifier: string,
  folder: string,
  workspaceRoot: string,
): { readonly path: string; readonly manifest: string } | undefined {
  const [, name, rest = ''] = /^((?:@[^/]+\/)?[^/]+)(\/.+)?$/.exec(specifier) ?? [];
  if (name === undefined) return undefined;
  const root = findLinked(name, folder, workspaceRoot);
  if (root === undefined) return undefined;
  const manifest = join(root, 'package.json');
  const candidates = [...namesIn(manifest, `.${rest}`), ...(rest === '' ? ['src/index.ts'] : [])]
    .filter((file) => /(?<!\.d)\.[mc]?tsx?$/.test(file))
    .map((file) => join(root, file));
  const path = candidates.find((candidate) => existsSync(candidate));
  return path === undefined ? undefined : { path, manifest };
}

/** The package's own folder, when it is one of the workspace. */
function findLinked(name: string, from: string, workspaceRoot: string): string | undefined {
  const link =
    process.versions['pnp'] === undefined
      ? linkOf(name, from, workspaceRoot)
      : pnpPathOf(name, from);
  if (link === undefined) return undefined;
  const inside = relative(realpathSync(workspaceRoot), realpathSync(link)).split(sep);
  if (inside.includes('..') || inside.includes('node_modules')) return undefined;
  return join(workspaceRoot, ...inside);
}

function linkOf(name: string, from: string, workspaceRoot: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const link = join(folder, 'node_modules', name);
    if (existsSync(link)) return link;
    if (folder === workspaceRoot || folder === dirname(folder)) return undefined;
  }
}

/** What yarn adds to `node:module` in a process under Plug'n'Play. https://yarnpkg.com/advanced/pnpapi */
interface PnpModule {
  findPnpApi?(lookupSource: string): {
    resolveToUnqualified(request: string, issuer: string): string | null;
    resolveVirtual?(path: string): string | null;
  } | null;
}

function pnpPathOf(name: string, from: string): string | undefined {
  try {
    const issuer = from + sep;
    const api = (nodeModule as unknown as PnpModule).findPnpApi?.(issuer);
    const path = api?.resolveToUnqualified(name, issuer) ?? undefined;
    return path === undefined ? undefined : (api?.resolveVirtual?.(path) ?? path);
  } catch {
    return undefined; // no dependency of the package that asks
  }
}

/** Every file that a manifest names for a door of the package, whatever the conditions. */
function namesIn(manifest: string, door: string): string[] {
  try {
    const { exports, main, types } = JSON.parse(readFileSync(manifest, 'utf8')) as {
      exports?: unknown;
      main?: string;
      types?: string;
    };
    const own = door === '.' ? [main, types].filter((name) => name !== undefined) : [];
    if (typeof exports !== 'object' || exports === null) return [...leaves(exports), ...own];
    const doors = Object.entries(exports).filter(([key]) => key.startsWith('.'));
    if (doors.length === 0) return door === '.' ? [...leaves(exports), ...own] : [];
    return [
      ...doors.flatMap(([key, value]) => {
        const [head = '', tail] = key.split('*');
        if (tail === undefined) return key === door ? leaves(value) : [];
        if (!door.startsWith(head) || !door.endsWith(tail)) return [];
        const middle = door.slice(head.length, door.length - tail.length);
        return leaves(value).map((name) => name.replace('*', middle));
      }),
      ...own,
    ];
  } catch {
    return [];
  }
}

function leaves(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(leaves) : [];
}
