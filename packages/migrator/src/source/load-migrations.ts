import { existsSync, readFileSync } from 'node:fs';
import type { Problem } from '../errors';
import type { Migration, MigrationFile } from '../migration/types';
import { checkDefinition } from './check-definition';
import { loadError } from './load-module';
import { loadModules, type LoadOptions } from './load-modules';
import { checksumOf } from './read-source';

/**
 * Compiles and loads migrations, and checks that each says what its file's name says. Types are not checked: that is
 * for the editor and `tsc`. Only the given files are touched.
 *
 * @param files as found by {@link discoverMigrations}; those to run, not those already applied
 * @returns the migrations, in the same order
 * @throws {MigratorError} with every problem of every file at once: `COMPILE_FAILED`, `LOAD_FAILED`, `INVALID_EXPORT`,
 *   `MIGRATION_NOT_WRITTEN`
 */
export async function loadMigrations(
  files: readonly MigrationFile[],
  options: LoadOptions,
): Promise<Migration[]> {
  const loaded = await loadModules(
    files.map((file) => file.path),
    options,
  );
  const migrations: Migration[] = [];
  const problems: Problem[] = [];
  let cause: unknown;
  for (const [index, file] of files.entries()) {
    const module = loaded[index];
    if (module?.kind !== 'loaded') {
      problems.push(...(module?.problems ?? []));
      cause = module?.cause;
      continue;
    }
    const checked = checkDefinition(file, module.value);
    if (checked.kind === 'problems') problems.push(...checked.problems);
    else migrations.push(checked.migration);
    problems.push(...changedMeanwhile(file));
  }
  if (problems.length > 0) throw loadError(problems, cause);
  return migrations;
}

/** The checksum goes into the history, so it must be that of what was loaded. */
function changedMeanwhile(file: MigrationFile): Problem[] {
  if (existsSync(file.path) && checksumOf(readFileSync(file.path)) === file.checksum) return [];
  return [
    {
      code: 'LOAD_FAILED',
      message: `${file.path} was changed while it was being loaded.`,
      hint: 'Run again when nobody is writing to it.',
      where: file.path,
    },
  ];
}
