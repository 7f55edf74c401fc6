import type { TestDatabase } from '../postgres';
import { until } from './until';

/** What tests look up, by ways of their own rather than the engine's. */
export interface HistoryRow {
  readonly name: string;
  readonly version: string;
  readonly project: string;
  readonly action: string;
  readonly state: string;
  readonly success: boolean;
  readonly attempt: number;
  readonly error_code: string | null;
  readonly finished_statements: number;
}

/** The rows of the history, oldest first. */
export function historyRows(database: Pick<TestDatabase, 'query'>): Promise<HistoryRow[]> {
  return database.query<HistoryRow>(
    `SELECT migration_name AS name, version, project, action, state, success, attempt, error_code, finished_statements
       FROM public.migration_history ORDER BY id`,
  );
}

/** Name of each migration → state of its latest row. */
export async function latestStates(
  database: Pick<TestDatabase, 'query'>,
): Promise<Record<string, string>> {
  return Object.fromEntries(
    (await historyRows(database)).map(({ name, state }) => [name, state] as const),
  );
}

/** Tables of the public schema that are not the migrator's own. */
export async function tableNames(database: Pick<TestDatabase, 'query'>): Promise<string[]> {
  const rows = await database.query<{ name: string }>(
    `SELECT tablename AS name FROM pg_tables
      WHERE schemaname = 'public' AND tablename NOT IN ('migration_history', 'migration_chain', 'migration_database') ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}

/** Waits until a session has ended: that of a runner that was killed, once the server notices. */
export function backendIsGone(database: Pick<TestDatabase, 'query'>, pid: number): Promise<true> {
  return until('the backend is gone', async () => {
    const rows = await database.query('SELECT FROM pg_stat_activity WHERE pid = $1', [pid]);
    return rows.length === 0;
  });
}
