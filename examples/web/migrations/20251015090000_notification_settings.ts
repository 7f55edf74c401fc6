import { defineMigration } from '@flashfusion/migrator';

export default defineMigration({
  version: '20251015090000',
  name: 'notification_settings',
  description: 'Notification settings in a table of their own, out of the profile',
  dependencies: ['users:20250917102200'],

  async up(db) {
    await db.query(`
      CREATE TABLE notification_settings (
        user_id bigint PRIMARY KEY REFERENCES users ON DELETE CASCADE,
        by_email boolean NOT NULL DEFAULT true,
        digest text NOT NULL DEFAULT 'weekly' CHECK (digest IN ('never', 'daily', 'weekly'))
      )
    `);
    const { rows: moved } = await db.query<{ user_id: string; notifications: string }>(`
      INSERT INTO notification_settings (user_id, by_email)
        SELECT user_id, coalesce((preferences #>> '{notifications,email}')::boolean, true)
        FROM user_profiles WHERE preferences ? 'notifications'
      RETURNING user_id::text, (
        SELECT preferences ->> 'notifications' FROM user_profiles p
        WHERE p.user_id = notification_settings.user_id
      ) AS notifications
    `);
    await db.query(`
      UPDATE user_profiles SET preferences = preferences - 'notifications'
      WHERE preferences ? 'notifications'
    `);
    return { tables: ['notification_settings'], moved };
  },

  async down(db, _agent, rollbackData) {
    await db.query(
      `UPDATE user_profiles
       SET preferences = preferences || jsonb_build_object('notifications', moved.notifications::jsonb)
       FROM jsonb_to_recordset($1::jsonb) AS moved (user_id bigint, notifications text)
       WHERE user_profiles.user_id = moved.user_id`,
      [JSON.stringify(rollbackData.moved)],
    );
    for (const table of rollbackData.tables) await db.query(`DROP TABLE ${table}`);
  },

  async validate(db) {
    const { rows } = await db.query(
      `SELECT FROM user_profiles WHERE preferences ? 'notifications'`,
    );
    return rows.length === 0;
  },
});
