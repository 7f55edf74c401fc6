import type { Session } from '../database/database';
import { quoteIdentifier } from '../database/identifier';
import { MigratorError, type ErrorCode } from '../errors';
import type { ParsedStatement } from './parse-sql';

/** An index that a failed CONCURRENTLY left behind: not used by queries, yet kept up to date by every write. */
export interface InvalidIndex {
  /** Quoted and schema-qualified. */
  readonly name: string;
  readonly table: string;
}

/** An invalid index that a failure may have left. */
interface Suspect extends InvalidIndex {
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

const INVALID_INDEXES = `SELECT ${INDEX_AND_TABLE} ${INVALID}`;

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
    hint: hintFor(left, 'INVALID_INDEX'),
  });
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

/**
 * Adds to a failure what became of the indexes that were being built, for that is to be seen in the history too: which are
 * left invalid, which may be, or that none is.
 *
 * @param last the statement that ran last, where it is known
 */
export async function withInvalidIndexes(
  error: MigratorError,
  session: Session,
  before: readonly InvalidIndex[],
  last: ParsedStatement | undefined,
): Promise<MigratorError> {
  if (error.code === 'INVALID_INDEX') return error;
  const mayLeave = last !== undefined && mayLeaveInvalidIndex(last);
  const found = await findSuspects(session, before);
  if (found === undefined) {
    if (!mayLeave) return error;
    return addTo(error, 'It may have left an invalid index: nobody could be asked.', LOOK_AND_DROP);
  }
  const left = found.filter(({ builder }) => builder === 'nobody');
  if (left.length > 0) return addTo(error, `It left ${namesOf(left)}.`, hintFor(left, error.code));
  if (!mayLeave) return error;
  const unclear = found.filter(({ builder }) => builder === 'unknown');
  if (unclear.length === 0) return addTo(error, 'It left no invalid index.', undefined);
  const what = `It may have left ${namesOf(unclear)}, unless another session is building it.`;
  return addTo(error, what, LOOK_AND_DROP);
}

function addTo(error: MigratorError, what: string, hint: string | undefined): MigratorError {
  const { code, message, where, cause, stack } = error;
  const told = new MigratorError(code, `${message}\n  ${what}`, {
    hint: [error.hint, hint].filter((part) => part !== undefined).join(' ') || undefined,
    where,
    cause,
  });
  if (stack !== undefined) told.stack = stack;
  return told;
}

/**
 * Indexes that became invalid since, with who is at work on them; `undefined` where nobody can be asked any more: a
 * connection that goes now, or a late cancel request, must not hide what had failed.
 */
async function findSuspects(
  session: Session,
  before: readonly InvalidIndex[],
): Promise<Suspect[] | undefined> {
  if (session.closed) return undefined;
  try {
    const { rows } = await session.query<Suspect>(
      `SELECT ${INDEX_AND_TABLE},
              CASE WHEN ${BUILT_BY_ANOTHER} THEN 'another' WHEN ${BEING_BUILT} THEN 'unknown' ELSE 'nobody' END AS builder
         ${INVALID} ORDER BY 1`,
    );
    return without(rows, before);
  } catch {
    return undefined;
  }
}

async function findNewInvalidIndexes(
  session: Session,
  before: readonly InvalidIndex[],
): Promise<InvalidIndex[]> {
  const { rows } = await session.query<{ name: string; table: string }>(
    `${ABANDONED_INDEXES} ORDER BY 1`,
  );
  return without(rows, before);
}

function without<Index extends InvalidIndex>(
  indexes: readonly Index[],
  before: readonly InvalidIndex[],
): Index[] {
  const known = new Set(before.map(({ name }) => name));
  return indexes.filter(({ name }) => !known.has(name));
}

function namesOf(left: readonly InvalidIndex[]): string {
  return `an invalid index: ${left.map(({ name, table }) => `${name} on ${table}`).join(', ')}`;
}

const LOOK =
  'To see what is invalid: SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid;';

const LOOK_AND_DROP = `${LOOK} A named index is dropped and built anew by the next run. By hand: DROP INDEX CONCURRENTLY <name>;`;

function hintFor(left: readonly InvalidIndex[], code: ErrorCode): string {
  const drops = left.map(({ name }) => `DROP INDEX CONCURRENTLY ${name};`).join(' ');
  // Waiting, cancelling and losing the connection are nothing that can be mended.
  const next =
    code === 'MIGRATION_FAILED' || code === 'INVALID_INDEX'
      ? 'Remove what made it fail (often duplicate rows), then migrate again: a named index is dropped and built anew.'
      : 'The next run drops a named index and builds it anew.';
  return `${next} ${LOOK} By hand: ${drops}`;
}
