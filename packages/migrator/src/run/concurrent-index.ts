import type { Session } from '../database/database';
import { quoteIdentifier } from '../database/identifier';
import type { ParsedStatement } from './parse-sql';

/** An index that a failed CONCURRENTLY left behind: not used by queries, yet kept up to date by every write. */
export interface InvalidIndex {
  /** Quoted and schema-qualified. */
  readonly name: string;
  readonly table: string;
}

/** An invalid index, with who is at work on it. */
export interface Suspect extends InvalidIndex {
  /** `unknown`: some session builds on its table, and which index is not shown to us. */
  readonly builder: 'nobody' | 'another' | 'unknown';
}

/** Index names and tables are compared as `oid::regclass`, which depends on no search path once it is qualified here. */
const INDEX_AND_TABLE = `
  pg_catalog.format('%I.%I', n.nspname, c.relname) AS name, pg_catalog.format('%I.%I', tn.nspname, t.relname) AS table`;

const INVALID = `
    FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
    JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
   WHERE NOT i.indisvalid AND c.relkind = 'i'`;

/**
 * Another session is building the index right now: it is not valid yet, and none of our business. Between two of its waits
 * a build locks the table only, and which index it builds is shown to its own user and to pg_read_all_stats alone: for
 * everybody else, every index of that table may be the one.
 */
const BEING_BUILT = `EXISTS (
     SELECT FROM pg_catalog.pg_stat_progress_create_index p
       JOIN pg_catalog.pg_locks l ON l.pid = p.pid
      WHERE p.pid <> pg_catalog.pg_backend_pid()
        AND coalesce(nullif(p.index_relid, 0), i.indexrelid) = i.indexrelid
        AND l.locktype = 'relation' AND l.relation = i.indrelid AND l.granted
        AND l.mode = 'ShareUpdateExclusiveLock'
        AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))`;

/** Another session is known to be building this very index. */
const BUILT_BY_ANOTHER = `EXISTS (
     SELECT FROM pg_catalog.pg_stat_progress_create_index p
      WHERE p.pid <> pg_catalog.pg_backend_pid() AND p.index_relid = i.indexrelid
        AND p.datname = pg_catalog.current_database())`;

/**
 * With its builder. (An index on a partitioned table's parent is not counted: it is valid or not by its parts.)
 */
const SUSPECTS = `
  SELECT ${INDEX_AND_TABLE},
         CASE WHEN ${BUILT_BY_ANOTHER} THEN 'another' WHEN ${BEING_BUILT} THEN 'unknown' ELSE 'nobody' END AS builder
    ${INVALID}`;

/** All invalid indexes of the database, those that other sessions are building among them. */
export async function findInvalidIndexes(session: Session): Promise<Suspect[]> {
  return (await session.query<Suspect>(`${SUSPECTS} ORDER BY 1`)).rows;
}

/** The invalid index, if there is one, that has the name of what a `CREATE INDEX CONCURRENTLY x` is to build. */
export async function findInvalidIndexFor(
  session: Session,
  statement: ParsedStatement,
): Promise<Suspect | undefined> {
  const index = builtIndex(statement);
  if (typeof index?.name !== 'string') return undefined;
  const { rows } = await session.query<Suspect>(
    `SELECT found.* FROM (${SUSPECTS}) AS found
       JOIN pg_catalog.pg_class t ON t.oid = pg_catalog.to_regclass($1)
       JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
      WHERE found.name = pg_catalog.format('%I.%I', n.nspname, $2::text)`,
    [index.table, index.name],
  );
  return rows[0];
}

/**
 * The table on which a `CREATE INDEX CONCURRENTLY` builds, as {@link InvalidIndex} names it.
 *
 * @returns `undefined` if the statement builds no index concurrently, or if there is no such table
 */
export async function findBuiltTable(
  session: Session,
  statement: ParsedStatement,
): Promise<string | undefined> {
  const index = builtIndex(statement);
  if (index === undefined) return undefined;
  const { rows } = await session.query<{ table: string }>(
    `SELECT pg_catalog.format('%I.%I', n.nspname, t.relname) AS table
       FROM pg_catalog.pg_class t JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
      WHERE t.oid = pg_catalog.to_regclass($1)`,
    [index.table],
  );
  return rows[0]?.table;
}

/** Whether a statement is a `CREATE INDEX CONCURRENTLY`. */
export function buildsIndex(statement: ParsedStatement): boolean {
  return builtIndex(statement) !== undefined;
}

function builtIndex(
  statement: ParsedStatement,
): { readonly name: unknown; readonly table: string } | undefined {
  const index = statement.node['IndexStmt'];
  if (index?.['concurrent'] !== true) return undefined;
  const relation = index['relation'] as { schemaname?: string; relname: string };
  const table = [relation.schemaname, relation.relname]
    .filter((part) => part !== undefined)
    .map(quoteIdentifier)
    .join('.');
  return { name: index['idxname'], table };
}

/** Whether a statement that fails or is cut off may leave an invalid index. */
export function mayLeaveInvalidIndex(statement: ParsedStatement): boolean {
  return isConcurrent(statement) && /index/i.test(statement.sql);
}

/** Whether a statement waits for other transactions instead of keeping them waiting. */
export function isConcurrent(statement: ParsedStatement): boolean {
  return (
    Object.values(statement.node).some((fields) => fields['concurrent'] === true) ||
    /\bconcurrently\b/i.test(statement.sql)
  );
}
