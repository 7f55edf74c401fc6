import { nthVersion } from '../testing/migration-source';
import { describeOnEveryDatabase, describeOnServers } from '../testing/workspace';

/** A migration whose SQL is not a literal in the call: it is found only when it is sent. */
const computed = (sql: string) => `export default {
  version: '${nthVersion(1)}',
  name: 'escapes',
  async up(db) {
    const sql = ${JSON.stringify(sql)};
    await db.query(sql);
  },
};`;

describeOnEveryDatabase(
  'a migration that takes its transaction into its own hands',
  (workspace) => {
    it.each([
      'COMMIT',
      'ROLLBACK',
      'COMMIT AND CHAIN',
      'END; BEGIN',
      'ABORT',
      "PREPARE TRANSACTION 'mine'",
      'INSERT INTO kept VALUES (2); COMMIT; INSERT INTO kept VALUES (3)',
    ])('is refused before it is sent: %s', async (sql) => {
      await workspace().sql('CREATE TABLE kept (n int)');
      const api = workspace()
        .project()
        .write(
          `${nthVersion(1)}_escapes.ts`,
          computed(`INSERT INTO kept VALUES (1); SELECT 1; ${sql}`),
        );

      const { failed } = await api.migrate();

      expect(failed?.error.code).toBe('TRANSACTION_CONTROL');
      expect(await workspace().sql('SELECT n FROM kept')).toEqual([]);
      expect(await api.history()).toEqual(['escapes apply failed']);
    });

    it('is not mistaken for one that only speaks of it', async () => {
      const api = workspace()
        .project()
        .add('words', {
          up: (db) =>
            db.script(`-- COMMIT;
          CREATE TABLE words ("commit" text DEFAULT 'ROLLBACK; BEGIN');
          CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$;
          INSERT INTO words VALUES ('COMMIT')`),
        });
      expect(await api.migrate()).toMatchObject({ failed: undefined, status: 'done' });
    });

    it('is not carried on with by the next migration', async () => {
      const api = workspace()
        .project()
        .write(`${nthVersion(1)}_escapes.ts`, computed('COMMIT'))
        .add('next', { version: nthVersion(2), up: 'CREATE TABLE next (id int)' });
      expect((await api.migrate()).done).toEqual([]);
      expect(await workspace().tables()).toEqual([]);
    });
  },
);

describeOnServers('a migration that leaves its transaction behind its back', (workspace) => {
  it('cannot commit in a procedure: Postgres refuses that inside a transaction', async () => {
    await workspace().sql('CREATE PROCEDURE finish() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$');
    const api = workspace().project().add('calls', 'CREATE TABLE teams (id int); CALL finish()');

    const { failed } = await api.migrate();

    expect(failed?.error.message).toContain('invalid transaction termination (SQLSTATE 2D000)');
    expect(await workspace().tables()).toEqual([]);
    expect(await api.history()).toEqual(['calls apply failed']);
  });

  it.each([
    'pg_advisory_unlock_all()',
    "pg_catalog.set_config('x.y', '', false), pg_advisory_unlock_all()",
  ])(
    'or gives up the lock with %s: it is rolled back, since another runner may be at work',
    async (call) => {
      const api = workspace()
        .project()
        .add('unlocks', `CREATE TABLE teams (id int); SELECT ${call}`);

      const { failed } = await api.migrate();

      expect(failed?.error).toMatchObject({
        code: 'LOCK_LOST',
        hint: expect.stringContaining('DISCARD ALL'),
      });
      expect(await workspace().tables()).toEqual([]);
      expect(await api.history()).toEqual(['unlocks apply failed']);
    },
  );

  it('acts in another role, but is recorded and followed in the own one', async () => {
    await workspace().sql(`GRANT USAGE, CREATE ON SCHEMA ${workspace().schema} TO pg_monitor`);
    const api = workspace()
      .project()
      .add('as_monitor', 'SET ROLE pg_monitor; CREATE TABLE theirs (id int)');
    api.add('as_self', 'SET SESSION AUTHORIZATION DEFAULT; CREATE TABLE ours (id int)');

    expect(await api.migrate()).toMatchObject({ failed: undefined, status: 'done' });
    const owners = await workspace().sql(
      `SELECT tableowner::text AS owner FROM pg_tables
        WHERE schemaname = '${workspace().schema}' AND tablename IN ('ours', 'theirs') ORDER BY tablename`,
    );
    expect(owners).toEqual([{ owner: 'postgres' }, { owner: 'pg_monitor' }]);
    const [row] = await api.rows('database_user');
    expect(row).toEqual({ database_user: 'postgres' });
  });
});
