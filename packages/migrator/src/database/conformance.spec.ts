import { describeEachDatabase, type DatabaseFixture } from '../testing/databases';
import type { Session } from './database';
import { isConnectionLost, sqlState } from './failure';
import { acquireLock, lockHeldSql, lockKey } from './lock';

/** What every driver promises, whatever stands behind it. */
describeEachDatabase('A session', ({ create, driver }) => {
  let fixture: DatabaseFixture;
  let session: Session;

  beforeAll(async () => {
    fixture = await create();
    session = await fixture.open();
  });
  afterAll(() => fixture?.drop());

  const one = async <Row = Record<string, unknown>>(sql: string, params?: readonly unknown[]) =>
    (await session.query<Row>(sql, params)).rows[0];
  const stateOf = async (query: Promise<unknown>) =>
    query.then(
      () => 'no error',
      (error: unknown) => sqlState(error),
    );

  it('reports the messages of a query to that query only', async () => {
    const first: unknown[] = [];
    const listening = session.query("DO $$ BEGIN RAISE WARNING 'one'; END $$", undefined, {
      onNotice: ({ severity, code, message }) => first.push({ severity, code, message }),
    });
    await Promise.all([listening, session.query("DO $$ BEGIN RAISE WARNING 'two'; END $$")]);
    expect(first).toEqual([{ severity: 'WARNING', code: '01000', message: 'one' }]);
  });

  it('knows the facts of its server', async () => {
    const expected = await one(
      `SELECT current_setting('server_version_num')::int AS "versionNumber", session_user::text AS user,
              current_database()::text AS database, pg_backend_pid() AS "backendPid",
              current_setting('max_identifier_length')::int AS "longestIdentifier"`,
    );
    expect(session.server).toEqual(expected);
    expect(session.target).toMatchObject({ driver, source: 'TEST_URL' });
    expect(session.closed).toBe(false);
  });

  describe('runs what psql -f accepts', () => {
    it('several statements, with the last one as the result', async () => {
      const result = await session.query(`
        CREATE TABLE people (id int PRIMARY KEY, name text);
        INSERT INTO people VALUES (1, 'Ada'), (2, 'Grace'), (3, 'Barbara');
        SELECT name FROM people WHERE id > 1 ORDER BY id;
      `);
      expect(result).toMatchObject({
        rows: [{ name: 'Grace' }, { name: 'Barbara' }],
        rowCount: 2,
        command: 'SELECT',
      });
    });

    it('dollar quoting, nested comments, semicolons in strings', async () => {
      await session.query(`
        -- a comment; with a semicolon
        /* outer /* inner; */ still outer; */
        CREATE FUNCTION answer() RETURNS text LANGUAGE plpgsql AS $body$
        BEGIN
          -- not the end; not even this
          RETURN 'forty;two' || $tag$;$tag$;
        END;
        $body$;
        DO $$ BEGIN PERFORM answer(); END $$;
      `);
      expect(await one('SELECT answer() AS is')).toEqual({ is: 'forty;two;' });
    });

    it('a script that is empty or only a comment', async () => {
      expect(await session.query('')).toMatchObject({ rows: [], rowCount: 0 });
      expect(await session.query('-- nothing to do')).toMatchObject({ rows: [], rowCount: 0 });
    });

    it('nothing of a script whose last statement fails', async () => {
      await expect(session.query('CREATE TABLE half (id int); SELECT 1 / 0')).rejects.toMatchObject(
        { code: '22012' },
      );
      expect(await one(`SELECT to_regclass('half') AS half`)).toEqual({ half: null });
    });

    it('a megabyte of statements at once', async () => {
      const script = Array.from({ length: 2_000 }, (_, i) => `SELECT ${i}, '${'x'.repeat(500)}';`);
      const result = await session.query(script.join('\n'));
      expect(result.rows).toHaveLength(1);
    });
  });

  it('takes parameters of every usual type', async () => {
    const row = await one(
      `SELECT $1::text AS text, $2::int AS int, $3::bool AS bool, $4::jsonb AS json, $5::int[] AS list,
              $6::timestamptz AS time, $7::bytea AS bytes, $8::text AS nothing`,
      ["it's", 7, true, { a: [1] }, [1, 2], new Date(0), Buffer.from([1, 255]), null],
    );
    expect(row).toEqual({
      text: "it's",
      int: 7,
      bool: true,
      json: { a: [1] },
      list: [1, 2],
      time: new Date(0),
      bytes: Buffer.from([1, 255]),
      nothing: null,
    });
  });

  it('refuses several statements with parameters', async () => {
    expect(await stateOf(session.query('SELECT $1::int; SELECT 2', [1]))).toBe('42601');
  });

  it('gives values back as pg does', async () => {
    const row = await one(`
      SELECT 1::int2 AS small, 2::int4 AS int, 9007199254740993::int8 AS big, 1.50::numeric AS exact, 0.5::float8 AS double,
             'x'::varchar AS text, true AS bool, '{"a": 1}'::json AS json, '[1]'::jsonb AS jsonb,
             '2025-09-17T10:22:00Z'::timestamptz AS moment, '\\xff00'::bytea AS bytes, ARRAY[1, 2] AS ints,
             ARRAY['a', NULL] AS texts, ARRAY[1::int8] AS bigs, 'a1b2c3d4-0000-4000-8000-000000000000'::uuid AS uuid, NULL AS nothing`);
    expect(row).toEqual({
      small: 1,
      int: 2,
      big: '9007199254740993',
      exact: '1.50',
      double: 0.5,
      text: 'x',
      bool: true,
      json: { a: 1 },
      jsonb: [1],
      moment: new Date('2025-09-17T10:22:00Z'),
      bytes: Buffer.from([255, 0]),
      ints: [1, 2],
      texts: ['a', null],
      bigs: ['1'],
      uuid: 'a1b2c3d4-0000-4000-8000-000000000000',
      nothing: null,
    });
  });

  it.each([
    ['CREATE TABLE tags (id int)', 'CREATE', 0],
    ['INSERT INTO tags VALUES (1), (2)', 'INSERT', 2],
    ['UPDATE tags SET id = id + 1', 'UPDATE', 2],
    ['SELECT * FROM tags', 'SELECT', 2],
    ['DELETE FROM tags WHERE id = 2', 'DELETE', 1],
    ['BEGIN', 'BEGIN', 0],
    ['COMMIT', 'COMMIT', 0],
  ])('answers %s with command and count', async (sql, command, rowCount) => {
    expect(await session.query(sql)).toMatchObject({ command, rowCount });
  });

  it.each([
    ['42601', 'SELEKT 1'],
    ['42P01', 'SELECT * FROM never_made'],
    ['22P02', `SELECT 'x'::int`],
    ['23505', 'CREATE TEMP TABLE u (id int UNIQUE); INSERT INTO u VALUES (1), (1)'],
    ['P0001', `DO $$ BEGIN RAISE EXCEPTION 'no'; END $$`],
  ])('rejects with SQLSTATE %s and goes on', async (state, sql) => {
    expect(await stateOf(session.query(sql))).toBe(state);
    expect(await one('SELECT 1 AS fine')).toEqual({ fine: 1 });
  });

  it('rejects with position, detail and constraint of the server', async () => {
    await session.query('CREATE TABLE unique_names (name text CONSTRAINT one_of_each UNIQUE)');
    await expect(
      session.query(`INSERT INTO unique_names VALUES ('Ada'), ('Ada')`),
    ).rejects.toMatchObject({
      code: '23505',
      constraint: 'one_of_each',
      detail: 'Key (name)=(Ada) already exists.',
      severity: 'ERROR',
    });
  });

  it.each(['08001', '08006', '57P01'])(
    'keeps the connection after a statement that fails with %s of another connection',
    async (state) => {
      const failing = session.query(
        `DO $$ BEGIN RAISE EXCEPTION 'the other server is away' USING ERRCODE = '${state}'; END $$`,
      );
      const error: unknown = await failing.catch((thrown: unknown) => thrown);
      expect(sqlState(error)).toBe(state);
      expect(isConnectionLost(error)).toBe(false);
      expect(await one('SELECT 1 AS here')).toEqual({ here: 1 });
    },
  );

  describe('in a transaction', () => {
    it('keeps nothing after ROLLBACK', async () => {
      await session.query('BEGIN');
      await session.query('CREATE TABLE gone (id int)');
      await session.query('ROLLBACK');
      expect(await one(`SELECT to_regclass('gone') AS gone`)).toEqual({ gone: null });
    });

    it('tells by the command tag that COMMIT rolled an aborted transaction back', async () => {
      await session.query('BEGIN');
      await expect(session.query('SELECT 1 / 0')).rejects.toMatchObject({ code: '22012' });
      expect(await stateOf(session.query('SELECT 1'))).toBe('25P02');
      expect(await session.query('COMMIT')).toMatchObject({ command: 'ROLLBACK' });
    });

    it('fails at COMMIT with the SQLSTATE of a deferred constraint', async () => {
      await session.query(`
        CREATE TABLE owners (id int PRIMARY KEY);
        CREATE TABLE pets (owner int REFERENCES owners DEFERRABLE INITIALLY DEFERRED);
      `);
      await session.query('BEGIN; INSERT INTO pets VALUES (404)');
      const error: unknown = await session.query('COMMIT').catch((thrown: unknown) => thrown);
      expect(sqlState(error)).toBe('23503');
      expect(isConnectionLost(error)).toBe(false);
    });

    it('keeps its transaction id', async () => {
      await session.query('BEGIN');
      const before = await one('SELECT pg_current_xact_id()::text AS id');
      const after = await one('SELECT pg_current_xact_id()::text AS id');
      await session.query('ROLLBACK');
      expect(after).toEqual(before);
    });
  });

  it('sends queries in the order of the calls', async () => {
    await session.query('CREATE TABLE turns (turn int, at serial)');
    await Promise.all(
      Array.from({ length: 20 }, (_, turn) =>
        session.query('INSERT INTO turns (turn) VALUES ($1)', [turn]),
      ),
    );
    const { rows } = await session.query<{ turn: number }>('SELECT turn FROM turns ORDER BY at');
    expect(rows.map(({ turn }) => turn)).toEqual([...Array(20).keys()]);
  });

  it('takes an advisory lock and can prove that it holds it', async () => {
    const key = lockKey({ schema: 'public', project: 'api' });
    const holds = () => one(`SELECT ${lockHeldSql(key)} AS held`);
    await acquireLock(session, { key, waitMs: 0, project: 'api' });
    expect(await holds()).toEqual({ held: true });
    await session.query('SELECT pg_advisory_unlock_all()');
    expect(await holds()).toEqual({ held: false });
  });

  it('cancels nothing when nothing runs', async () => {
    await session.cancel();
    expect(await one('SELECT 1 AS fine')).toEqual({ fine: 1 });
  });
});

