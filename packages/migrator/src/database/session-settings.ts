import type { OpenOptions, ServerFacts } from './database';
import { quoteAscii, quoteIdentifier } from './identifier';

/** Seconds after which a backend notices that its client is gone, also in the middle of a statement (Postgres 14 and newer). */
const CLIENT_CHECK = '1s';

/** How the server must send values, so that they can be read and written back unchanged. */
const VALUE_SETTINGS = {
  client_encoding: 'UTF8',
  // Without the order of day and month, which decides how a migration's own literals are read: it stays as it is. lc_monetary
  // is not here for the same reason: it decides how '1.234,56'::money is read.
  DateStyle: 'ISO',
  IntervalStyle: 'postgres',
  extra_float_digits: '1',
  standard_conforming_strings: 'on',
  bytea_output: 'hex',
  xmloption: 'content',
} as const;

/**
 * The settings that every session of the runner sets, by the names of Postgres. `pg_catalog` stays first as it is by default,
 * `pg_temp` is put last so that no temporary table can stand in for another.
 */
export function sessionSettings(options: OpenOptions): Record<string, string> {
  return {
    ...VALUE_SETTINGS,
    search_path: searchPath(options.searchPath),
    lock_timeout: String(Math.ceil(options.lockTimeoutMs)),
    statement_timeout: String(Math.ceil(options.statementTimeoutMs)),
    // A migration may think for long between two statements.
    idle_in_transaction_session_timeout: '0',
    default_transaction_read_only: options.access === 'read-only' ? 'on' : 'off',
  };
}

/** Settings that older servers do not have. */
export function newerSettings(versionNumber: number): Record<string, string> {
  return {
    ...(versionNumber >= 140_000 && { idle_session_timeout: '0' }),
    ...(versionNumber >= 170_000 && { transaction_timeout: '0' }),
  };
}

/**
 * Start-up parameters that not every server takes: older ones do not know them (42704), and some operating systems cannot
 * tell that a client is gone (22023).
 */
export const OPTIONAL_STARTUP = {
  idle_session_timeout: '0',
  client_connection_check_interval: CLIENT_CHECK,
} as const;

/**
 * The start-up parameters for the settings of {@link sessionSettings}, without DateStyle, which would lose the order of day
 * and month ({@link correctedDefaults} has it where it is needed), and without `default_transaction_read_only` for a session
 * that writes: the server's own value decides whether it may.
 */
export function startupSettings(options: OpenOptions): Record<string, string> {
  const { DateStyle: _, default_transaction_read_only, ...settings } = sessionSettings(options);
  return {
    ...settings,
    ...(options.access === 'read-only' && { default_transaction_read_only }),
  };
}

/**
 * Further start-up parameters for a server whose own defaults do not do. They depend on what the server answered, because it
 * might not know them, or because a part of its default is to stay.
 */
