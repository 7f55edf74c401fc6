import type { OpenOptions, ServerFacts } from './database';
import { quoteIdentifier } from './identifier';

/** Seconds after which a backend notices that its client is gone, also in the middle of a statement (Postgres 14 and newer). */
const CLIENT_CHECK = '1s';

/**
 * What every session of ours sets, by the names of Postgres. `pg_catalog` stays first as it is by default, `pg_temp` is put
 * last so that no temporary table can stand in for another.
 */
export function sessionSettings(options: OpenOptions): Record<string, string> {
  return {
    search_path: searchPath(options.searchPath),
    lock_timeout: String(Math.ceil(options.lockTimeoutMs)),
    statement_timeout: String(Math.ceil(options.statementTimeoutMs)),
    // A migration may think for long between two statements.
    idle_in_transaction_session_timeout: '0',
    default_transaction_read_only: options.access === 'read-only' ? 'on' : 'off',
  };
}

/** Schemas as the value of `search_path`. */
export function searchPath(schemas: readonly string[]): string {
  const before = schemas.filter((schema) => schema !== 'pg_temp');
  return [...before.map(quoteIdentifier), 'pg_temp'].join(', ');
}

/** Settings as the start-up parameter `options`: in force from the first statement, and what RESET goes back to. */
export function startupOptions(settings: Record<string, string>): string {
  return Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${value.replace(/[\\\s]/g, '\\$&')}`)
    .join(' ');
}

/** A statement's text and parameters. */
export interface Statement {
  readonly sql: string;
  readonly params: readonly string[];
}

/** Settings as a statement, for connections that are open already. */
export function setSettings(settings: Record<string, string>): Statement {
  const entries = Object.entries(settings);
  const calls = entries.map(
    (_, index) => `pg_catalog.set_config($${2 * index + 1}::text, $${2 * index + 2}::text, false)`,
  );
  return { sql: `SELECT ${calls.join(', ')}`, params: entries.flat() };
}

/** A row of {@link READ_FACTS}. */
export interface FactsRow {
  readonly version: number;
  readonly user_name: string;
  readonly database_name: string;
  readonly pid: number;
}

/** What the server knows of a new session. */
export const READ_FACTS = `
  SELECT pg_catalog.current_setting('server_version_num')::int AS version, session_user::text AS user_name,
         pg_catalog.current_database()::text AS database_name, pg_catalog.pg_backend_pid() AS pid`;

/**
 * The facts, and in the same round trip: let the backend look every second whether we are still there, so that a killed
 * runner frees its locks. Only on the very backend that we connected to, not on one that a pooler lends out.
 */
export const READ_FACTS_AND_WATCH_CLIENT = `
  SELECT facts.*, CASE WHEN facts.version >= 140000 AND facts.pid = $1::int
                       THEN pg_catalog.set_config('client_connection_check_interval', '${CLIENT_CHECK}', false) END
    FROM (${READ_FACTS}) AS facts`;

export function toServerFacts(row: FactsRow): ServerFacts {
  return {
    versionNumber: row.version,
    user: row.user_name,
    database: row.database_name,
    backendPid: row.pid,
  };
}
