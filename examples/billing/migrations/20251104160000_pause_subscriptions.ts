import { defineMigration } from '@flashfusion/migrator';

export default defineMigration({
  version: '20251104160000',
  name: 'pause_subscriptions',
  description: 'A new state of a subscription',
  dependencies: ['20250920110000'],
  // A new enum value cannot be used in the transaction that adds it, and here it is used at once.
  transaction: false,

  async up(db) {
    await db.query(
      `ALTER TYPE subscription_status ADD VALUE IF NOT EXISTS 'paused' AFTER 'active'`,
    );
    await db.query(`COMMENT ON TYPE subscription_status IS 'paused: kept, not charged'`);
    return { type: 'subscription_status', value: 'paused' };
  },

  async down(db, agent, rollbackData) {
    // Postgres cannot drop a value: the type is made anew without it. Several statements in one query are one
    // transaction, also here.
    await db.query(`
      ALTER TYPE ${rollbackData.type} RENAME TO ${rollbackData.type}_old;
      CREATE TYPE ${rollbackData.type} AS ENUM ('trialing', 'active', 'past_due', 'cancelled');
      ALTER TABLE subscriptions
        ALTER COLUMN status DROP DEFAULT,
        ALTER COLUMN status TYPE ${rollbackData.type} USING (
          CASE status::text WHEN '${rollbackData.value}' THEN 'cancelled' ELSE status::text END
        )::${rollbackData.type},
        ALTER COLUMN status SET DEFAULT 'trialing';
      DROP TYPE ${rollbackData.type}_old;
    `);
    agent.logger.warn('paused subscriptions are cancelled ones now');
  },

  async validate(db) {
    const { rows } = await db.query(
      `SELECT FROM subscriptions WHERE status = 'paused'::subscription_status`,
    );
    return rows.length === 0;
  },
});
