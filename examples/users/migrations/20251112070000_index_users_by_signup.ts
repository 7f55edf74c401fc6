import { defineMigration } from '@flashfusion/migrator';

export default defineMigration({
  version: '20251112070000',
  name: 'index_users_by_signup',
  description: 'Newest accounts first, without locking the table while the index is built',
  dependencies: ['20250910090000'],
  transaction: false,

  async up(db) {
    await db.query('CREATE INDEX CONCURRENTLY users_created_at_idx ON users (created_at DESC)');
    return { indexes: ['users_created_at_idx'] };
  },

  async down(db, _agent, rollbackData) {
    for (const index of rollbackData.indexes) {
      await db.query(`DROP INDEX CONCURRENTLY IF EXISTS ${index}`);
    }
  },

  async validate(db) {
    const { rows } = await db.query<{ valid: boolean }>(
      `SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = 'users_created_at_idx'::regclass`,
    );
    return rows[0]?.valid === true;
  },
});
