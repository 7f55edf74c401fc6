import { defineMigration } from '@flashfusion/migrator';

export default defineMigration({
  version: '20250920110000',
  name: 'create_subscriptions',
  description: 'Plans, and who subscribed to which',
  dependencies: ['users:20250910090000'],

  async up(db) {
    await db.query(`
      CREATE TYPE subscription_status AS ENUM ('trialing', 'active', 'past_due', 'cancelled');

      CREATE TABLE plans (
        code text PRIMARY KEY,
        name text NOT NULL,
        price_cents bigint NOT NULL CHECK (price_cents >= 0),
        currency char(3) NOT NULL CHECK (currency = upper(currency))
      );

      CREATE TABLE subscriptions (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        user_id bigint NOT NULL REFERENCES users,
        plan_code text NOT NULL REFERENCES plans,
        status subscription_status NOT NULL DEFAULT 'trialing',
        started_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX subscriptions_user_id_idx ON subscriptions (user_id);
    `);
    return { tables: ['subscriptions', 'plans'], types: ['subscription_status'] };
  },

  async down(db, _agent, rollbackData) {
    for (const table of rollbackData.tables) await db.query(`DROP TABLE ${table}`);
    for (const type of rollbackData.types) await db.query(`DROP TYPE ${type}`);
  },

  async validate(db) {
    const { rows } = await db.query<{ to: string }>(
      `SELECT confrelid::regclass::text AS to FROM pg_constraint
       WHERE conrelid = 'subscriptions'::regclass AND contype = 'f' ORDER BY 1`,
    );
    return rows.map((row) => row.to).join() === 'plans,users';
  },
});
