import { join } from 'node:path';
import { MigratorError, type Problem } from '../errors';
import { checkName, toSnakeCase } from '../migration/name';
import type { MigrationFile } from '../migration/types';
import type { KnownTables } from './known-tables';
import { nextVersion } from './next-version';
import { resolveDependencies } from './resolve-dependencies';
import { writeSource } from './write-source';

export interface ScaffoldOptions {
  readonly project: string;
  /** Names that the project had before. Default: none. */
  readonly formerNames?: readonly string[];
  /** Absolute. */
  readonly migrationsFolder: string;
  /** Any way of writing it: `Add teams`, `add-teams`, `addTeams`. */
  readonly name: string;
  readonly description: string;
  /** Names, versions, `project:name` or `project:version`. */
  readonly dependencies: readonly string[];
  readonly now: Date;
  /** The project's migrations. */
  readonly existing: readonly MigrationFile[];
  /** The tables that they create. Default: none are known. */
  readonly known?: KnownTables;
  /** Default: {@link nextVersion}, which knows nothing of other processes. */
  readonly chooseVersion?: (now: Date, existing: readonly string[]) => string | Promise<string>;
  /** Another project's migrations; `undefined` when there is no such project. */
  readonly resolveProject: (name: string) => Promise<readonly MigrationFile[] | undefined>;
  /** Names to suggest for an unknown project. */
  readonly projectNames?: readonly string[];
}

/** A new migration, not written yet. */
export interface ScaffoldedMigration {
  readonly fileName: string;
  /** Absolute. */
  readonly path: string;
  readonly version: string;
  /** snake_case. */
  readonly name: string;
  readonly source: string;
  /** Why the file must be edited before it can run; `undefined` for one that runs as generated. */
  readonly notWritten: string | undefined;
  /** As the file writes them: versions, or `project:version`. */
  readonly dependencies: string[];
}

/**
 * Makes a new typed migration. What its name says decides what it begins with:
 *
 * | name | begins with |
 * |---|---|
 * | `create_<table>`, `create_<a>_<b>_join_table` | CREATE TABLE |
 * | `drop_<table>` | the table moves to a schema of its own, from which `down` brings it back |
 * | `add_<column>[_and_<column>]_to_<table>` | ALTER TABLE … ADD COLUMN |
 * | `remove_<column>_from_<table>` | ALTER TABLE … DROP COLUMN; definition and values are rollback data |
 * | `rename_<table>_to_<table>`, `rename_<column>_to_<column>_in_<table>` | ALTER TABLE … RENAME |
 * | `create_index_on_<table>_<column>`, `add_<column>_index_to_<table>`, the same with `unique_index` | CREATE INDEX CONCURRENTLY, without a transaction |
 * | `add_foreign_key_from_<table>_to_<table>`, `add_<column>_foreign_key_to_<table>` | ADD FOREIGN KEY |
 * | `create_view_<view>`, `backfill_<column>_in_<table>` | the same, without the query or the value: a placeholder |
 * | anything else, or a name with several readings | a placeholder |
 *
 * A placeholder has `notWritten`: every command refuses it (`MIGRATION_NOT_WRITTEN`) until its author has edited it.
 *
 * The version is the present in UTC, or a second after the project's newest migration when that is later: it never
 * collides with one that is there, and never is out of order in its own project. Writes nothing.
 *
 * @throws {MigratorError} `INVALID_NAME`, `IDENTIFIER_TOO_LONG`, `INVALID_VERSION`, `UNKNOWN_PROJECT`, `UNKNOWN_DEPENDENCY`,
 *   `AMBIGUOUS_MIGRATION`; the name and all dependencies are checked at once
 */
export async function scaffoldMigration(options: ScaffoldOptions): Promise<ScaffoldedMigration> {
  const problems: Problem[] = [];
  const name = migrationName(options.name);
  if (typeof name !== 'string') problems.push(name);
  const resolved = await resolveDependencies({ ...options, wanted: options.dependencies });
  problems.push(...resolved.problems);
  if (typeof name !== 'string' || problems.length > 0) throw MigratorError.fromProblems(problems);

  const version = await (options.chooseVersion ?? nextVersion)(
    options.now,
    options.existing.map((file) => file.version),
  );
  const { dependencies } = resolved;
  const { source, notWritten } = await writeSource(
    {
      version,
      name,
      description: options.description.trim() === '' ? sentence(name) : options.description.trim(),
      dependencies,
    },
    options.known,
  );
  const fileName = `${version}_${name}.ts`;
  const path = join(options.migrationsFolder, fileName);
  return { fileName, path, version, name, source, notWritten, dependencies };
}

/** Words of any case and separator become snake_case; what could be a path or hides something is refused. */
function migrationName(given: string): string | Problem {
  if (/[\\/\u0000-\u001f\u007f]|\.\./.test(given)) {
    return {
      code: 'INVALID_NAME',
      message: `The migration name ${JSON.stringify(given)} holds a path or a control character.`,
      hint: 'Use letters, digits and _, for example create_user_profiles.',
    };
  }
  const name = toSnakeCase(given);
  return checkName(name) ?? name;
}

/** `create_user_profiles` → `Create user profiles`. */
function sentence(name: string): string {
  const words = name.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
