import { defineMigration } from '@flashfusion/migrator';

export default defineMigration({
  version: '20251020120000',
  name: 'search_users_by_name',
  description: 'Find people by a part of their name, with trigrams',
  dependencies: ['20251003080000'],

  async up(db) {
    const { rows } = await db.query(`SELECT FROM pg_extension WHERE extname = 'pg_trgm'`);
    if (rows.length === 0) await db.query('CREATE EXTENSION pg_trgm');
    await db.query(`
      CREATE INDEX users_name_trgm_idx ON users
        USING gin ((first_name || ' ' || last_name) gin_trgm_ops)
    `);
    // An extension that was there before belongs to somebody else, and stays.
    return { createdExtension: rows.length === 0 };
  },

  async down(db, _agent, rollbackData) {
    await db.query('DROP INDEX users_name_trgm_idx');
    if (rollbackData.createdExtension) await db.query('DROP EXTENSION pg_trgm');
  },

  async validate(db) {
    const { rows } = await db.query<{ like: boolean }>(`SELECT 'Ada' % 'Adah' AS like`);
    return rows[0]?.like === true;
  },
});
