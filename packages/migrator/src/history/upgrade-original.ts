import { quoteIdentifier } from '../database/identifier';
import type { Session } from '../database/database';
import { MigratorError } from '../errors';
import { sqlState } from '../database/failure';
import { loadSql } from './formats';
import { inspect, type CatalogColumn } from './inspect';
import {
  hasNumericId,
  numberAttempts,
  ORIGINAL_RUN_ID,
  readOriginal,
  UNKNOWN_TIME,
} from './original-agent';
import type { PrepareOptions } from './state';
import type { HistoryTables } from './tables';

/**
 * Turns the original agent's table into format 1, inside the caller's transaction: the table stays the same one, with its
 * rows, grants and any column that only it had.
 *
 * @throws {MigratorError} `HISTORY_UPGRADE_FAILED` when something in the database stands in the way, such as a view on one of
 *   its columns
 */
export async function upgradeOriginal(
  session: Session,
  tables: HistoryTables,
  options: PrepareOptions,
): Promise<void> {
  try {
    await upgradeInPlace(session, tables, options);
  } catch (error) {
    const { message, detail } = error as { message?: unknown; detail?: unknown };
    const state = sqlState(error);
    // Not enough rights, or the table is busy: true of any statement, and explained elsewhere.
    if (state === undefined || ['42501', '55P03', '40P01', '57014'].includes(state)) throw error;
    throw new MigratorError(
      'HISTORY_UPGRADE_FAILED',
      `The original agent's ${tables.history} could not be upgraded: ${String(message)}${typeof detail === 'string' ? ` (${detail})` : ''}. Nothing was changed.`,
      {
        hint: 'Drop the views, rules or foreign keys that depend on the table, run the command again, and create them again.',
        cause: error,
      },
    );
  }
}

async function upgradeInPlace(
  session: Session,
  tables: HistoryTables,
  options: PrepareOptions,
): Promise<void> {
  await session.query(`LOCK TABLE ${tables.history} IN ACCESS EXCLUSIVE MODE`);
  await dropUniqueness(session, tables);
  await makeIdsOurs(session, tables, await originalColumns(session, tables));
  const columns = await originalColumns(session, tables);
  const rows = await readOriginal(session, tables, columns);

  const malformed = await makeRollbackDataJson(session, tables, columns);
  await session.query(loadSql(['001_original_columns.sql'], tables));
  await dropForeignNotNull(session, tables, columns);
  const filled = [...numberAttempts(rows, options.environment)].map(({ row, attempt }) => ({
    id: row.rowId,
    version: row.version,
    environment: row.environment ?? options.environment,
    action: row.action,
    state: row.state,
    success: row.success,
    attempt,
  }));
  await session.query(
    `UPDATE ${tables.history} h SET
        project = $1, run_id = '${ORIGINAL_RUN_ID}', checksum_algorithm = 'legacy', dependencies = '[]', finished_statements = 0,
        version = r.version, environment = r.environment, action = r.action, state = r.state, success = r.success,
        attempt = r.attempt, migration_name = COALESCE(h.migration_name, ''), description = COALESCE(h.description, ''),
        checksum = COALESCE(h.checksum, ''), agent_version = COALESCE(h.agent_version, ''),
        executed_at = COALESCE(h.executed_at, '${UNKNOWN_TIME}'), execution_time_ms = COALESCE(h.execution_time_ms, 0)
      FROM pg_catalog.jsonb_to_recordset($2::text::jsonb) AS r(id bigint, version text, environment text, action text,
        state text, success boolean, attempt integer)
      WHERE h.id = r.id`,
    [options.project, JSON.stringify(filled)],
  );
  if (malformed.length > 0) {
    await session.query(
      `UPDATE ${tables.history} SET error_code = 'HISTORY_CORRUPT',
          error_message = 'The original agent left rollback data that is not JSON. It is kept as a JSON string.'
        WHERE id = ANY ($1::text::bigint[])`,
      [arrayLiteral(malformed)],
    );
  }
  await session.query(
    loadSql(['001_original_defaults.sql', '001_constraints.sql', '001_comments.sql'], tables),
  );
}

async function originalColumns(
  session: Session,
  tables: HistoryTables,
): Promise<ReadonlyMap<string, CatalogColumn>> {
  const found = await inspect(session, tables);
  return found.table === 'original' ? found.columns : new Map();
}

/** One row per version was the original agent's rule, perhaps; one row per attempt is ours. */
async function dropUniqueness(session: Session, tables: HistoryTables): Promise<void> {
  const { rows } = await session.query<{ constraint_name: string | null; index_name: string }>(
    `SELECT k.conname::text AS constraint_name, x.relname::text AS index_name
      FROM pg_catalog.pg_index i
      JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
      JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_catalog.pg_constraint k ON k.conindid = i.indexrelid AND k.conrelid = i.indrelid AND k.contype IN ('p', 'u')
      WHERE n.nspname = $1 AND c.relname = 'migration_history' AND i.indisunique`,
    [tables.schema],
  );
  for (const { constraint_name, index_name } of rows) {
    await session.query(
      constraint_name === null
        ? `DROP INDEX ${tables.quotedSchema}.${quoteIdentifier(index_name)}`
        : `ALTER TABLE ${tables.history} DROP CONSTRAINT ${quoteIdentifier(constraint_name)}`,
    );
  }
}

