import { Client } from 'pg';
import {
  describeOnOldestAndNewest,
  describeOnServers,
  type TestProject,
  type Workspace,
} from '../testing/workspace';

/** A role that may create tables in the test's schema, and has no right on the history. */
const MALLORY = 'mallory_of_sessions';

const CREATE_MALLORY = `DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${MALLORY}')
  THEN CREATE ROLE ${MALLORY}; END IF; END $$`;

async function createMallory(workspace: Workspace): Promise<void> {
  await workspace.sql(
    `${CREATE_MALLORY}; GRANT USAGE, CREATE ON SCHEMA ${workspace.schema} TO ${MALLORY}`,
  );
}

/** What a session can leak, as `transaction: true` and `false` allow it. */
const LEAKS = [
  'SET session_replication_role = replica',
  `SET ROLE ${MALLORY}`,
  `SET SESSION AUTHORIZATION ${MALLORY}`,
  `SELECT set_config('role', '${MALLORY}', false)`,
  `DO $$ BEGIN EXECUTE 'SET ' || 'ROLE ${MALLORY}'; END $$`,
  'SET search_path = pg_catalog',
  "SELECT set_config('search_path', '', false)",
  "SET TimeZone = 'Asia/Tokyo'",
  "SET DateStyle = 'SQL, DMY'",
  "SET IntervalStyle = 'sql_standard'",
  `SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET client_encoding = 'UTF8';
   SET standard_conforming_strings = on; SELECT set_config('search_path', '', false); SET check_function_bodies = false;
   SET xmloption = content; SET client_min_messages = warning; SET row_security = off; SET default_tablespace = '';
   SET default_table_access_method = heap`,
  "SET client_encoding = 'LATIN1'",
  'SET standard_conforming_strings = off',
  'SET transform_null_equals = on',
  'SET row_security = off',
  'SET default_transaction_isolation = serializable',
  'SET default_transaction_read_only = on',
  'SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY, DEFERRABLE',
  'SET constraint_exclusion = on',
  "SET my.own = 'leaked'",
  'SET plpgsql.check_asserts = off',
  'SET statement_timeout = 4321',
  'SET lock_timeout = 4321',
  "SET application_name = 'leaked'",
  'RESET ALL',
  'CREATE TEMP TABLE shadowed (id int); INSERT INTO shadowed VALUES (1)',
  'CREATE TEMP VIEW shadowed AS SELECT 1 AS id',
  'PREPARE leaked AS SELECT 1',
  'DECLARE leaked CURSOR WITH HOLD FOR SELECT 1',
  'LISTEN leaked',
  'SET CONSTRAINTS ALL DEFERRED',
  'SELECT pg_advisory_lock(4711)',
] as const;

/** Everything that the next migration could notice, as rows. */
const OBSERVE = `
  SELECT 'setting ' || name AS fact, setting AS value FROM pg_catalog.pg_settings
   WHERE name NOT IN ('transaction_isolation', 'transaction_read_only', 'transaction_deferrable', 'in_hot_standby')
     AND name NOT LIKE 'plpgsql.%' -- there once the language is loaded
  UNION ALL SELECT 'user', current_user::text || ' as ' || session_user::text
  UNION ALL SELECT 'own', nullif(pg_catalog.current_setting('my.own', true), '')
  UNION ALL SELECT 'isolation', pg_catalog.current_setting('transaction_isolation')
  UNION ALL SELECT 'read only', pg_catalog.current_setting('transaction_read_only')
  UNION ALL SELECT 'deferrable', pg_catalog.current_setting('transaction_deferrable')
  UNION ALL SELECT 'shadowed', pg_catalog.to_regclass('shadowed')::text
  UNION ALL SELECT 'prepared', name FROM pg_catalog.pg_prepared_statements
  UNION ALL SELECT 'cursor', name FROM pg_catalog.pg_cursors WHERE is_holdable
  UNION ALL SELECT 'channel', name FROM pg_catalog.pg_listening_channels() AS name
  ORDER BY 1, 2`;

const APART = { to: '20250101000001' } as const;

