import { defineMigration } from '@flashfusion/migrator';

export default defineMigration({
  version: '20250924140000',
  name: 'create_invoices',
  description: 'Invoices and their lines, in whole cents',
  dependencies: ['20250920110000', 'users:20250910090000'],

  async up(db) {
    await db.query(`
      CREATE TABLE invoices (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        user_id bigint NOT NULL REFERENCES users,
        number text NOT NULL UNIQUE,
        currency char(3) NOT NULL CHECK (currency = upper(currency)),
        issued_at timestamptz NOT NULL DEFAULT now(),
        paid_at timestamptz CHECK (paid_at >= issued_at)
      );

      CREATE TABLE invoice_lines (
        invoice_id bigint NOT NULL REFERENCES invoices ON DELETE CASCADE,
        position smallint NOT NULL,
        description text NOT NULL,
        quantity integer NOT NULL CHECK (quantity > 0),
        unit_cents bigint NOT NULL,
        PRIMARY KEY (invoice_id, position)
      );
    `);
    return { tables: ['invoice_lines', 'invoices'] };
  },

  async down(db, _agent, rollbackData) {
    for (const table of rollbackData.tables) await db.query(`DROP TABLE ${table}`);
  },

  async validate(db) {
    const { rows } = await db.query<{ type: string }>(
      `SELECT data_type AS type FROM information_schema.columns
       WHERE table_name = 'invoice_lines' AND column_name = 'unit_cents'`,
    );
    return rows[0]?.type === 'bigint'; // never a float for money
  },
});
