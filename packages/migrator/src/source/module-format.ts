import { readFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';

/** How a module is compiled. */
export type ModuleFormat = 'esm' | 'cjs';

/**
 * The format of a file by Node's own rules: its extension, else the `type` of the nearest package.json. A top-level
 * `await` forces an ES module too, but only the compiler sees that.
 */
export function moduleFormat(path: string): ModuleFormat {
  const extension = extname(path);
  if (extension === '.mts' || extension === '.mjs') return 'esm';
  if (extension === '.cts' || extension === '.cjs') return 'cjs';
  return packageType(dirname(path)) === 'module' ? 'esm' : 'cjs';
}

function packageType(folder: string): unknown {
  for (let current = folder; ; current = dirname(current)) {
    try {
      const text = readFileSync(join(current, 'package.json'), 'utf8');
      // The nearest one decides, even where it does not say.
      return (JSON.parse(text) as { type?: unknown }).type;
    } catch (error) {
      // A broken package.json is for others to complain about.
      if (isSyntaxError(error)) return undefined;
    }
    if (dirname(current) === current) return undefined;
  }
}

function isSyntaxError(error: unknown): boolean {
  return (error as Error).name === 'SyntaxError';
}