describeOnOldestAndNewest('migrations in one run', (workspace) => {
  beforeEach(() => createMallory(workspace()));

  const observed = (table: string) =>
    workspace().sql<{ fact: string; value: string | null }>(
      `SELECT fact, value FROM ${table} ORDER BY 1, 2`,
    );
  const observe = (table: string) => `CREATE TABLE ${workspace().schema}.${table} AS ${OBSERVE}`;

  describe.each([
    ['in a transaction each', {}],
    ['without a transaction', { transaction: false as const }],
  ])('%s', (_, mode) => {
    it.each(LEAKS)('C1: leave the same as one by one after %s', async (leak) => {
      const together = workspace()
        .project('together')
        .add('leaks', { ...mode, up: leak });
      together.add('next', { up: observe('seen_together') });
      const apart = workspace()
        .project('apart')
        .add('leaks', { ...mode, up: leak });
      apart.add('next', { up: observe('seen_apart') });

      expect(await together.migrate()).toMatchObject({ failed: undefined, status: 'done' });
      expect(await apart.migrate(APART)).toMatchObject({ failed: undefined, status: 'done' });
      expect(await apart.migrate()).toMatchObject({ failed: undefined, status: 'done' });

      // Named after the project.
      const shared = ({ value }: { value: string | null }) => !value?.startsWith('flashfusion ');
      const seen = (await observed('seen_together')).filter(shared);
      const alone = (await observed('seen_apart')).filter(shared);
      expect(seen).toEqual(alone);
    });

    it('C2: are recorded with the login user, whatever role the migration is in', async () => {
      const login = (
        await workspace().sql<{ user: string }>('SELECT session_user::text AS user')
      )[0];
      const become = `CREATE OR REPLACE FUNCTION become() RETURNS void LANGUAGE plpgsql AS
        $$ BEGIN EXECUTE 'SET ' || 'ROLE ${MALLORY}'; END $$`;
      const api = workspace()
        .project()
        .add('sets_role', { ...mode, up: `SET ROLE ${MALLORY}` })
        .add('sets_authorization', { ...mode, up: `SET SESSION AUTHORIZATION ${MALLORY}` })
        .add('sets_config', { ...mode, up: `SELECT set_config('role', '${MALLORY}', false)` })
        .add('creates', { ...mode, up: become })
        .add('calls', { ...mode, up: 'SELECT become()' })
        .add('local', { ...mode, up: `SET SESSION AUTHORIZATION ${MALLORY}; SET ROLE ${MALLORY}` })
        .add('fails', { ...mode, up: `SET SESSION AUTHORIZATION ${MALLORY}` });
      api.add('fails', {
        ...mode,
        up: (db) => db.query('SELECT become()').then(() => db.query('SELECT 1 / 0')),
      });

      const { failed } = await api.migrate();

      expect(failed).toMatchObject({ name: 'fails', error: { code: 'MIGRATION_FAILED' } });
      const rows = await api.rows<{ database_user: string }>('database_user');
      expect(rows.length).toBeGreaterThanOrEqual(7);
      expect(new Set(rows.map(({ database_user }) => database_user))).toEqual(
        new Set([login?.user]),
      );
    });

    it('C4: are recorded unchanged under any encoding and rule for strings', async () => {
      const description = `é 'quote' \\ "ü" \\u0041 $1 ${String.fromCodePoint(0x1f600)}`;
      const api = workspace().project();
      for (const setting of ["client_encoding = 'LATIN1'", 'standard_conforming_strings = off'])
        api.add(setting.split(' ')[0] ?? '', { ...mode, description, up: `SET ${setting}` });
      expect(await api.migrate()).toMatchObject({ failed: undefined, status: 'done' });
      const rows = await api.rows('description');
      expect(new Set(rows.map(({ description: text }) => text))).toEqual(new Set([description]));
    });
  });

  it('C2: go on in their own role after the progress of a script was recorded', async () => {
    const script = `SET default_transaction_read_only = on; SET client_encoding = 'LATIN1'; SET standard_conforming_strings = off;
      SET ROLE ${MALLORY}; SET default_transaction_read_only = off; SET statement_timeout = 4321;
      CREATE TABLE theirs AS SELECT current_setting('statement_timeout') AS timeout; SET SESSION AUTHORIZATION ${MALLORY};
      CREATE TABLE also_theirs ()`;
    const api = workspace()
      .project()
      .write(
        '20250101000001_script.ts',
        `export default { version: '20250101000001', name: 'script', description: 'é', transaction: false,
         up: (db) => db.script(${JSON.stringify(script)}) };`,
      );
    expect(await api.migrate()).toMatchObject({ failed: undefined, status: 'done' });
    const owners = await workspace().sql(
      `SELECT DISTINCT tableowner::text AS owner FROM pg_tables WHERE schemaname = '${workspace().schema}' AND tablename LIKE '%theirs'`,
    );
    expect(owners).toEqual([{ owner: MALLORY }]);
    expect(await workspace().sql('SELECT timeout FROM theirs')).toEqual([{ timeout: '4321ms' }]);
    const users = await workspace().sql(
      'SELECT DISTINCT database_user = session_user AS own FROM migration_history',
    );
    expect(users).toEqual([{ own: true }]);
  });

  it('C4: record what a script reads while read-only is the default', async () => {
    const api = workspace()
      .project()
      .add('script', {
        up: (db) =>
          db.script(`SET default_transaction_read_only = on; SELECT 1;
            SET default_transaction_read_only = off; CREATE TABLE written ()`),
        transaction: false,
      });
    expect(await api.migrate()).toMatchObject({ failed: undefined, status: 'done' });
    expect(await workspace().tables()).toEqual(['written']);
  });

  it('C4: may read in a transaction of their own that is read-only', async () => {
    const api = workspace()
      .project()
      .add('script', {
        up: (db) =>
          db.script(`BEGIN; SET TRANSACTION READ ONLY; SELECT 1; COMMIT AND CHAIN; SELECT 2; COMMIT;
            START TRANSACTION READ ONLY; SELECT 3; COMMIT; CREATE TABLE written ()`),
        transaction: false,
      });
    expect(await api.migrate()).toMatchObject({ failed: undefined, status: 'done' });
    expect(await workspace().tables()).toEqual(['written']);
  });

  it('C1: forget lastval() and sequences', async () => {
    const api = workspace()
      .project()
      .add('draws', "CREATE SEQUENCE drawn; SELECT nextval('drawn')")
      .add('asks', { up: (db) => db.query('SELECT lastval()') });
    expect((await api.migrate()).failed?.error.message).toContain('lastval is not yet defined');
  });

  it('C1: leak nothing from one revert into the next, nor into its stored data', async () => {
    const api = workspace().project();
    api.add('first', {
      up: () => ({ text: 'Größe' }),
      down: (db, _agent, data: { text: string }) => db.insert('given', { text: data.text }),
    });
    api.add('second', {
      down: `SET client_encoding = 'LATIN1'; SET ROLE ${MALLORY}; SET TimeZone = 'Asia/Tokyo'`,
    });
    await workspace().sql(
      `CREATE TABLE given (text text, zone text DEFAULT current_setting('TimeZone'))`,
    );
    await api.migrate();
    const zone = (await workspace().sql<{ TimeZone: string }>('SHOW TimeZone'))[0]?.TimeZone;

    expect(await api.rollback({ selection: { kind: 'last', count: 2 } })).toMatchObject({
      failed: undefined,
      status: 'done',
    });

    expect(await workspace().sql('SELECT * FROM given')).toEqual([{ text: 'Größe', zone }]);
  });

  it('C1: leak only what belongs to the transaction where it is one for all', async () => {
    const api = workspace()
      .project()
      .add(
        'leaks',
        `${LEAKS[0]}; SET TimeZone = 'Asia/Tokyo'; SET my.own = 'x'; PREPARE leaked AS SELECT 1; ${LEAKS[1]}`,
      )
      .add('next', observe('seen_single'));
    const apart = workspace().project('apart').add('next', observe('seen_apart'));
    expect(await api.migrate({ transaction: 'single' })).toMatchObject({ status: 'done' });
    expect(await apart.migrate()).toMatchObject({ status: 'done' });
    const other = (rows: { fact: string }[]) =>
      rows.filter(({ fact }) => fact !== 'setting application_name');
    expect(other(await observed('seen_single'))).toEqual(other(await observed('seen_apart')));
  });

  it('C1: begin each attempt of a retried migration in the initial state', async () => {
    const api = workspace()
      .project()
      .add('retried', {
        up: async (db) => {
          const { rows } = await db.query<{ zone: string }>(
            "SELECT current_setting('TimeZone') AS zone",
          );
          if (rows[0]?.zone === 'Asia/Tokyo') throw new Error('leaked');
          await db.query("SET TimeZone = 'Asia/Tokyo'");
          await db.query("SELECT CASE WHEN nextval('tries') = 1 THEN raise_lock_timeout() END");
        },
      });
    await workspace()
      .sql(`CREATE SEQUENCE tries; CREATE FUNCTION raise_lock_timeout() RETURNS int LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'busy' USING ERRCODE = '55P03'; END $$`);
    expect(await api.migrate()).toMatchObject({ failed: undefined, status: 'done' });
    expect(await workspace().sql('SELECT last_value::int AS tries FROM tries')).toEqual([
      { tries: 2 },
    ]);
  });
});

