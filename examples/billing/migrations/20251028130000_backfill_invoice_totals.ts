import { defineMigration } from '@flashfusion/migrator';

const BATCH_SIZE = 500;

export default defineMigration({
  version: '20251028130000',
  name: 'backfill_invoice_totals',
  description: 'Keep the total with the invoice, computed for old ones in batches',
  dependencies: ['20250924140000'],

  async up(db, agent) {
    await db.query('ALTER TABLE invoices ADD COLUMN total_cents bigint');

    let filled = 0;
    let lastId = '0';
    for (;;) {
      agent.signal.throwIfAborted();
      const { rows } = await db.query<{ id: string }>(
        `WITH batch AS (SELECT id FROM invoices WHERE id > $1 ORDER BY id LIMIT $2)
         UPDATE invoices SET total_cents = (
           SELECT coalesce(sum(quantity * unit_cents), 0) FROM invoice_lines WHERE invoice_id = invoices.id
         )
         FROM batch WHERE invoices.id = batch.id RETURNING invoices.id::text`,
        [lastId, BATCH_SIZE],
      );
      if (rows.length === 0) break;
      filled += rows.length;
      lastId = rows.reduce((last, row) => (BigInt(row.id) > BigInt(last) ? row.id : last), lastId);
      agent.logger.info(`${filled} invoices have their total`);
    }

    await db.query('ALTER TABLE invoices ALTER COLUMN total_cents SET NOT NULL');
    return { column: 'total_cents', filled };
  },

  async down(db, _agent, rollbackData) {
    await db.query(`ALTER TABLE invoices DROP COLUMN ${rollbackData.column}`);
  },

  async validate(db) {
    const { rows } = await db.query<{ wrong: string }>(`
      SELECT count(*)::text AS wrong FROM invoices WHERE total_cents IS DISTINCT FROM (
        SELECT coalesce(sum(quantity * unit_cents), 0) FROM invoice_lines WHERE invoice_id = invoices.id
      )
    `);
    return rows[0]?.wrong === '0';
  },
});
