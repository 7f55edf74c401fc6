import { defineMigration } from '@flashfusion/migrator';

export default defineMigration({
  version: '20251210083000',
  name: 'create_rate_limits',
  description: 'Requests a minute by plan',
  dependencies: ['billing:20251006090000'],

  async up(db) {
    await db.query(`
      CREATE TABLE rate_limits (
        plan_code text PRIMARY KEY REFERENCES plans,
        requests_per_minute integer NOT NULL CHECK (requests_per_minute > 0)
      );
      INSERT INTO rate_limits (plan_code, requests_per_minute)
        SELECT code, CASE WHEN price_cents = 0 THEN 60 ELSE 600 END FROM plans;
    `);
    return { tables: ['rate_limits'] };
  },

  async down(db, _agent, rollbackData) {
    for (const table of rollbackData.tables) await db.query(`DROP TABLE ${table}`);
  },

  async validate(db) {
    const { rows } = await db.query<{ unlimited: string }>(
      `SELECT count(*)::text AS unlimited FROM plans LEFT JOIN rate_limits ON plan_code = code
       WHERE plan_code IS NULL`,
    );
    return rows[0]?.unlimited === '0';
  },
});
