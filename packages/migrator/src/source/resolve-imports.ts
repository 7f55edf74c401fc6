import { extname, isAbsolute, join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ImportKind, OnResolveArgs, OnResolveResult, Plugin, PluginBuild } from 'esbuild';
import type { ModuleFormat } from './module-format';

/** The running engine's own door: `dist/index.js`, or `src/index.ts` in this repo's tests. */
const engineEntry = join(__dirname, '..', `index${extname(__filename)}`);

const engineName = '@flashfusion/migrator';

/**
 * Decides which imports become part of the compiled file. Local files, tsconfig `paths` and workspace packages (which
 * resolve to places outside node_modules) do; installed packages stay outside and are named by their absolute place,
 * since the compiled file lies elsewhere. `@flashfusion/migrator` is always the engine that is running, also
 * where the project could not resolve it.
 */
export function resolveImports(format: ModuleFormat): Plugin {
  return {
    name: 'flashfusion-imports',
    setup(build) {
      const known = new Map<string, Promise<OnResolveResult | undefined>>();
      build.onResolve({ filter: /^[^./]/ }, (args) => {
        if (args.kind === 'entry-point' || args.pluginData === asked || isAbsolute(args.path)) {
          return undefined;
        }
        if (args.path === engineName) return outside(engineEntry, args.kind, format);
        const key = [args.path, args.kind, args.resolveDir].join('\0');
        const result = known.get(key) ?? resolveOne(build, args, format);
        known.set(key, result);
        return result;
      });
    },
  };
}

/** Marks our own question to the compiler, so that it does not come back to us. */
const asked = Symbol('asked');

async function resolveOne(
  build: PluginBuild,
  args: OnResolveArgs,
  format: ModuleFormat,
): Promise<OnResolveResult | undefined> {
  const { importer, namespace, resolveDir } = args;
  // In CommonJS output an `import` becomes a `require`, which must find the package's CommonJS side.
  const required = format === 'cjs' && args.kind === 'import-statement';
  const kinds: ImportKind[] = required ? ['require-call', args.kind] : [args.kind];
  for (const kind of kinds) {
    const question = { importer, namespace, resolveDir, kind, pluginData: asked };
    const found = await build.resolve(args.path, question);
    if (found.errors.length > 0) continue;
    if (found.external || !isAbsolute(found.path)) {
      return { path: found.path, external: found.external };
    }
    if (!found.path.includes(`${sep}node_modules${sep}`)) return { path: found.path };
    return outside(found.path, args.kind, format);
  }
  // Let the compiler say it, with the place.
  return undefined;
}

function outside(path: string, kind: ImportKind, format: ModuleFormat): OnResolveResult {
  const byUrl = kind === 'dynamic-import' || (kind === 'import-statement' && format === 'esm');
  return { path: byUrl ? pathToFileURL(path).href : path, external: true };
}
