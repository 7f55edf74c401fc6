import type { Queryable } from '@flashfusion-examples/users';

/** Whether a feature is on for a user: by name for everyone, or for one of the user's teams. */
export async function isFeatureOn(db: Queryable, flag: string, userId: string): Promise<boolean> {
  const { rows } = await db.query<{ on: boolean }>(
    `SELECT f.enabled_for_all OR EXISTS (
       SELECT FROM feature_flag_teams t JOIN team_members m USING (team_id)
       WHERE t.flag = f.name AND m.user_id = $2
     ) AS on
     FROM feature_flags f WHERE f.name = $1`,
    [flag, userId],
  );
  return rows[0]?.on ?? false;
}
