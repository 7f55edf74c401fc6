import { quoteAscii } from './identifier';
import { asUserSql, setConfigCalls, type SessionReset } from './session-settings';

/** The state of a session that the application keeps using, as it was when the runner opened it. */
export interface ApplicationState {
  /** Settings that the application has set in the session. */
  readonly settings: Record<string, string>;
  readonly user: string;
  /** Setting `role`: a name, or `none`. */
  readonly role: string;
  /** Names of what the application has created in the session. */
  readonly prepared: readonly string[];
  readonly cursors: readonly string[];
  readonly channels: readonly string[];
  readonly temporary: readonly string[];
}

/** One row with {@link ApplicationState} as JSON. */
export const READ_APPLICATION_STATE = `SELECT pg_catalog.json_build_object(
  'settings', (SELECT pg_catalog.json_object_agg(name, pg_catalog.current_setting(name))
                 FROM pg_catalog.pg_settings WHERE source = 'session' AND context IN ('user', 'superuser')
                  AND name NOT IN ('transaction_isolation', 'transaction_read_only', 'transaction_deferrable', 'seed')),
  'user', session_user::text,
  'role', pg_catalog.current_setting('role'),
  'prepared', (SELECT pg_catalog.json_agg(name) FROM pg_catalog.pg_prepared_statements),
  'cursors', (SELECT pg_catalog.json_agg(name) FROM pg_catalog.pg_cursors WHERE is_holdable),
  'channels', (SELECT pg_catalog.json_agg(name) FROM pg_catalog.pg_listening_channels() AS name),
  'temporary', (SELECT pg_catalog.json_agg(relname) FROM pg_catalog.pg_class
                  WHERE relnamespace = pg_catalog.pg_my_temp_schema() AND relkind NOT IN ('i', 't', 'I')))::text AS state`;

/** @param json the column `state` of {@link READ_APPLICATION_STATE} */
export function parseApplicationState(json: string): ApplicationState {
  const state = JSON.parse(json) as {
    [Key in keyof ApplicationState]: ApplicationState[Key] | null;
  };
  return {
    settings: state.settings ?? {},
    user: state.user ?? '',
    role: state.role ?? 'none',
    prepared: state.prepared ?? [],
    cursors: state.cursors ?? [],
    channels: state.channels ?? [],
    temporary: state.temporary ?? [],
  };
}

/** Statements that return the session to the application's state. They keep what the application has created. ASCII only. */
export function restoreApplicationSql(state: ApplicationState): string {
  const settings = setConfigCalls(state.settings);
  return [
    `SET SESSION AUTHORIZATION ${quoteAscii(state.user)}`,
    'RESET ALL',
    // The application's role need not own what the migrations have left.
    "SET role TO 'none'",
    remove(state.cursors, 'CLOSE ALL', OTHERS.cursors),
    remove(state.prepared, 'DEALLOCATE ALL', OTHERS.prepared),
    remove(state.channels, 'UNLISTEN *', OTHERS.channels),
    remove(state.temporary, 'DISCARD TEMP', OTHERS.temporary),
    'DISCARD PLANS',
    'DISCARD SEQUENCES',
    ...(settings === undefined ? [] : [`SELECT ${settings}`]),
    `SET role TO ${quoteAscii(state.role)}`,
  ].join('; ');
}

/** The reset between migrations: the application's state, then the runner's settings. */
export function applicationReset(
  state: ApplicationState,
  settings: Record<string, string>,
): SessionReset {
  return {
    restoreSql: `${restoreApplicationSql(state)}; SELECT ${setConfigCalls(settings) ?? 'NULL'}`,
    asLoginSql: asUserSql(quoteAscii(state.user), quoteAscii(state.role), settings),
  };
}

/** Queries for the names of one kind of object in the session, and the statement that removes one. */
const OTHERS = {
  cursors: {
    names:
      "SELECT name FROM pg_catalog.pg_cursors WHERE is_holdable AND name NOT LIKE '<unnamed portal%'",
    statement: 'CLOSE %I',
  },
  prepared: {
    names: 'SELECT name FROM pg_catalog.pg_prepared_statements',
    statement: 'DEALLOCATE %I',
  },
  channels: {
    names: 'SELECT name FROM pg_catalog.pg_listening_channels() AS name',
    statement: 'UNLISTEN %I',
  },
  temporary: {
    names: `SELECT relname AS name, relkind FROM pg_catalog.pg_class
              WHERE relnamespace = pg_catalog.pg_my_temp_schema() AND relkind IN ('r', 'p', 'v', 'S')`,
    statement: 'DROP %s IF EXISTS pg_temp.%I CASCADE',
  },
} as const;

/** Removes all objects of a kind, or, if the application has some of its own, all others. */
function remove(
  own: readonly string[],
  all: string,
  { names, statement }: { readonly names: string; readonly statement: string },
): string {
  if (own.length === 0) return all;
  // No dollar sign may end the block early.
  const kept = own.map((name) => quoteAscii(name).replaceAll('$', '\\x24')).join(', ');
  const values = statement.includes('%s')
    ? `CASE found.relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, found.name`
    : 'found.name';
  return `DO $restore$ DECLARE found pg_catalog.record; BEGIN
    FOR found IN SELECT * FROM (${names}) AS others WHERE name <> ALL (ARRAY[${kept}]::pg_catalog.text[]) LOOP
      EXECUTE pg_catalog.format('${statement}', ${values});
    END LOOP; END $restore$`;
}