describeOnOldestAndNewest("a migration's own first statement", (workspace) => {
  it.each([
    'SET TRANSACTION ISOLATION LEVEL SERIALIZABLE',
    'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ WRITE, DEFERRABLE',
    'set transaction isolation level serializable, deferrable',
    "SET LOCAL lock_timeout = '1s'; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
  ])('C4: may be %s', async (statement) => {
    const api = workspace()
      .project()
      .add('serializable', {
        up: `${statement}; CREATE TABLE level AS SELECT current_setting('transaction_isolation') AS level`,
      });
    api.add('separate', {
      up: (db) =>
        db
          .query('SET TRANSACTION ISOLATION LEVEL SERIALIZABLE')
          .then(() =>
            db.query("INSERT INTO level SELECT current_setting('transaction_isolation')"),
          ),
    });

    expect(await api.migrate()).toMatchObject({ failed: undefined, status: 'done' });

    const level = /repeatable/i.test(statement) ? 'repeatable read' : 'serializable';
    expect(await workspace().sql('SELECT level FROM level')).toEqual([
      { level },
      { level: 'serializable' },
    ]);
  });

  it('C4: may be SET TRANSACTION in a single transaction of one migration', async () => {
    const api = workspace()
      .project()
      .add('serializable', 'SET TRANSACTION ISOLATION LEVEL SERIALIZABLE');
    expect(await api.migrate({ transaction: 'single' })).toMatchObject({ status: 'done' });
  });

  it('C4: is not disturbed in the own transactions of a migration without one', async () => {
    const api = workspace()
      .project()
      .add('own', {
        transaction: false,
        up: async (db) => {
          await db.script(`BEGIN; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; SET CONSTRAINTS ALL DEFERRED;
            CREATE TABLE level AS SELECT current_setting('transaction_isolation') AS level; COMMIT;
            START TRANSACTION; SAVEPOINT a; INSERT INTO level VALUES ('no'); ROLLBACK TO a; INSERT INTO level VALUES ('yes'); COMMIT`);
          await db.query('BEGIN');
          await db.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ');
          await db.query("INSERT INTO level SELECT current_setting('transaction_isolation')");
          await db.query('COMMIT AND CHAIN');
          await db.query('END');
        },
      });
    expect(await api.migrate()).toMatchObject({ failed: undefined, status: 'done' });
    expect((await workspace().sql('SELECT level FROM level')).map(({ level }) => level)).toEqual([
      'serializable',
      'yes',
      'repeatable read',
    ]);
  });

  it('C4: that makes the transaction read-only is an error that says so, since its row cannot be written', async () => {
    const api = workspace().project().add('readonly', 'SET TRANSACTION READ ONLY');
    expect((await api.migrate()).failed?.error).toMatchObject({
      code: 'MIGRATION_FAILED',
      message: expect.stringContaining('read-only transaction'),
    });
  });

  it.each([
    'RESET ALL',
    'SAVEPOINT a; ROLLBACK TO a; RESET ALL',
    "DO $$ BEGIN EXECUTE 'RESET ALL'; END $$",
    'DISCARD TEMP',
  ])('C4: is no escape from the transaction: %s', async (sql) => {
    const api = workspace().project().add('resets', sql);
    expect(await api.migrate()).toMatchObject({ failed: undefined, status: 'done' });
  });
});

