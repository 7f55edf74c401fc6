import { defineMigration } from '@flashfusion/migrator';

export default defineMigration({
  version: '20251001120000',
  name: 'create_feature_flags',
  description: 'Features that are switched on for everyone or for some teams',
  dependencies: ['users:20250915100000'],

  async up(db) {
    await db.query(`
      CREATE TABLE feature_flags (
        name text PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9-]*$'),
        enabled_for_all boolean NOT NULL DEFAULT false
      );
      CREATE TABLE feature_flag_teams (
        flag text NOT NULL REFERENCES feature_flags ON DELETE CASCADE,
        team_id bigint NOT NULL REFERENCES teams ON DELETE CASCADE,
        PRIMARY KEY (flag, team_id)
      );
    `);
    return { tables: ['feature_flag_teams', 'feature_flags'] };
  },

  async down(db, _agent, rollbackData) {
    for (const table of rollbackData.tables) await db.query(`DROP TABLE ${table}`);
  },

  async validate(db) {
    const { rows } = await db.query<{ keys: string }>(
      `SELECT count(*)::text AS keys FROM pg_constraint
       WHERE conrelid = 'feature_flag_teams'::regclass AND contype = 'f'`,
    );
    return rows[0]?.keys === '2';
  },
});
