import type { Session } from '../database/database';
import { columnTexts } from './columns';
import type { HistoryTables } from './tables';

/**
 * SQL of a row's hash: SHA-256, as hexadecimal digits, over every column that is not NULL and the hash of the row before it
 * in the chain of its environment and project. The server computes it, and no setting of the session changes it.
 *
 * @param alias the row of `migration_history`
 * @param previous SQL of the previous hash, NULL for the first row
 */
export function rowHash(alias: string, previous: string): string {
  const pairs = columnTexts(alias).map(({ name, sql }) => `'${name}', ${sql}`);
  // Every value is text here, so that jsonb_strip_nulls removes whole columns and nothing within one.
  const content = `pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(${pairs.join(', ')}))::text`;
  const bytes = `pg_catalog.convert_to(${content} || COALESCE(${previous}, ''), 'UTF8')`;
  return `pg_catalog.encode(pg_catalog.sha256(${bytes}), 'hex')`;
}

/** Writes the witnesses of all rows that are there, as if they had just been appended in the order of their ids. */
export async function chainExisting(session: Session, tables: HistoryTables): Promise<void> {
  const witness = (previous: string) =>
    `h.id, h.environment, h.project, h.version, h.attempt, ${previous}, ${rowHash('h', previous)}`;
  // Row by row through the index of (environment, project, id): a join over the whole table would be quadratic.
  await session.query(`WITH RECURSIVE chain (row_id, environment, project, version, attempt, previous, hash) AS (
      SELECT first.* FROM (SELECT DISTINCT environment, project FROM ${tables.history}) p
      CROSS JOIN LATERAL (SELECT ${witness('NULL::text')} FROM ${tables.history} h
        WHERE h.environment = p.environment AND h.project = p.project ORDER BY h.id LIMIT 1) first
      UNION ALL
      SELECT next.* FROM chain c
      CROSS JOIN LATERAL (SELECT ${witness('c.hash')} FROM ${tables.history} h
        WHERE h.environment = c.environment AND h.project = c.project AND h.id > c.row_id ORDER BY h.id LIMIT 1) next
    ) INSERT INTO ${tables.chain} (row_id, environment, project, version, attempt, previous, hash) SELECT * FROM chain`);
}

/** Lets everybody read and append witnesses who may read and append rows. */
export async function grantChain(session: Session, tables: HistoryTables): Promise<void> {
  const { rows } = await session.query<{ privilege: string; grantee: string }>(
    `SELECT DISTINCT a.privilege_type AS privilege,
        CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(r.rolname) END AS grantee
      FROM (
        SELECT (pg_catalog.aclexplode(COALESCE(c.relacl, pg_catalog.acldefault('r', c.relowner)))).*
          FROM pg_catalog.pg_class c WHERE c.oid = $1::text::regclass
        UNION ALL
        SELECT (pg_catalog.aclexplode(t.attacl)).* FROM pg_catalog.pg_attribute t WHERE t.attrelid = $1::text::regclass
      ) a LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
      WHERE a.privilege_type IN ('SELECT', 'INSERT') AND (a.grantee = 0 OR r.oid IS NOT NULL)`,
    [tables.history],
  );
  for (const { privilege, grantee } of rows) {
    await session.query(`GRANT ${privilege} ON ${tables.chain} TO ${grantee}`);
  }
}
