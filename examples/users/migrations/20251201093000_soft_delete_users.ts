import { defineMigration } from '@flashfusion/migrator';

export default defineMigration({
  version: '20251201093000',
  name: 'soft_delete_users',
  description: 'Deleted accounts are kept, and their email address is free again',
  dependencies: ['20251003080000'],

  async up(db) {
    await db.query(`
      ALTER TABLE users ADD COLUMN deleted_at timestamptz;

      CREATE UNIQUE INDEX users_active_email_key ON users (lower(email)) WHERE deleted_at IS NULL;
      DROP INDEX users_email_key;

      CREATE VIEW active_users AS
        SELECT id, email, first_name, last_name, created_at FROM users WHERE deleted_at IS NULL;
    `);
    return { views: ['active_users'], replacedIndex: 'users_email_key' };
  },

  async down(db, agent, rollbackData) {
    for (const view of rollbackData.views) await db.query(`DROP VIEW ${view}`);

    // Two accounts with one address cannot go back under one index: the deleted ones get an address nobody has.
    const { rowCount } = await db.query(`
      UPDATE users SET email = 'deleted-' || id || '@invalid.example' WHERE deleted_at IS NOT NULL
    `);
    if (rowCount > 0) agent.logger.warn(`${rowCount} deleted accounts lose their email address`);

    await db.query(`
      CREATE UNIQUE INDEX ${rollbackData.replacedIndex} ON users (lower(email));
      ALTER TABLE users DROP COLUMN deleted_at;
    `);
  },

  async validate(db) {
    const { rows } = await db.query<{ same: boolean }>(
      `SELECT (SELECT count(*) FROM active_users) = (SELECT count(*) FROM users) AS same`,
    );
    return rows[0]?.same === true;
  },
});
