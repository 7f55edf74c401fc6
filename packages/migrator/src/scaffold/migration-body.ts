import { columnBody } from './bodies/columns';
import { foreignKeyBody } from './bodies/foreign-key';
import { indexBody } from './bodies/indexes';
import { backfillBody, emptyBody, viewBody } from './bodies/placeholders';
import { removedColumnsBody } from './bodies/removed-columns';
import { renameBody } from './bodies/renames';
import { tableBody } from './bodies/tables';
import type { MigrationBody } from './bodies/body';
import type { Change, Intent } from './change';

/** What a body may depend on besides the change. */
export interface BodyOptions {
  /** The name of the migration, for the reason of a placeholder. */
  readonly name: string;
  /** Makes names in the database unique. */
  readonly version: string;
}

/**
 * The body that a name asks for. One without `notWritten` runs, validates and reverts as generated, provided that the tables
 * that it alters exist. One with `notWritten` is refused until the author has edited it.
 *
 * @throws {MigratorError} `IDENTIFIER_TOO_LONG`
 */
export function migrationBody(intent: Intent, options: BodyOptions): MigrationBody {
  switch (intent.kind) {
    case 'other':
      return emptyBody(options.name);
    case 'unclear':
      return { ...bodyOf(intent.likely, options), notWritten: intent.reason };
    default:
      return bodyOf(intent, options);
  }
}

function bodyOf(change: Change, { version }: BodyOptions): MigrationBody {
  switch (change.kind) {
    case 'create-table':
    case 'create-join-table':
    case 'drop-table':
      return tableBody(change, version);
    case 'add-columns':
      return columnBody(change);
    case 'remove-columns':
      return removedColumnsBody(change);
    case 'rename-table':
    case 'rename-column':
      return renameBody(change);
    case 'create-index':
    case 'create-unique-index':
      return indexBody(change);
    case 'add-foreign-key':
      return foreignKeyBody(change);
    case 'create-view':
      return viewBody(change.view);
    case 'backfill':
      return backfillBody(change.table, change.column);
  }
}
