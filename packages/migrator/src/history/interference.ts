import type { Session } from '../database/database';
import { quoteIdentifier } from '../database/identifier';
import { MigratorError } from '../errors';
import { rowHash } from './chain';
import type { NewHistoryEntry } from './entry';
import type { HistoryTables } from './tables';

/** Something that a user put on a table of the history and that can change or remove rows. */
interface Interference {
  readonly kind: 'trigger' | 'rule' | 'policy';
  readonly name: string;
  /** Table that it is on, without its schema. */
  readonly relation: string;
  /** A constraint trigger that fires at COMMIT unless it is told to fire earlier. */
  readonly deferred: boolean;
}

/** SQL that tells, from the catalog's flags, whether {@link Interference} is possible at all. */
export function interferenceFlag(tables: HistoryTables): string {
  return `(SELECT pg_catalog.bool_or(c.relhastriggers OR c.relhasrules OR c.relrowsecurity)
      FROM pg_catalog.pg_class c WHERE c.oid IN (${regclass(tables.history)}, ${regclass(tables.chain)}))`;
}

/**
 * Reads a row back that was just written, where triggers, rules or policies could have removed or changed it afterwards.
 * Deferred triggers on the two tables are fired first.
 *
 * @throws {MigratorError} `HISTORY_CORRUPT` naming what is on the tables
 */
export async function proveWritten(
  session: Session,
  tables: HistoryTables,
  entry: NewHistoryEntry,
  rowId: string,
): Promise<void> {
  const found = await findInterference(session, tables);
  const deferred = found.filter((one) => one.deferred);
  if (deferred.length > 0) {
    const names = deferred.map(({ name }) => `${tables.quotedSchema}.${quoteIdentifier(name)}`);
    await session.query(`SET CONSTRAINTS ${names.join(', ')} IMMEDIATE`);
  }
  const { rows } = await session.query<{ outcome: string }>(
    `SELECT CASE WHEN h.id IS NULL OR c.row_id IS NULL THEN 'was removed after it was written'
        WHEN c.hash <> ${rowHash('h', 'c.previous')} THEN 'was changed after it was written' ELSE 'is there' END AS outcome
      FROM (SELECT $1::text::bigint AS id) asked
      LEFT JOIN ${tables.history} h ON h.id = asked.id LEFT JOIN ${tables.chain} c ON c.row_id = asked.id`,
    [rowId],
  );
  const outcome = rows[0]?.outcome ?? 'is there';
  if (outcome !== 'is there') throw lost(tables, entry, outcome, found);
}

/** The error for a row that is not there although its INSERT succeeded. */
export async function rowLost(
  session: Session,
  tables: HistoryTables,
  entry: NewHistoryEntry,
  what: string,
): Promise<MigratorError> {
  return lost(tables, entry, what, await findInterference(session, tables));
}

function lost(
  tables: HistoryTables,
  entry: NewHistoryEntry,
  what: string,
  found: readonly Interference[],
): MigratorError {
  const names = found.map(({ kind, name, relation }) => `${kind} ${name} on ${relation}`);
  const list = names.length === 0 ? 'a trigger or rule that is gone by now' : names.join(', ');
  return new MigratorError(
    'HISTORY_CORRUPT',
    `The row of ${entry.id} ${what}: ${tables.quotedSchema} has ${list}.`,
    {
      hint: `Remove triggers, rules and row security policies from ${tables.history} and ${tables.chain}, then run status.`,
      where: entry.id,
    },
  );
}

async function findInterference(
  session: Session,
  tables: HistoryTables,
): Promise<readonly Interference[]> {
  const { rows } = await session.query<Interference>(
    `SELECT f.kind, f.name, c.relname::text AS relation, f.deferred FROM pg_catalog.pg_class c
      CROSS JOIN LATERAL (
        SELECT 'trigger' AS kind, t.tgname::text AS name, t.tgdeferrable AS deferred FROM pg_catalog.pg_trigger t
          WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled <> 'D'
        UNION ALL
        SELECT 'rule', r.rulename::text, false FROM pg_catalog.pg_rewrite r WHERE r.ev_class = c.oid AND r.ev_enabled <> 'D'
        UNION ALL
        SELECT 'policy', p.polname::text, false FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid AND c.relrowsecurity
      ) f
      WHERE c.oid IN (${regclass(tables.history)}, ${regclass(tables.chain)}) ORDER BY 1, 2`,
  );
  return rows;
}

/** A qualified, quoted name as SQL of its oid. */
export function regclass(qualified: string): string {
  return `'${qualified.replaceAll("'", "''")}'::pg_catalog.regclass`;
}
