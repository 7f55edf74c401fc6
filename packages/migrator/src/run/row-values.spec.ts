import type { MigrationDatabase } from '../migration/types';
import { describeOnOldestAndNewest } from '../testing/workspace';

/** Settings of a database that write and read values in other ways. */
const HOSTILE = `
  DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET datestyle = ''SQL, DMY''', current_database());
    EXECUTE format('ALTER DATABASE %I SET intervalstyle = ''sql_standard''', current_database());
    EXECUTE format('ALTER DATABASE %I SET timezone = ''Asia/Kathmandu''', current_database());
    EXECUTE format('ALTER DATABASE %I SET extra_float_digits = -15', current_database());
    EXECUTE format('ALTER DATABASE %I SET bytea_output = ''escape''', current_database());
  END $$`;

describeOnOldestAndNewest('values of rows', (workspace) => {
  const before = async () => {
    await workspace().sql(HOSTILE);
    await workspace().sql(`
      CREATE TYPE mood AS ENUM ('sad', 'it''s "ok"');
      CREATE TYPE pair AS (a date, b text);
      CREATE DOMAIN settings AS jsonb;
      CREATE TABLE doc (id int PRIMARY KEY, body bytea, day date, at timestamptz, clock timestamp, span interval,
        place point, amount numeric, ratio float8, big int8, plain json, data jsonb, conf settings, moods mood[], pairs pair[],
        days date[], amounts numeric[], blobs bytea[], docs jsonb[], during tstzrange, note text);
      INSERT INTO doc VALUES
        (1, '\\xCAFE00FF', '2024-03-04', '2024-07-01 12:00:00.123456+02', '2024-03-31 02:30:00.000001', '1 year -2 days +03:04:05.000006',
         '(0.1,1e300)', 1.10, 0.30000000000000004, 9223372036854775807, '{"b": 1.10,  "a": [1e400], "b": 2}',
         '{"n": 12345678901234567890, "d": 1.0}', '[1.50, "x"]', '{sad,"it''s \\"ok\\""}', '{"(2024-03-04,\\"a,b\\")"}',
         '{2024-03-04,NULL}', '{1.10,123456789012345678901234567890}', '{"\\\\xCAFE",NULL}', '{"{\\"a\\": [1]}",NULL,"\\"x\\""}',
         '[2024-01-01 00:00+00,infinity)', 'Zürich ☃ 😀'),
        (2, '', '0044-03-15 BC', 'infinity', '-infinity', '-1 mon', '(-1,0)', 'NaN', 5e-324, 0, '[]', '"text"', 'true', '{}', '{}', '{}',
         '{}', '{}', '{}', 'empty', ''),
        (3, NULL, 'infinity', '200000-01-01 00:00+00', '0001-01-01', '00:00', NULL, NULL, NULL, NULL, NULL, '[]', '{}', NULL, NULL,
         NULL, NULL, NULL, NULL, NULL, NULL)`);
  };
  const texts = () =>
    workspace().sql(`SELECT d::text AS row, md5(d::text) AS sum FROM doc d ORDER BY id`);

  it('B1: come back byte for byte from rollback data', async () => {
    await before();
    const api = workspace()
      .project()
      .add('keep', {
        async up(db) {
          const rows = await db.select('doc');
          await db.query('DELETE FROM doc');
          return { rows };
        },
        async down(db, _agent, rollbackData: { rows: Record<string, unknown>[] }) {
          await db.insert('doc', rollbackData.rows);
        },
      });
    const expected = await texts();
    expect(await api.migrate()).toMatchObject({ failed: undefined });
    expect(await texts()).toEqual([]);
    expect(await api.rollback()).toMatchObject({ failed: undefined });
    expect(await texts()).toEqual(expected);
  });

  it('B1: come back into a column that was dropped, by an update with parameters', async () => {
    await before();
    const api = workspace()
      .project()
      .add('drop', {
        async up(db) {
          const { rows } = await db.query('SELECT id, body, day, at, clock, span, place FROM doc');
          await db.query('UPDATE doc SET body = NULL, day = NULL, at = NULL, clock = NULL');
          await db.query('UPDATE doc SET span = NULL, place = NULL');
          return { rows };
        },
        async down(db, _agent, { rows }: { rows: Record<string, unknown>[] }) {
          for (const { id, ...row } of rows) {
            await db.query(
              'UPDATE doc SET body = $2, day = $3, at = $4, clock = $5, span = $6, place = $7 WHERE id = $1',
              [id, row['body'], row['day'], row['at'], row['clock'], row['span'], row['place']],
            );
          }
        },
      });
    const expected = await texts();
    expect(await api.migrate()).toMatchObject({ failed: undefined });
    expect(await texts()).not.toEqual(expected);
    expect(await api.rollback()).toMatchObject({ failed: undefined });
    expect(await texts()).toEqual(expected);
  });

  it('B1: refuses values that are not exact, naming row, column, type and the way out', async () => {
    const refused = async (up: (db: MigrationDatabase) => unknown) => {
      const api = workspace().project().add('keep', { up });
      const { failed } = await api.migrate();
      expect(failed?.error.code).toBe('INVALID_ROLLBACK_DATA');
      return `${failed?.error.message} ${failed?.error.hint}`;
    };
    expect(
      await refused((db) =>
        db.query(`SELECT 1 AS id, '{}'::jsonb AS doc UNION ALL SELECT 2, 'null'`),
      ),
    ).toMatch(/rollbackData\.rows\[1\]\.doc \(jsonb\) is JSON null.*select it as text/is);
    expect(await refused((db) => db.query(`SELECT '[0:1]={1,2}'::int[] AS list`))).toMatch(
      /rollbackData\.rows\[0\]\.list .*first index is not 1/s,
    );
    expect(
      await refused(async (db) => {
        await db.query(`SET datestyle = 'SQL, DMY'`);
        return db.query(`SELECT '2024-03-04'::date AS day`);
      }),
    ).toMatch(/rollbackData\.rows\[0\]\.day \(date\) is not exact.*DateStyle/s);
    expect(
      await refused(async (db) => {
        await db.query('SET LOCAL extra_float_digits = 0');
        return db.query('SELECT 0.1::float8 + 0.2 AS ratio');
      }),
    ).toMatch(/ratio \(double precision\) is not exact.*extra_float_digits/s);
    expect(await refused((db) => db.query(`SELECT '-0'::float8 AS ratio`))).toMatch(/ratio is -0/);
  });

  it('B2: undefined is refused in a condition or an update, and is the default in an insert', async () => {
    await workspace().sql(`
      CREATE TABLE acct (id int GENERATED BY DEFAULT AS IDENTITY, owner text, at text DEFAULT 'now');
      INSERT INTO acct (owner) VALUES (NULL), ('ann')`);
    const refused = async (up: (db: MigrationDatabase) => unknown) => {
      const { failed } = await workspace().project().add('change', { up }).migrate();
      return failed?.error.code;
    };
    expect(await refused((db) => db.delete('acct', { owner: undefined }))).toBe('INVALID_ARGUMENT');
    expect(await refused((db) => db.select('acct', { owner: undefined }))).toBe('INVALID_ARGUMENT');
    expect(await refused((db) => db.update('acct', { owner: undefined }, { id: 1 }))).toBe(
      'INVALID_ARGUMENT',
    );
    expect(await refused((db) => db.select('acct', { owner: ['ann', 'bob'] }))).toBe(
      'INVALID_ARGUMENT',
    );
    await workspace()
      .project()
      .add('change', {
        async up(db) {
          await db.insert('acct', [
            { owner: 'bob', at: undefined },
            { owner: 'cid', at: null },
          ]);
          await db.delete('acct', { owner: null });
        },
      })
      .migrate();
    expect(await workspace().sql('SELECT owner, at FROM acct ORDER BY id')).toEqual([
      { owner: 'ann', at: 'now' },
      { owner: 'bob', at: 'now' },
      { owner: 'cid', at: null },
    ]);
  });

  it('B2: every value becomes JSON in json and jsonb, arrays and dates fit their columns', async () => {
    await workspace().sql(`
      CREATE DOMAIN tags AS jsonb CHECK (jsonb_typeof(VALUE) = 'array');
      CREATE TABLE cfg (id int, v jsonb, j json, list jsonb[], tags tags, day date, days date[], names text[], bytes bytea[])`);
    const { failed } = await workspace()
      .project()
      .add('fill', {
        async up(db) {
          const values = [[], ['a'], 'a', '"q"', '[1]', 1, true, { a: [1] }, [[1], []]];
          for (const [id, v] of values.entries()) await db.insert('cfg', { id, v, j: v });
          await db.insert('cfg', {
            id: 10,
            v: null,
            list: [['a'], 'b', null, { c: 1 }],
            tags: ['x'],
            day: new Date(2024, 2, 4),
            days: [new Date(2024, 2, 4), null],
            names: ['a "b"', 'c,d', null, 'NULL', ''],
            bytes: [Buffer.from('cafe', 'hex')],
          });
          await db.update('cfg', { v: 'b' }, { v: ['a'] });
          await db.query('ALTER TABLE cfg ALTER COLUMN v TYPE text USING v::text');
          await db.insert('cfg', { id: 11, v: 'plain' });
        },
      })
      .migrate();
    expect(failed).toBeUndefined();
    const rows = await workspace().sql<{ v: string }>(
      'SELECT v FROM cfg WHERE id <> 10 ORDER BY id',
    );
    expect(rows.map(({ v }) => v)).toEqual([
      '[]',
      '"b"',
      '"a"',
      '"\\"q\\""',
      '"[1]"',
      '1',
      'true',
      '{"a": [1]}',
      '[[1], []]',
      'plain',
    ]);
    const [row] = await workspace().sql(
      `SELECT v, list::text, tags::text, day::text, days::text, names::text, bytes::text FROM cfg WHERE id = 10`,
    );
    expect(row).toEqual({
      v: null,
      list: '{"[\\"a\\"]","\\"b\\"",NULL,"{\\"c\\": 1}"}',
      tags: '["x"]',
      day: '2024-03-04',
      days: '{2024-03-04,NULL}',
      names: '{"a \\"b\\"","c,d",NULL,"NULL",""}',
      bytes: '{"\\\\xcafe"}',
    });
  });

  it('B2: rows with generated and identity columns go back as they were', async () => {
    await workspace().sql(`
      CREATE TABLE "Line Items" (id int GENERATED ALWAYS AS IDENTITY (START 7), net int, gross int GENERATED ALWAYS AS (net * 2) STORED);
      INSERT INTO "Line Items" (net) VALUES (1), (2)`);
    const { failed } = await workspace()
      .project()
      .add('again', {
        async up(db) {
          const rows = await db.delete('Line Items', { gross: 4 });
          await db.insert('Line Items', rows);
        },
      })
      .migrate();
    expect(failed).toBeUndefined();
    expect(await workspace().sql('SELECT * FROM "Line Items" ORDER BY id')).toEqual([
      { id: 7, net: 1, gross: 2 },
      { id: 8, net: 2, gross: 4 },
    ]);
  });
});
