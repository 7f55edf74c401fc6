import type { Session } from '../database/database';
import { sqlState } from '../database/failure';
import { parseStamp, stampSql } from './inspect';
import type { DatabaseStamp } from './state';
import { historyTables } from './tables';

/** The stamp in force of one schema of the database. */
export interface SchemaStamp {
  readonly schema: string;
  /** Format of the history in that schema. */
  readonly format: number;
  readonly stamp: DatabaseStamp;
  /** Whether the database user may write a stamp there. */
  readonly writable: boolean;
}

/** A schema whose stamp exists but cannot be read. */
export interface UnreadStamp {
  readonly schema: string;
  /** `denied`: the database user lacks a right; `empty`: the table has no rows. */
  readonly why: 'denied' | 'empty';
}

/** What the database is, by all of its histories: a database may hold one history per schema. */
export interface DatabaseStamps {
  /** In order of schema. */
  readonly read: readonly SchemaStamp[];
  /** In order of schema. An unread stamp may name another environment, and may be protected. */
  readonly unread: readonly UnreadStamp[];
}

/** Which stamps to read. */
export interface StampSelection {
  /** Leaves this schema out. */
  readonly except?: string;
  /** Reads at most this many of those that can be read, in no particular order. Default: all. */
  readonly sample?: number;
}

/** How many schemas one statement reads: a statement over thousands of tables would take a lock on each at once. */
const BATCH = 100;
/** How often all is read again because a schema was dropped in between. */
const ATTEMPTS = 5;
const GONE: readonly string[] = ['42P01', '3F000'];

/**
 * Reads the stamps of all schemas of the database that have a history: one round trip for the catalog, and one for every
 * hundred schemas. Writes nothing.
 *
 * @throws what the session throws
 */
export async function readStamps(
  session: Session,
  selection: StampSelection = {},
): Promise<DatabaseStamps> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await readOnce(session, selection);
    } catch (error) {
      if (attempt === ATTEMPTS || !GONE.includes(sqlState(error) ?? '')) throw error;
    }
  }
}

async function readOnce(session: Session, selection: StampSelection): Promise<DatabaseStamps> {
  const found = await findStampTables(session, selection);
  const readable = found.filter((table) => table.readable);
  const unread: UnreadStamp[] = found
    .filter((table) => !table.readable)
    .map(({ schema }) => ({ schema, why: 'denied' }));
  const read: SchemaStamp[] = [];
  for (let start = 0; start < readable.length; start += BATCH) {
    const schemas = readable.slice(start, start + BATCH);
    const stamps = schemas.map(({ schema }) => `(${stampSql(historyTables(schema))})::text`);
    const { rows } = await session.query<{ stamps: string }>(
      `SELECT pg_catalog.json_build_array(${stamps.join(', ')})::text AS stamps`,
    );
    const values = JSON.parse(rows[0]?.stamps ?? '[]') as (string | null)[];
    for (const [index, { schema, writable }] of schemas.entries()) {
      const parsed = parseStamp(values[index] ?? null);
      if (parsed === undefined) unread.push({ schema, why: 'empty' });
      else read.push({ schema, writable, ...parsed });
    }
  }
  return { read, unread };
}

interface StampTable {
  readonly schema: string;
  readonly readable: boolean;
  readonly writable: boolean;
}

/**
 * Finds our tables by their columns: a table of the application may have the same name. Index lookups, so that a sample
 * keeps the cost independent of the number of schemas.
 */
async function findStampTables(
  session: Session,
  { except, sample }: StampSelection,
): Promise<readonly StampTable[]> {
  const { rows } = await session.query<StampTable>(
    `SELECT schema, readable, writable FROM (SELECT n.nspname::text AS schema,
        pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT') AS readable,
        pg_catalog.has_any_column_privilege(c.oid, 'INSERT') AS writable
      FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relname = 'migration_database' AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
        AND n.nspname IS DISTINCT FROM $1::text
        AND (SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute a
          WHERE a.attrelid = c.oid AND NOT a.attisdropped
            AND a.attname IN ('id', 'format', 'environment', 'protected', 'recorded_at', 'database_user')) = 6) found
      ${sample === undefined ? 'ORDER BY schema' : `WHERE readable LIMIT ${sample}`}`,
    [except ?? null],
  );
  return rows;
}
