import { execFile } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';

/** The engine as users run it: compiled, in a plain Node process, without anything of the test runner. */
export interface NativeEngine {
  /**
   * Runs a script, in which `discoverMigrations`, `loadMigrations`, `loadModule` and `withExitGuard` are defined.
   *
   * @returns what it printed, and how it ended
   */
  run(script: string): Promise<{ stdout: string; stderr: string; exitCode: number }>;
  remove(): void;
}

/** Compiles the engine's sources, file by file, into a folder of their own. */
export async function buildNativeEngine(): Promise<NativeEngine> {
  const sources = join(__dirname, '..', '..');
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'flashfusion-engine-')));
  const dist = join(folder, 'dist');
  mkdirSync(dist);
  symlinkSync(findNodeModules(sources), join(folder, 'node_modules'));
  const entryPoints = readdirSync(sources, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !/\.spec\.ts$|fixtures|testing/.test(name))
    .map((name) => join(sources, name));
  const logLevel = 'silent';
  await build({
    entryPoints,
    outbase: sources,
    outdir: dist,
    format: 'cjs',
    platform: 'node',
    logLevel,
  });

  const prelude = ['discover-migrations', 'load-migrations', 'load-module', 'guard-exit']
    .map(
      (name) =>
        `Object.assign(globalThis, require(${JSON.stringify(join(dist, 'source', name))}));`,
    )
    .join('\n');
  return {
    async run(script) {
      // Not `node -e`, which would define `module` and `require` for everybody.
      const file = join(folder, 'script.js');
      writeFileSync(file, `${prelude}\n(async () => {\n${script}\n})();`);
      try {
        const output = await promisify(execFile)(process.execPath, [file], { cwd: folder });
        return { ...output, exitCode: 0 };
      } catch (error) {
        const failure = error as { stdout: string; stderr: string; code: number };
        return { stdout: failure.stdout, stderr: failure.stderr, exitCode: failure.code };
      }
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function findNodeModules(from: string): string {
  // esbuild is a dependency of the engine: where it was found, its neighbours are.
  const entry = require.resolve('esbuild', { paths: [from] });
  return dirname(entry.slice(0, entry.lastIndexOf(join('esbuild', 'lib')) + 'esbuild'.length));
}
