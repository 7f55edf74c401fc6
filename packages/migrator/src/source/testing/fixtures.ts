import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isNativeError } from 'node:util/types';
import type { MigratorError } from '../../errors';
import type { Migration, MigrationDatabase, MigrationContext } from '../../migration/types';
import { discoverMigrations } from '../discover-migrations';
import { loadMigrations } from '../load-migrations';

const fixtures = join(__dirname, '..', 'fixtures');

/** The folder of a named case, absolute. */
export function fixture(...names: string[]): string {
  return join(fixtures, ...names);
}

/** Finds and loads what is in a folder, as project `api`. */
export async function load(folder: string, workspaceRoot = folder): Promise<Migration[]> {
  const files = await discoverMigrations({ project: 'api', folder });
  return loadMigrations(files, { workspaceRoot, timeoutMs: 10_000 });
}

/** Runs `up` of a migration that needs no database. */
export function up(migration: Migration | undefined): unknown {
  return migration?.up({} as MigrationDatabase, {} as MigrationContext);
}

/** The error that a promise is rejected with. */
export async function refusal(promise: Promise<unknown>): Promise<MigratorError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isNativeError(error)) throw new Error('Nothing was refused');
  return error as MigratorError;
}

/** All problems as text, one after the other, with the folder's place taken out. */
export function tell(error: MigratorError, folder: string): string {
  const lines = error.problems.map(
    (problem) => `${problem.code} ${problem.message}\n  → ${problem.hint ?? 'no hint'}\n`,
  );
  return lines.join('').replaceAll(`${folder}/`, '');
}

/** Makes folders of files, for workspaces and for cases that git cannot hold, and removes them all with `clean`. */
export function temporaryFolders(): {
  make: (files?: Record<string, string | Buffer>) => string;
  clean: () => void;
} {
  const made: string[] = [];
  return {
    make(files = {}) {
      const folder = realpathSync(mkdtempSync(join(tmpdir(), 'flashfusion-test-')));
      made.push(folder);
      for (const [name, content] of Object.entries(files)) {
        mkdirSync(dirname(join(folder, name)), { recursive: true });
        writeFileSync(join(folder, name), content);
      }
      return folder;
    },
    clean() {
      for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
    },
  };
}
