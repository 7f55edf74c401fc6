import { defineMigration } from '@flashfusion/migrator';

export default defineMigration({
  version: '20250910090000',
  name: 'create_users',
  description: 'Accounts, one per email address',
  dependencies: [],

  async up(db) {
    await db.query(`
      CREATE TABLE users (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        email text NOT NULL CHECK (email LIKE '%_@_%'),
        full_name text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      );
      -- People write their address in any case, but it is one account.
      CREATE UNIQUE INDEX users_email_key ON users (lower(email));
    `);
    return { tables: ['users'] };
  },

  async down(db, _agent, rollbackData) {
    for (const table of rollbackData.tables) await db.query(`DROP TABLE ${table}`);
  },

  async validate(db) {
    const { rows } = await db.query<{ unique: boolean }>(
      `SELECT indisunique AS unique FROM pg_index WHERE indexrelid = 'users_email_key'::regclass`,
    );
    return rows[0]?.unique === true;
  },
});
