import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeThrown, MigratorError } from '../errors';

/** The names that a configuration file may have: its presence marks a project that has a database. */
export const CONFIG_FILE_NAMES: readonly string[] = [
  'db.config.ts',
  'db.config.mts',
  'db.config.cts',
  'db.config.js',
  'db.config.mjs',
  'db.config.cjs',
  'db.config.json',
];

function isErrno(error: unknown, ...codes: string[]): boolean {
  return codes.includes(String((error as { code?: unknown } | null)?.code));
}

/**
 * The configuration file of a folder.
 *
 * @param projectRoot absolute folder of a project
 * @returns its absolute path, `undefined` when there is none
 * @throws {MigratorError} `PROJECT_NOT_FOUND` when the folder does not exist; `INVALID_CONFIG` when it holds two of them
 */
export async function findConfigFile(projectRoot: string): Promise<string | undefined> {
  let names: string[];
  try {
    names = await readdir(projectRoot);
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTDIR')) throw error;
    throw new MigratorError('PROJECT_NOT_FOUND', `There is no folder ${projectRoot}.`, {
      where: projectRoot,
      hint: 'Give the folder of a project.',
    });
  }
  const present = CONFIG_FILE_NAMES.filter((name) => names.includes(name));
  if (present.length > 1) {
    throw new MigratorError(
      'INVALID_CONFIG',
      `${projectRoot} has ${present.length} configurations: ${present.join(', ')}.`,
      { where: projectRoot, hint: 'Keep one of them.' },
    );
  }
  return present[0] === undefined ? undefined : join(projectRoot, present[0]);
}

/**
 * What a `db.config.json` holds. Needs no compiler.
 *
 * @param path absolute path of the file
 * @throws {MigratorError} `INVALID_CONFIG` when it cannot be read or is not JSON
 */
export async function readJsonConfig(path: string): Promise<unknown> {
  try {
    const value: unknown = JSON.parse((await readFile(path, 'utf8')).replace(/^\uFEFF/, ''));
    return withoutSchemaKey(value);
  } catch (error) {
    const reason = (error as { message?: unknown } | null)?.message;
    throw new MigratorError(
      'INVALID_CONFIG',
      `${path} could not be read as JSON: ${describeThrown(reason)}`,
      {
        where: path,
        cause: error,
      },
    );
  }
}

/** Editors complete a JSON file by its `$schema`, which says nothing to us. */
function withoutSchemaKey(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const { $schema: _, ...rest } = value as Record<string, unknown>;
  return rest;
}
