import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** The `paths` of a workspace's root tsconfig. */
export interface TsconfigPaths {
  /** Absolute paths of the files that this was read from. */
  readonly files: readonly string[];
  /** Absolute targets by pattern, both with at most one `*`. */
  readonly paths: Readonly<Record<string, readonly string[]>>;
}

/**
 * Reads `paths` of tsconfig.base.json, or else of tsconfig.json, in the root of a workspace: where Nx keeps them. What they
 * extend is not read. Never throws; a tsconfig that cannot be read has no paths.
 */
export function readTsconfigPaths(workspaceRoot: string): TsconfigPaths {
  const file = ['tsconfig.base.json', 'tsconfig.json']
    .map((name) => join(workspaceRoot, name))
    .find((path) => existsSync(path));
  if (file === undefined) return { files: [], paths: {} };
  const { baseUrl = '.', paths = {} } = readOptions(file);
  const base = resolve(dirname(file), baseUrl);
  return {
    files: [file],
    paths: Object.fromEntries(
      Object.entries(paths).map(([pattern, targets]) => [
        pattern,
        targets.map((target) => resolve(base, target)),
      ]),
    ),
  };
}

/** Where a specifier may lie by the paths of a tsconfig, the most precise pattern first. */
export function expandAlias(specifier: string, { paths }: TsconfigPaths): string[] {
  const matches = Object.entries(paths).flatMap(([pattern, targets]) => {
    const [head = '', tail] = pattern.split('*');
    if (tail === undefined) {
      return pattern === specifier ? [{ rank: Infinity, targets }] : [];
    }
    if (!specifier.startsWith(head) || !specifier.endsWith(tail)) return [];
    if (specifier.length < head.length + tail.length) return [];
    const middle = specifier.slice(head.length, specifier.length - tail.length);
    return [{ rank: head.length, targets: targets.map((target) => target.replace('*', middle)) }];
  });
  return matches.sort((a, b) => b.rank - a.rank).flatMap(({ targets }) => targets);
}

interface Options {
  readonly baseUrl?: string;
  readonly paths?: Readonly<Record<string, readonly string[]>>;
}

function readOptions(file: string): Options {
  try {
    const text = withoutComments(readFileSync(file, 'utf8').replace(/^\uFEFF/, ''));
    return (JSON.parse(text) as { compilerOptions?: Options }).compilerOptions ?? {};
  } catch {
    return {};
  }
}

/** Makes JSON of a tsconfig: takes out comments and trailing commas, and leaves strings alone. */
function withoutComments(text: string): string {
  const string = /"(?:[^"\\]|\\.)*"/.source;
  return text
    .replace(new RegExp(`(${string})|//[^\\n]*|/\\*[^]*?\\*/`, 'g'), '$1')
    .replace(new RegExp(`(${string})|,(?=\\s*[}\\]])`, 'g'), '$1');
}
