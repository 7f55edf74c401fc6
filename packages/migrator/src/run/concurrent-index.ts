import type { Session } from '../database/database';
import { quoteIdentifier } from '../database/identifier';
import { MigratorError } from '../errors';
import type { ParsedStatement } from './parse-sql';

/** An index that a failed CONCURRENTLY left behind: not used by queries, yet kept up to date by every write. */
export interface InvalidIndex {
  /** Quoted and schema-qualified. */
  readonly name: string;
  readonly table: string;
}

/** Index names and tables are compared as `oid::regclass`, which depends on no search path once it is qualified here. */
const INVALID_INDEXES = `
  SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name,
         pg_catalog.format('%I.%I', tn.nspname, t.relname) AS table
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

/** What failed builds have left, and nobody is working on. */
const ABANDONED_INDEXES = `${INVALID_INDEXES} AND NOT ${BEING_BUILT}`;

/**
 * All invalid indexes of the database. (An index on a partitioned table's parent is not counted: it is valid or not by its parts.)
 * Those that other sessions are building are among them: should they fail, it is not the migration that left them.
 */
export async function findInvalidIndexes(session: Session): Promise<InvalidIndex[]> {
  const { rows } = await session.query<{ name: string; table: string }>(
    `${INVALID_INDEXES} ORDER BY 1`,
  );
  return rows;
}

/**
 * Before `CREATE INDEX CONCURRENTLY x`: drops an invalid index of that name, which a failed attempt has left and which
 * `IF NOT EXISTS` would otherwise take for the real one.
 *
 * @returns the dropped index, if there was one
 */
export async function dropInvalidIndexFor(
  session: Session,
  statement: ParsedStatement,
): Promise<InvalidIndex | undefined> {
  const index = statement.node['IndexStmt'];
  if (index?.['concurrent'] !== true || typeof index['idxname'] !== 'string') return undefined;
  const relation = index['relation'] as { schemaname?: string; relname: string };
  const table = [relation.schemaname, relation.relname]
    .filter((part) => part !== undefined)
    .map(quoteIdentifier)
    .join('.');
  const { rows } = await session.query<{ name: string; table: string }>(
    `SELECT found.* FROM (${ABANDONED_INDEXES}) AS found
       JOIN pg_catalog.pg_class t ON t.oid = pg_catalog.to_regclass($1)
       JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
      WHERE found.name = pg_catalog.format('%I.%I', n.nspname, $2::text)`,
    [table, index['idxname']],
  );
  const found = rows[0];
  if (found) await session.query(`DROP INDEX CONCURRENTLY IF EXISTS ${found.name}`);
  return found;
}

/** @throws {MigratorError} `INVALID_INDEX` naming every index that became invalid since `before` */
export async function refuseNewInvalidIndexes(
  session: Session,
  before: readonly InvalidIndex[],
): Promise<void> {
  const left = await findNewInvalidIndexes(session, before);
  if (left.length === 0) return;
  throw new MigratorError('INVALID_INDEX', `The migration left ${namesOf(left)}.`, {
    hint: hintFor(left),
  });
}

/**
 * Adds to a failure the indexes that it left invalid, for they are to be seen in the history too.
 *
 * @returns the error itself where there is none, or where nobody can be asked any more
 */
export async function withInvalidIndexes(
  error: MigratorError,
  session: Session,
  before: readonly InvalidIndex[],
): Promise<MigratorError> {
  if (error.code === 'INVALID_INDEX' || session.closed) return error;
  let left: InvalidIndex[];
  try {
    left = await findNewInvalidIndexes(session, before);
  } catch {
    // A connection that goes now, or a late cancel request, must not hide what had failed.
    return error;
  }
  if (left.length === 0) return error;
  const { code, message, hint, where, cause, stack } = error;
  const told = new MigratorError(code, `${message}\n  It left ${namesOf(left)}.`, {
    hint: [hint, hintFor(left)].filter((part) => part !== undefined).join(' '),
    where,
    cause,
  });
  if (stack !== undefined) told.stack = stack;
  return told;
}

async function findNewInvalidIndexes(
  session: Session,
  before: readonly InvalidIndex[],
): Promise<InvalidIndex[]> {
  const { rows } = await session.query<{ name: string; table: string }>(
    `${ABANDONED_INDEXES} ORDER BY 1`,
  );
  const known = new Set(before.map(({ name }) => name));
  return rows.filter(({ name }) => !known.has(name));
}

function namesOf(left: readonly InvalidIndex[]): string {
  return `an invalid index: ${left.map(({ name, table }) => `${name} on ${table}`).join(', ')}`;
}

function hintFor(left: readonly InvalidIndex[]): string {
  const drops = left.map(({ name }) => `DROP INDEX CONCURRENTLY ${name};`).join(' ');
  return `Remove what made it fail (often duplicate rows), then migrate again: the index is dropped and built anew. By hand: ${drops}`;
}
