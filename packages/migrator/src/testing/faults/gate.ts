import type { TestDatabase } from '../postgres';
import { until } from './until';

/** A point in a migration that is passed only when the test says so. */
export interface Gate {
  /** A statement that waits at the gate. */
  readonly sql: string;
  /** Waits until a session stands before the gate; gives its pid. */
  reached(): Promise<number>;
  /** Lets everybody through. */
  open(): Promise<void>;
}

let count = 4_700;

/** Closes a gate: an advisory lock that the test's own connection holds. */
export async function closeGate(database: TestDatabase): Promise<Gate> {
  const key = ++count;
  await database.query('SELECT pg_advisory_lock($1)', [key]);
  return {
    sql: `SELECT pg_advisory_xact_lock(${key})`,
    reached: () =>
      until('a session stands before the gate', async () => {
        const [waiting] = await database.query<{ pid: number }>(
          `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = ${key} AND NOT granted
             AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
        );
        return waiting?.pid;
      }),
    async open() {
      await database.query('SELECT pg_advisory_unlock($1)', [key]);
    },
  };
}
