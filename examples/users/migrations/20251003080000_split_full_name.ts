import { defineMigration } from '@flashfusion/migrator';

export default defineMigration({
  version: '20251003080000',
  name: 'split_full_name',
  description: 'First and last name instead of one text',
  dependencies: ['20250910090000'],

  async up(db) {
    await db.query(`
      ALTER TABLE users ADD COLUMN first_name text, ADD COLUMN last_name text;
      UPDATE users SET
        first_name = split_part(btrim(full_name), ' ', 1),
        last_name = btrim(substr(btrim(full_name), length(split_part(btrim(full_name), ' ', 1)) + 1));
    `);

    // Names that cannot be put together again as they were, e.g. with two spaces: kept, so that nothing is lost.
    const { rows: originals } = await db.query<{ id: string; full_name: string }>(`
      SELECT id::text, full_name FROM users
      WHERE full_name <> btrim(first_name || ' ' || last_name) ORDER BY id
    `);

    await db.query(`
      ALTER TABLE users
        ALTER COLUMN first_name SET NOT NULL,
        ALTER COLUMN last_name SET NOT NULL,
        DROP COLUMN full_name;
    `);
    return { originals };
  },

  async down(db, _agent, rollbackData) {
    await db.query(`
      ALTER TABLE users ADD COLUMN full_name text;
      UPDATE users SET full_name = btrim(first_name || ' ' || last_name);
    `);
    await db.query(
      `UPDATE users SET full_name = original.full_name
       FROM jsonb_to_recordset($1::jsonb) AS original (id bigint, full_name text)
       WHERE users.id = original.id`,
      [JSON.stringify(rollbackData.originals)],
    );
    await db.query(`
      ALTER TABLE users
        ALTER COLUMN full_name SET NOT NULL,
        DROP COLUMN first_name,
        DROP COLUMN last_name;
    `);
  },

  async validate(db) {
    const { rows } = await db.query<{ nameless: string }>(
      `SELECT count(*)::text AS nameless FROM users WHERE first_name = '' AND last_name = ''`,
    );
    return rows[0]?.nameless === '0';
  },
});
