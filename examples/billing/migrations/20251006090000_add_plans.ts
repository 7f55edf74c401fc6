import { defineMigration } from '@flashfusion/migrator';

const PLANS = [
  { code: 'free', name: 'Free', price_cents: 0, currency: 'EUR' },
  { code: 'team', name: 'Team', price_cents: 2900, currency: 'EUR' },
  { code: 'company', name: 'Company', price_cents: 19900, currency: 'EUR' },
];

export default defineMigration({
  version: '20251006090000',
  name: 'add_plans',
  description: 'The three plans on the price list',
  dependencies: ['20250920110000'],

  async up(db) {
    const inserted = await db.insert<{ code: string }>('plans', PLANS);
    return { codes: inserted.map((plan) => plan.code) };
  },

  async down(db, _agent, rollbackData) {
    for (const code of rollbackData.codes) await db.delete('plans', { code });
  },

  async validate(db) {
    const plans = await db.select<{ code: string }>('plans', { currency: 'EUR' });
    return PLANS.every((plan) => plans.some((row) => row.code === plan.code));
  },
});
