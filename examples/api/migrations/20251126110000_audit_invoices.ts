import { defineMigration } from '@flashfusion/migrator';

export default defineMigration({
  version: '20251126110000',
  name: 'audit_invoices',
  description: 'Changes of invoices are audited too',
  dependencies: ['20251009150000', 'billing:20250924140000'],

  async up(db) {
    await db.query(`
      CREATE TRIGGER audit_invoices AFTER INSERT OR UPDATE OR DELETE ON invoices
        FOR EACH ROW EXECUTE FUNCTION write_audit_log()
    `);
    return { triggers: { audit_invoices: 'invoices' } };
  },

  async down(db, _agent, rollbackData) {
    for (const [trigger, table] of Object.entries(rollbackData.triggers)) {
      await db.query(`DROP TRIGGER ${trigger} ON ${table}`);
    }
  },

  async validate(db) {
    const { rows } = await db.query<{ table: string }>(
      `SELECT tgrelid::regclass::text AS table FROM pg_trigger WHERE tgname = 'audit_invoices'`,
    );
    return rows[0]?.table === 'invoices';
  },
});