export function correctedDefaults(facts: FactsRow): Record<string, string> {
  const { transaction_timeout: limit, date_style: dates } = facts;
  return {
    ...(limit !== null && limit !== '0' && { transaction_timeout: '0' }),
    ...(!dates.startsWith('ISO') && { DateStyle: `ISO, ${dates.split(', ')[1] ?? 'MDY'}` }),
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
    .map(([name, value]) => `-c ${name}=${escapeOption(value)}`)
    .join(' ');
}

/** One word of the start-up parameter `options`. */
export function escapeOption(text: string): string {
  return text.replace(/[\\\s]/g, '\\$&');
}

/** Calls of `set_config` for a SELECT list, in ASCII; `undefined` for no settings. */
export function setConfigCalls(settings: Record<string, string>): string | undefined {
  const calls = Object.entries(settings).map(
    ([name, value]) => `pg_catalog.set_config(${quoteAscii(name)}, ${quoteAscii(value)}, false)`,
  );
  return calls.length === 0 ? undefined : calls.join(', ');
}

/** Settings as a statement, for connections that are open already. */
export function setSettings(settings: Record<string, string>): string {
  return `SELECT ${setConfigCalls(settings) ?? 'NULL'}`;
}

/** How a session returns to its initial state, and how a statement runs as the user who logged in. */
export interface SessionReset {
  /** Resets everything that DISCARD ALL resets except advisory locks, then applies the runner's settings. ASCII only. */
  readonly restoreSql: string;
  /** As the session's field of this name. */
  readonly asLoginSql: string;
}

/**
 * The reset of a session that only the runner uses.
 *
 * @param settings those that RESET ALL does not bring back
 * @param timeouts with `lock_timeout` and `statement_timeout`, for the runner's own statements
 */
export function ownSessionReset(
  facts: FactsRow,
  settings: Record<string, string>,
  timeouts: Record<string, string> = settings,
): SessionReset {
  const login = loginName(facts);
  return {
    restoreSql: [
      'CLOSE ALL',
      `SET SESSION AUTHORIZATION ${login}`,
      'RESET ALL',
      'RESET ROLE',
      'DEALLOCATE ALL',
      'UNLISTEN *',
      'DISCARD PLANS',
      'DISCARD TEMP',
      'DISCARD SEQUENCES',
      setSettings(settings),
    ].join('; '),
    asLoginSql: asUserSql(login, 'DEFAULT', timeouts),
  };
}

/** Sets user, role and the limits of statements until the transaction ends. */
export function asUserSql(
  user: string,
  role: string,
  { lock_timeout: lock = '0', statement_timeout: statement = '0' }: Record<string, string>,
): string {
  return [
    `SET LOCAL SESSION AUTHORIZATION ${user}`,
    `SET LOCAL role TO ${role}`,
    `SET LOCAL lock_timeout TO ${quoteAscii(lock)}`,
    `SET LOCAL statement_timeout TO ${quoteAscii(statement)}`,
  ].join('; ');
}

/** PGlite has no user to go back to by DEFAULT, but takes the name. */
function loginName(facts: FactsRow): string {
  return facts.session_auth === '' ? quoteAscii(facts.user_name) : 'DEFAULT';
}

/** A row of {@link READ_FACTS}. */
export interface FactsRow {
  readonly version: number;
  readonly user_name: string;
  readonly database_name: string;
  readonly pid: number;
  /** Setting `session_authorization`; empty on PGlite. */
  readonly session_auth: string;
  /** Setting `transaction_timeout`; `null` before Postgres 17. */
  readonly transaction_timeout: string | null;
  /** Setting `DateStyle`, such as `SQL, DMY`. */
  readonly date_style: string;
  /** `true` if the server is in recovery: a standby. As text, since an application's pool may parse booleans its own way. */
  readonly standby: string;
  /** Setting `max_identifier_length`. */
  readonly longest_identifier: number;
  /** Setting `transaction_read_only`: `on` also on a standby and under `default_transaction_read_only`. */
  readonly read_only: string;
}

/** What the server knows of a new session. */
export const READ_FACTS = `
  SELECT pg_catalog.current_setting('server_version_num')::int AS version, session_user::text AS user_name,
         pg_catalog.current_database()::text AS database_name, pg_catalog.pg_backend_pid() AS pid,
         pg_catalog.current_setting('session_authorization') AS session_auth,
         pg_catalog.current_setting('transaction_timeout', true) AS transaction_timeout,
         pg_catalog.current_setting('DateStyle') AS date_style, pg_catalog.pg_is_in_recovery()::text AS standby,
         pg_catalog.current_setting('transaction_read_only') AS read_only,
         pg_catalog.current_setting('max_identifier_length')::int AS longest_identifier`;

/** Converts, since the application may have set its own parsers for `pg`. */
export function toServerFacts(row: FactsRow): ServerFacts {
  return {
    versionNumber: Number(row.version),
    user: row.user_name,
    database: row.database_name,
    backendPid: Number(row.pid),
    longestIdentifier: Number(row.longest_identifier),
  };
}
