import { defineMigration } from '@flashfusion/migrator';

export default defineMigration({
  version: '20251009150000',
  name: 'create_audit_log',
  description: 'Who changed what, written by triggers',
  dependencies: ['20250925090000'],

  async up(db) {
    await db.query(`
      CREATE TABLE audit_log (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        at timestamptz NOT NULL DEFAULT clock_timestamp(),
        by_role name NOT NULL DEFAULT session_user,
        table_name text NOT NULL,
        operation text NOT NULL,
        before jsonb,
        after jsonb
      );

      CREATE FUNCTION write_audit_log() RETURNS trigger LANGUAGE plpgsql AS $audit$
      BEGIN
        INSERT INTO audit_log (table_name, operation, before, after)
        VALUES (TG_TABLE_NAME, TG_OP, to_jsonb(OLD), to_jsonb(NEW));
        RETURN NULL; -- nobody reads what an AFTER trigger returns
      END;
      $audit$;

      CREATE TRIGGER audit_api_keys AFTER INSERT OR UPDATE OR DELETE ON api_keys
        FOR EACH ROW EXECUTE FUNCTION write_audit_log();
    `);
    return {
      triggers: { audit_api_keys: 'api_keys' },
      functions: ['write_audit_log'],
      tables: ['audit_log'],
    };
  },

  async down(db, _agent, rollbackData) {
    for (const [trigger, table] of Object.entries(rollbackData.triggers)) {
      await db.query(`DROP TRIGGER ${trigger} ON ${table}`);
    }
    for (const name of rollbackData.functions) await db.query(`DROP FUNCTION ${name}()`);
    for (const table of rollbackData.tables) await db.query(`DROP TABLE ${table}`);
  },

  async validate(db) {
    const { rows } = await db.query<{ tgenabled: string }>(
      `SELECT tgenabled FROM pg_trigger WHERE tgname = 'audit_api_keys'`,
    );
    return rows[0]?.tgenabled === 'O';
  },
});
