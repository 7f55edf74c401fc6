import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isNativeError } from 'node:util/types';
import { MigratorError } from '../errors';
import { compileModules } from './compile-modules';
import { importModule, type LoadedModule } from './import-module';

/** What every loader needs to know. */
export interface LoadOptions {
  /** Absolute; where tsconfig.base.json is looked for. */
  readonly workspaceRoot: string;
  /** How long one module may take to load, in milliseconds. */
  readonly timeoutMs: number;
}

/**
 * Compiles the modules in one go and loads them one after the other. The compiled files lie in a private folder for as
 * long as that takes. Source maps are switched on for the process, and stay on, so that stack traces of what
 * runs later point at the lines of the sources.
 *
 * @param paths absolute; no other file is loaded, except what these import
 * @returns what became of each, in the same order
 * @throws {MigratorError} `LOAD_FAILED` if the private folder cannot be written
 */
export async function loadModules(
  paths: readonly string[],
  options: LoadOptions,
): Promise<LoadedModule[]> {
  if (paths.length === 0) return [];
  // Real, because source maps are relative to it. mkdtemp makes it readable for this user only.
  const outputFolder = inTemporaryFolder(() =>
    realpathSync(mkdtempSync(join(tmpdir(), 'flashfusion-'))),
  );
  try {
    const { workspaceRoot, timeoutMs } = options;
    const compiled = await compileModules(paths, { workspaceRoot, outputFolder });
    process.setSourceMapsEnabled(true);
    const loaded: LoadedModule[] = [];
    for (const [index, path] of paths.entries()) {
      const module = compiled[index];
      if (module === undefined) continue;
      if (module.kind === 'problems') {
        loaded.push(module);
        continue;
      }
      inTemporaryFolder(() => writeFileSync(module.outputPath, module.code, { mode: 0o600 }));
      // One after the other: what a module does while it loads is then never mixed up with another's.
      loaded.push(await importModule({ outputPath: module.outputPath, path, timeoutMs }));
    }
    return loaded;
  } finally {
    rmSync(outputFolder, { recursive: true, force: true });
  }
}

/** A full or missing temporary folder is a matter of the machine: the error names the folder and how to choose another one. */
function inTemporaryFolder<T>(write: () => T): T {
  try {
    return write();
  } catch (cause) {
    const folder = tmpdir();
    const reason = isNativeError(cause) ? cause.message : String(cause);
    throw new MigratorError(
      'LOAD_FAILED',
      `The compiled files cannot be written to the temporary folder ${folder}: ${reason}.`,
      {
        where: folder,
        hint: 'Make room there and check its permissions and the size limit of files (`ulimit -f`), or set TMPDIR to another folder.',
        cause,
      },
    );
  }
}
