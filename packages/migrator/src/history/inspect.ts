import type { Session } from '../database/database';
import { remedyLine } from '../remedy';
import { MigratorError } from '../errors';
import { isoTime } from './columns';
import { CHAIN_FORMAT } from './formats';
import type { DatabaseStamp } from './state';
import type { HistoryTables } from './tables';

/** A column as the catalog describes it. */
export interface CatalogColumn {
  readonly name: string;
  /** As `format_type` prints it, e.g. `character varying(50)`. */
  readonly type: string;
  readonly notNull: boolean;
  /** Whether the server fills it in: a default, an identity or a generated column. */
  readonly filled: boolean;
}

/** What the catalog says of the history's tables. */
export type Inspection =
  | { readonly table: 'absent'; readonly schemaExists: boolean }
  | { readonly table: 'original'; readonly columns: ReadonlyMap<string, CatalogColumn> }
  | { readonly table: 'ours'; readonly format: number; readonly stamp: DatabaseStamp };

interface CatalogRow {
  readonly schema_exists: boolean;
  readonly relation: string | null;
  readonly kind: string | null;
  readonly name: string | null;
  readonly type: string | null;
  readonly not_null: boolean | null;
  readonly filled: boolean | null;
}

/**
 * Looks at the catalog to tell whose tables are there. The slow way, for when reading in the usual way did not work.
 *
 * @throws {MigratorError} `HISTORY_CORRUPT` when only half of the history is there, or a table that is not ours
 */
export async function inspect(session: Session, tables: HistoryTables): Promise<Inspection> {
  const { rows } = await session.query<CatalogRow>(
    `SELECT n.oid IS NOT NULL AS schema_exists, c.relname::text AS relation, c.relkind::text AS kind, a.attname::text AS name,
        pg_catalog.format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS not_null,
        (a.atthasdef OR a.attidentity <> '') AS filled
      FROM (SELECT 1) AS always
      LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = $1
      LEFT JOIN pg_catalog.pg_class c
        ON c.relnamespace = n.oid AND c.relname IN ('migration_history', 'migration_database', 'migration_chain')
      LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped`,
    [tables.schema],
  );
  const history = columnsOf(rows, 'migration_history', tables.history);
  const database = columnsOf(rows, 'migration_database', tables.database);
  const chain = columnsOf(rows, 'migration_chain', tables.chain);
  if (history === undefined) {
    if (database !== undefined) throw halfGone(tables.history, tables.database);
    return { table: 'absent', schemaExists: rows[0]?.schema_exists === true };
  }
  if (database !== undefined) {
    const stamped = await readStamp(session, tables);
    if (stamped.format >= CHAIN_FORMAT && chain === undefined)
      throw halfGone(tables.chain, tables.history);
    return { table: 'ours', ...stamped };
  }
  if (history.has('attempt') && history.has('run_id')) {
    throw halfGone(tables.database, tables.history);
  }
  if (!history.has('version') && !history.has('migration_name')) {
    throw new MigratorError(
      'HISTORY_CORRUPT',
      `${tables.history} is not a migration history: it has neither a column version nor migration_name.`,
      {
        hint: 'Give the migrator a schema of its own with `schema` in db.config, or rename that table.',
      },
    );
  }
  return { table: 'original', columns: history };
}

/**
 * Format and stamp, from the columns that every format has.
 *
 * @throws {MigratorError} `HISTORY_CORRUPT` when the rows are gone
 */
async function readStamp(
  session: Session,
  tables: HistoryTables,
): Promise<{ format: number; stamp: DatabaseStamp }> {
  const { rows } = await session.query<{ stamp: string }>(
    `SELECT (${stampSql(tables)})::text AS stamp`,
  );
  const stamp = parseStamp(rows[0]?.stamp ?? null);
  if (stamp === undefined) throw unstamped(tables);
  return stamp;
}

/** SQL of the stamp in force, as one JSON value; NULL where there is none. */
export function stampSql(tables: HistoryTables): string {
  return `SELECT pg_catalog.json_build_object('format', format, 'environment', environment, 'protected', protected,
        'since', ${isoTime('recorded_at')}, 'by', database_user)
      FROM ${tables.database} ORDER BY id DESC LIMIT 1`;
}

/** Parses what {@link stampSql} selected. */
export function parseStamp(
  json: string | null,
): { format: number; stamp: DatabaseStamp } | undefined {
  if (json === null) return undefined;
  const { format, ...stamp } = JSON.parse(json) as DatabaseStamp & { format: number };
  return { format, stamp };
}

/** The error for a history whose `migration_database` was emptied. */
export function unstamped(tables: HistoryTables): MigratorError {
  const environment = { placeholder: 'environment' };
  return new MigratorError(
    'HISTORY_CORRUPT',
    `${tables.database} has no rows: what this database is, and whether it is protected, was deleted.`,
    {
      hint: `Restore the table from a backup. Without one, stamp the database again with its own environment: \`${remedyLine(
        {
          command: 'repair',
          target: { project: { placeholder: 'project' }, environment },
          options: { 'adopt-environment': environment, confirm: environment },
        },
      )}\`.`,
    },
  );
}

function halfGone(gone: string, left: string): MigratorError {
  return new MigratorError(
    'HISTORY_CORRUPT',
    `${gone} is gone while ${left} is there: one of the history's tables was dropped.`,
    {
      hint: `Restore ${gone} from a backup. If nothing in this database has to be kept, create the database again.`,
    },
  );
}

function columnsOf(
  rows: readonly CatalogRow[],
  relation: string,
  qualified: string,
): Map<string, CatalogColumn> | undefined {
  const own = rows.filter((row) => row.relation === relation);
  if (own[0] === undefined) return undefined;
  if (own[0].kind !== 'r' && own[0].kind !== 'p') {
    throw new MigratorError('HISTORY_CORRUPT', `${qualified} is there but is not a table.`, {
      hint: 'Give the migrator a schema of its own with `schema` in db.config, or rename that relation.',
    });
  }
  return new Map(
    own.map((row) => [
      row.name ?? '',
      {
        name: row.name ?? '',
        type: row.type ?? '',
        notNull: row.not_null === true,
        filled: row.filled === true,
      },
    ]),
  );
}
