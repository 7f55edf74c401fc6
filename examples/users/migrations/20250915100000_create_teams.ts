import { defineMigration } from '@flashfusion/migrator';

export default defineMigration({
  version: '20250915100000',
  name: 'create_teams',
  description: 'Teams and the role that each member has',
  dependencies: ['20250910090000'],

  async up(db) {
    await db.query(`
      CREATE TYPE team_role AS ENUM ('owner', 'admin', 'member');

      CREATE TABLE teams (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      );

      CREATE TABLE team_members (
        team_id bigint NOT NULL REFERENCES teams ON DELETE CASCADE,
        user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        role team_role NOT NULL DEFAULT 'member',
        PRIMARY KEY (team_id, user_id)
      );
      CREATE INDEX team_members_user_id_idx ON team_members (user_id);
    `);
    return { tables: ['team_members', 'teams'], types: ['team_role'] };
  },

  async down(db, _agent, rollbackData) {
    for (const table of rollbackData.tables) await db.query(`DROP TABLE ${table}`);
    for (const type of rollbackData.types) await db.query(`DROP TYPE ${type}`);
  },

  async validate(db) {
    const { rows } = await db.query<{ roles: string }>(
      `SELECT array_to_string(enum_range(NULL::team_role), ',') AS roles`,
    );
    return rows[0]?.roles === 'owner,admin,member';
  },
});
