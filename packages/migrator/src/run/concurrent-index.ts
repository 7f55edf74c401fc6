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
   WHERE NOT i.indisvalid AND c.relkind = 'i'
   ORDER BY 1`;

/** All invalid indexes of the database. (An index on a partitioned table's parent is not counted: it is valid or not by its parts.) */
export async function findInvalidIndexes(session: Session): Promise<InvalidIndex[]> {
  const { rows } = await session.query<{ name: string; table: string }>(INVALID_INDEXES);
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
    `SELECT found.* FROM (${INVALID_INDEXES}) AS found
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
  const known = new Set(before.map(({ name }) => name));
  const left = (await findInvalidIndexes(session)).filter(({ name }) => !known.has(name));
  if (left.length === 0) return;
  const names = left.map(({ name, table }) => `${name} on ${table}`).join(', ');
  throw new MigratorError('INVALID_INDEX', `The migration left an invalid index: ${names}.`, {
    hint: `Remove what made it fail (often duplicate rows), then migrate again: the index is dropped and built anew. By hand: ${left
      .map(({ name }) => `DROP INDEX CONCURRENTLY ${name};`)
      .join(' ')}`,
  });
}
