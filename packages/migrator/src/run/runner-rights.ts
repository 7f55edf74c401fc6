import type { Session } from '../database/database';

/** Whether SQL may change as whom the session acts. */
export function mayChangeRole(sql: string): boolean {
  return /\b(?:role|authorization)\b/i.test(sql);
}

/**
 * Runs `work` as the login user, inside a transaction that is open, and puts the migration's role back afterwards: a
 * history row is written with the runner's rights and names the login user, whatever the migration has set.
 */
export async function asLoginUser(session: Session, work: () => Promise<void>): Promise<void> {
  const { rows } = await session.query<{ role: string; authorization: string }>(
    `SELECT pg_catalog.current_setting('role') AS role,
      pg_catalog.current_setting('session_authorization') AS authorization`,
  );
  await session.query('SET LOCAL SESSION AUTHORIZATION DEFAULT; SET LOCAL role TO DEFAULT');
  await work();
  const [before] = rows;
  await session.query("SELECT pg_catalog.set_config('session_authorization', $1, true)", [
    before?.authorization ?? '',
  ]);
  await session.query("SELECT pg_catalog.set_config('role', $1, true)", [before?.role ?? 'none']);
}
