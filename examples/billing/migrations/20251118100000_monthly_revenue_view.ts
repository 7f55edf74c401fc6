import { defineMigration } from '@flashfusion/migrator';

export default defineMigration({
  version: '20251118100000',
  name: 'monthly_revenue_view',
  description: 'Paid invoices by month and currency, for the finance report',
  dependencies: ['20251028130000'],

  async up(db) {
    await db.query(`
      CREATE VIEW monthly_revenue AS
        SELECT date_trunc('month', paid_at, 'UTC') AS month, currency, sum(total_cents) AS total_cents
        FROM invoices
        WHERE paid_at IS NOT NULL
        GROUP BY 1, 2;
      COMMENT ON VIEW monthly_revenue IS 'Months are UTC, money is whole cents';
    `);
    return { views: ['monthly_revenue'] };
  },

  async down(db, _agent, rollbackData) {
    for (const view of rollbackData.views) await db.query(`DROP VIEW ${view}`);
  },

  async validate(db) {
    const { rows } = await db.query<{ same: boolean }>(`
      SELECT (SELECT coalesce(sum(total_cents), 0) FROM monthly_revenue)
           = (SELECT coalesce(sum(total_cents), 0) FROM invoices WHERE paid_at IS NOT NULL) AS same
    `);
    return rows[0]?.same === true;
  },
});
