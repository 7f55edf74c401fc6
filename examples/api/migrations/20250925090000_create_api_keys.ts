import { defineMigration } from '@flashfusion/migrator';

export default defineMigration({
  version: '20250925090000',
  name: 'create_api_keys',
  description: 'API keys, of which only a hash is stored',
  dependencies: ['users:20250910090000'],

  async up(db) {
    await db.query(`
      CREATE TABLE api_keys (
        key_hash text PRIMARY KEY CHECK (key_hash ~ '^[0-9a-f]{64}$'),
        user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        label text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        revoked_at timestamptz
      );
      CREATE INDEX api_keys_user_id_idx ON api_keys (user_id) WHERE revoked_at IS NULL;
    `);
    return { tables: ['api_keys'] };
  },

  async down(db, _agent, rollbackData) {
    for (const table of rollbackData.tables) await db.query(`DROP TABLE ${table}`);
  },

  async validate(db) {
    const { rows } = await db.query<{ plain: boolean }>(
      `SELECT EXISTS (
         SELECT FROM information_schema.columns WHERE table_name = 'api_keys' AND column_name = 'key'
       ) AS plain`,
    );
    return rows[0]?.plain === false;
  },
});