/** `id` becomes a bigint identity that goes on behind the highest id; an id of another kind is kept as `original_id`. */
async function makeIdsOurs(
  session: Session,
  tables: HistoryTables,
  columns: ReadonlyMap<string, CatalogColumn>,
): Promise<void> {
  if (!hasNumericId(columns)) {
    if (columns.has('id')) {
      await session.query(`ALTER TABLE ${tables.history} RENAME COLUMN id TO original_id`);
    }
    await session.query(
      `ALTER TABLE ${tables.history} ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY`,
    );
    return;
  }
  const sequence = await sequenceOf(session, tables);
  await session.query(
    `ALTER TABLE ${tables.history} ALTER COLUMN id DROP IDENTITY IF EXISTS, ALTER COLUMN id DROP DEFAULT`,
  );
  if (sequence !== null) await session.query(`DROP SEQUENCE IF EXISTS ${sequence}`);
  await session.query(
    `ALTER TABLE ${tables.history} ALTER COLUMN id TYPE bigint, ALTER COLUMN id SET NOT NULL,
      ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY`,
  );
  await session.query(
    `SELECT pg_catalog.setval(pg_catalog.pg_get_serial_sequence($1, 'id'),
        GREATEST(pg_catalog.max(id), 1), pg_catalog.max(id) IS NOT NULL) FROM ${tables.history}`,
    [tables.history],
  );
}

async function sequenceOf(session: Session, tables: HistoryTables): Promise<string | null> {
  const { rows } = await session.query<{ sequence: string | null }>(
    `SELECT pg_catalog.pg_get_serial_sequence($1, 'id') AS sequence`,
    [tables.history],
  );
  return rows[0]?.sequence ?? null;
}

/**
 * Rollback data kept as text becomes jsonb. Text that is not JSON becomes a JSON string, so that nothing is lost.
 *
 * @returns the ids of the rows whose text is not JSON
 */
async function makeRollbackDataJson(
  session: Session,
  tables: HistoryTables,
  columns: ReadonlyMap<string, CatalogColumn>,
): Promise<string[]> {
  const type = columns.get('rollback_data')?.type;
  if (type === undefined || type === 'jsonb') return [];
  const { rows } = await session.query<{ id: string; text: string }>(
    `SELECT id::text AS id, rollback_data::text AS text FROM ${tables.history} WHERE rollback_data::text <> ''`,
  );
  const sound = rows.filter(({ text }) => isJsonb(text)).map(({ id }) => id);
  await session.query(
    `ALTER TABLE ${tables.history} ALTER COLUMN rollback_data DROP DEFAULT,
      ALTER COLUMN rollback_data TYPE jsonb USING pg_catalog.to_jsonb(NULLIF(rollback_data::text, ''))`,
  );
  await session.query(
    `UPDATE ${tables.history} SET rollback_data = (rollback_data #>> '{}')::jsonb WHERE id = ANY ($1::text::bigint[])`,
    [arrayLiteral(sound)],
  );
  const known = new Set(sound);
  return rows.map(({ id }) => id).filter((id) => !known.has(id));
}

/** Whether jsonb takes a text: JSON without NUL characters, lone surrogates and numbers beyond all bounds. */
function isJsonb(text: string): boolean {
  const takes = (value: unknown): boolean =>
    typeof value === 'string'
      ? !/\p{Surrogate}/u.test(value) && !value.includes('\0')
      : typeof value !== 'number' || Number.isFinite(value);
  try {
    let sound = true;
    JSON.parse(text, (key, value: unknown) => {
      sound &&= takes(key) && takes(value);
      return value;
    });
    return sound;
  } catch {
    return false;
  }
}

/** Columns that only the original agent's table has must not keep new rows out. */
async function dropForeignNotNull(
  session: Session,
  tables: HistoryTables,
  columns: ReadonlyMap<string, CatalogColumn>,
): Promise<void> {
  for (const column of columns.values()) {
    if (!column.notNull || column.filled) continue;
    // Ours get their NOT NULL back with 001_original_defaults.sql; the primary key's is part of the key.
    if (column.name === 'id') continue;
    await session.query(
      `ALTER TABLE ${tables.history} ALTER COLUMN ${quoteIdentifier(column.name)} DROP NOT NULL`,
    );
  }
}

function arrayLiteral(ids: readonly string[]): string {
  return `{${ids.join(',')}}`;
}