describeEachDatabase('Opening a session', ({ create, driver }) => {
  let fixture: DatabaseFixture;

  beforeAll(async () => {
    fixture = await create();
  });
  afterEach(() => fixture.closeSessions());
  afterAll(() => fixture?.drop());

  async function settings(session: Session): Promise<Record<string, string>> {
    const { rows } = await session.query<{ name: string; setting: string }>(
      `SELECT name, setting FROM pg_settings WHERE name IN ('search_path', 'lock_timeout', 'statement_timeout',
              'idle_in_transaction_session_timeout', 'default_transaction_read_only', 'application_name')`,
    );
    await session.close();
    return Object.fromEntries(rows.map(({ name, setting }) => [name, setting]));
  }

  it('sets search path, timeouts and name', async () => {
    const session = await fixture.open({
      searchPath: ['Odd "schema"', 'with space', 'back\\slash', 'public'],
      lockTimeoutMs: 1_500,
      statementTimeoutMs: 90_000,
      applicationName: 'flashfusion api',
    });
    expect(await settings(session)).toMatchObject({
      search_path: '"Odd ""schema""", "with space", "back\\slash", "public", pg_temp',
      lock_timeout: '1500',
      statement_timeout: '90000',
      idle_in_transaction_session_timeout: '0',
      default_transaction_read_only: 'off',
      ...(driver === 'postgres' && { application_name: 'flashfusion api' }),
    });
  });

  it('lets a temporary table never stand in for another', async () => {
    const session = await fixture.open();
    await session.query(`
      CREATE TABLE real_or_not (kind text); INSERT INTO real_or_not VALUES ('real');
      CREATE TEMP TABLE real_or_not (kind text); INSERT INTO pg_temp.real_or_not VALUES ('temporary');
    `);
    expect((await session.query('SELECT * FROM real_or_not')).rows).toEqual([{ kind: 'real' }]);
    await session.close();
  });

  it('read-only refuses writes', async () => {
    const session = await fixture.open({ access: 'read-only' });
    await expect(session.query('CREATE TABLE never (id int)')).rejects.toMatchObject({
      code: '25006',
    });
    await session.close();
  });

  it('leaves nothing of a session to the next one', async () => {
    const first = await fixture.open({ lockTimeoutMs: 1, searchPath: ['elsewhere'] });
    await first.query('CREATE TEMP TABLE leftover (id int); BEGIN');
    await first.close();
    const second = await fixture.open();
    expect((await second.query(`SELECT to_regclass('pg_temp.leftover') AS left`)).rows).toEqual([
      { left: null },
    ]);
    expect(await settings(second)).toMatchObject({ lock_timeout: '5000' });
  });

  it('ends with close, which may be called twice', async () => {
    const session = await fixture.open();
    await session.close();
    await session.close();
    expect(session.closed).toBe(true);
    const error: unknown = await session.query('SELECT 1').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'CONNECTION_LOST' });
    expect(isConnectionLost(error)).toBe(true);
  });
});
