import { MigratorError, type Problem } from '../errors';
import { loadModules, type LoadOptions } from './load-modules';

/**
 * Loads one TypeScript or JavaScript module and gives back its default export (or `module.exports`).
 *
 * @param path absolute
 * @throws {MigratorError} `COMPILE_FAILED` with file, line and column; `LOAD_FAILED` when it throws, does not settle in
 *   time or ends the process
 * @example const config = await loadModule('/repo/apps/api/db.config.ts', { workspaceRoot: '/repo', timeoutMs: 10_000 });
 */
export async function loadModule(path: string, options: LoadOptions): Promise<unknown> {
  const [loaded] = await loadModules([path], options);
  if (loaded?.kind === 'loaded') return loaded.value;
  throw loadError(loaded?.problems ?? [], loaded?.cause);
}

/** One error for all of the problems; a single one keeps what was thrown as its cause. */
export function loadError(problems: readonly Problem[], cause: unknown): MigratorError {
  const [first, ...others] = problems;
  if (first === undefined || others.length > 0) return MigratorError.fromProblems(problems);
  return new MigratorError(first.code, first.message, { ...first, cause });
}
