import { isBuiltin } from 'node:module';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isPromise } from 'node:util/types';

/** What a configuration file exported, and the files that it was made from. */
export interface EvaluatedConfig {
  readonly value: unknown;
  /** Absolute paths: the configuration and the local files it imports. */
  readonly files: readonly string[];
}

/** Builtins that only compute. */
const HARMLESS = ['path', 'url', 'os', 'util', 'querystring'];

/** Comments and the import of our own package, then one exported expression. */
const PLAIN =
  /^\uFEFF?(?:\s|\/\/[^\n]*\n|\/\*(?:(?!\*\/)[\s\S])*\*\/|import\s+(?:type\s+)?\{[^{}]*\}\s+from\s+(?:'@flashfusion\/migrator'|"@flashfusion\/migrator")\s*;?)*export\s+default\s([\s\S]*?)(?:\ssatisfies\s+Config)?;?\s*$/;

/**
 * What a configuration exports, found without running anything of the user's but the file itself and its local imports:
 * packages it imports are replaced by stand-ins that do nothing. Meant for looking at many configurations quickly.
 *
 * A file that is only `export default defineConfig({ … })` in plain JavaScript syntax, as most are, takes microseconds;
 * all others are bundled by esbuild, about a millisecond each once it has started.
 *
 * @param configPath absolute
 * @param source its text
 * @throws whatever the file throws, or esbuild's error
 */
export async function evaluateConfig(configPath: string, source: string): Promise<EvaluatedConfig> {
  const expression = PLAIN.exec(source)?.[1];
  if (expression !== undefined) {
    try {
      const value: unknown = newFunction(['defineConfig', 'process'], `return (${expression}\n);`)(
        same,
        inertProcess(),
      );
      return { value, files: [configPath] };
    } catch {
      // TypeScript syntax, or more than one expression: the compiler knows better, also what to say.
    }
  }
  return evaluateBundle(configPath);
}

async function evaluateBundle(configPath: string): Promise<EvaluatedConfig> {
  const folder = dirname(configPath);
  const esbuild = await loadEsbuild();
  const bundle = await esbuild.build({
    entryPoints: [configPath],
    absWorkingDir: folder,
    bundle: true,
    write: false,
    metafile: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    logLevel: 'silent',
    define: {
      'import.meta.url': JSON.stringify(pathToFileURL(configPath).href),
      'import.meta.dirname': JSON.stringify(folder),
      'import.meta.filename': JSON.stringify(configPath),
    },
  });
  const module: { exports: unknown } = { exports: {} };
  const names = ['module', 'exports', 'require', 'process', 'console', '__filename', '__dirname'];
  newFunction(names, bundle.outputFiles[0]?.text ?? '')(
    module,
    module.exports,
    requireNothing,
    inertProcess(),
    STAND_IN,
    configPath,
    folder,
  );
  const files = Object.keys(bundle.metafile.inputs).map((file) => resolve(folder, file));
  return { value: withoutStandIns(defaultOf(module.exports)), files };
}

function defaultOf(exported: unknown): unknown {
  if (typeof exported !== 'object' || exported === null || !('default' in exported))
    return exported;
  return '__esModule' in exported ? exported.default : exported;
}

/** A reader of the file can see its environment variables, and change or end nothing. */
function inertProcess(): unknown {
  let env: NodeJS.ProcessEnv | undefined;
  return {
    get env() {
      return (env ??= { ...process.env }); // a copy takes 0.1 ms, and few ask for it
    },
    cwd: () => process.cwd(),
    platform: process.platform,
    argv: [],
  };
}

function requireNothing(name: string): unknown {
  if (name === '@flashfusion/migrator') return { defineConfig: same, defineMigration: same };
  const bare = name.replace(/^node:/, '');
  if (isBuiltin(name) && HARMLESS.includes(bare)) return require(`node:${bare}`);
  return STAND_IN;
}

/** Stands in for a package: can be read, called and constructed to any depth, does nothing, and has no keys. */
const STAND_IN: unknown = new Proxy(function standIn() {}, {
  get: (_target, key) => {
    if (key === Symbol.toPrimitive) return () => '';
    return key === Symbol.iterator ? undefined : STAND_IN;
  },
  apply: () => STAND_IN,
  construct: () => STAND_IN as object,
});

/** Values that came of a package are unknown, so they are left out. No configuration is nested more than a few levels. */
function withoutStandIns(value: unknown, levels = 8): unknown {
  if (value === STAND_IN) return undefined;
  if (typeof value !== 'object' || value === null || levels === 0 || isPromise(value)) return value;
  if (Array.isArray(value)) return value.filter((item) => item !== STAND_IN);
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, withoutStandIns(item, levels - 1)]),
  );
}

function same<Value>(value: Value): Value {
  return value;
}

function newFunction(names: readonly string[], body: string): (...values: unknown[]) => unknown {
  // The user's own configuration, which every command runs as well.
  // eslint-disable-next-line @typescript-eslint/no-implied-eval
  return new Function(...names, body) as (...values: unknown[]) => unknown;
}

function loadEsbuild(): Promise<typeof import('esbuild')> {
  return import('esbuild');
}