describeOnServers("a migration's own first statement", (workspace) => {
  it('C4: may import a snapshot', async () => {
    const exporter = new Client({ connectionString: workspace().url });
    await exporter.connect();
    try {
      await exporter.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
      const { rows } = await exporter.query<{ id: string }>('SELECT pg_export_snapshot() AS id');
      const api = workspace()
        .project()
        .add(
          'imports',
          `SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SET TRANSACTION SNAPSHOT '${rows[0]?.id}'; CREATE TABLE t ()`,
        );
      expect(await api.migrate()).toMatchObject({ failed: undefined, status: 'done' });
    } finally {
      await exporter.end();
    }
  });
});

describeOnOldestAndNewest('the messages of a run', (workspace) => {
  /** Messages to the server that one more migration costs. */
  async function messagesOf(transaction: { readonly transaction?: false }): Promise<number> {
    const count = async (project: TestProject) => {
      const spy = jest.spyOn(Client.prototype, 'query');
      try {
        await project.migrate();
        return spy.mock.calls.length;
      } finally {
        spy.mockRestore();
      }
    };
    const one = workspace()
      .project(`one_${transaction.transaction ?? 'true'}`)
      .add('first', 'SELECT 1');
    const two = workspace()
      .project(`two_${transaction.transaction ?? 'true'}`)
      .add('first', 'SELECT 1');
    two.add('second', { ...transaction, up: 'SELECT 2' });
    await count(workspace().project('prepares').add('first', 'SELECT 1'));
    return (await count(two)) - (await count(one));
  }

  it('C1: are four for a migration in a transaction: begin, its statement, history, commit', async () => {
    const embedded = workspace().url === '';
    // A service is asked before COMMIT whether it still has the same connection.
    expect(await messagesOf({})).toBe(embedded ? 5 : 4);
  });

  it('C1: are eight for a migration without a transaction', async () => {
    expect(await messagesOf({ transaction: false })).toBeLessThanOrEqual(8);
  });
});
