import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Session } from '../database/database';
import { describeEachDatabase, type DatabaseFixture } from '../testing/databases';
import { handleOn, roundTrip, type Fate } from '../testing/values/round-trip';
import { SAMPLES } from '../testing/values/samples';
import { tableLine } from '../testing/values/table';

const DOCS = join(__dirname, '..', '..', '..', '..', 'docs', 'rollback.md');
const START = '<!-- types: written by value-conformance.spec.ts with UPDATE_DOCS=1 -->\n\n';
const END = '\n\n<!-- end of types -->';
const HEAD = ['| Type | In `up` | In `down` | Rollback data |', '| --- | --- | --- | --- |'];

/** What a server, role or database may set. */
const HOSTILE = {
  DateStyle: 'SQL, DMY',
  IntervalStyle: 'sql_standard',
  TimeZone: 'Asia/Kathmandu',
  extra_float_digits: '-15',
  bytea_output: 'escape',
};

/** Types made from others. */
const MADE: Readonly<Record<string, readonly string[]>> = {
  mood: ['sad', 'it\'s "ok", (so) {so}'],
  pair: ['(2024-03-04,"a,b",0.1,$1.00,"1 day -00:00:01")', '(,,,,)'],
  span: ['[0.1,1e300)', 'empty'],
  rated: ['0.1'],
  settings: ['{"a": [1]}', '[]', '"x"', '{"a": 1.10}'],
  'text[]': ['{a,NULL,"NULL","",{}}'.replace(',{}', ''), '{{a,b},{c,d}}', '{}', '[0:1]={a,b}'],
  'numeric[]': ['{1.10,NaN,NULL}'],
  'float8[]': ['{0.1,NULL}', '{NaN}', '{-0}'],
  'jsonb[]': ['{"[]","{\\"a\\": 1.10}",NULL,"\\"x\\""}', '{"null"}', '{{"[]"},{"1"}}'],
  'json[]': ['{"{\\"a\\":  1}"}', '{"[1]"}'],
  'box[]': ['{(1,1),(0,0);(2,2),(1,1)}'],
  'bytea[]': ['{"\\\\xcafe",NULL}'],
  'timestamptz[]': ['{"2024-07-01 12:00:00.123456+02",infinity,NULL}'],
  'daterange[]': ['{"[2024-03-04,2024-04-03)"}'],
  'interval[]': ['{"1 day -00:00:01"}'],
  'point[]': ['{"(1,2)"}'],
  'money[]': ['{$1.00}'],
  'mood[]': ['{sad,NULL}'],
  'pair[]': ['{"(2024-03-04,a,1,$1.00,)"}'],
};

const MAKE = `
  CREATE TYPE mood AS ENUM ('sad', 'it''s "ok", (so) {so}');
  CREATE TYPE pair AS (a date, b text, c float8, d money, e interval);
  CREATE TYPE span AS RANGE (subtype = float8);
  CREATE DOMAIN rated AS numeric CHECK (VALUE > 0);
  CREATE DOMAIN settings AS jsonb`;

describeEachDatabase('B1: every type', ({ create, driver, name }) => {
  let fixture: DatabaseFixture;
  let plain: Session;
  let types: string[];

  beforeAll(async () => {
    fixture = await create();
    const session = await fixture.open();
    const [row] = (await session.query<{ name: string }>('SELECT current_database() AS name')).rows;
    for (const [setting, value] of Object.entries(HOSTILE)) {
      await session.query(`ALTER DATABASE "${row?.name}" SET ${setting} = '${value}'`);
    }
    await session.query(MAKE);
    await fixture.closeSessions();
    plain = await fixture.open();
    // PGlite keeps a time zone of its own.
    await plain.query(`SET TimeZone = '${HOSTILE.TimeZone}'`);
    const { rows } = await plain.query<{ name: string }>(
      `SELECT typname::text AS name FROM pg_catalog.pg_type
        WHERE typtype IN ('b', 'r', 'm') AND typnamespace = 'pg_catalog'::regnamespace AND NOT (typcategory = 'A' AND typsubscript = 'array_subscript_handler'::regproc)
          AND typname <> 'unknown' ORDER BY typname COLLATE "C"`,
    );
    types = rows.map((type) => type.name);
  });
  afterAll(() => fixture?.drop());

  it('has samples', () => {
    expect(types.filter((type) => SAMPLES[type] === undefined)).toEqual([]);
    expect(types.length).toBeGreaterThan(60);
  });

  it('comes back byte for byte under the settings of the database, or is refused', async () => {
    const changed: string[] = [];
    const lines = new Map<string, string>();
    for (const [type, literals] of samples()) {
      const sql = sqlOf(type);
      const fates = literals.length === 0 ? [] : await roundTrip(plain, plain, sql, literals);
      changed.push(...changedIn(type, fates));
      lines.set(type, tableLine(type, fates));
      if (type in MADE || literals.length === 0) continue;
      const exact = fates
        .filter(({ verdict }) => verdict === 'exact')
        .map(({ literal }) => literal);
      const list = exact.map((literal) => `"${literal.replace(/["\\]/g, '\\$&')}"`);
      const delimiter = type === 'box' ? ';' : ',';
      const [fate] = await roundTrip(plain, plain, `${sql}[]`, [
        `{${[...list, 'NULL'].join(delimiter)}}`,
      ]);
      if (fate?.verdict !== 'exact') changed.push(`${type}[] ${JSON.stringify(fate)}`);
    }
    expect(changed).toEqual([]);
    checkDocs(lines);
  }, 120_000);

  // PGlite has one session, so that `down` would run under the settings of `up`.
  if (driver === 'postgres') {
    it.each(Object.entries({ ...HOSTILE, client_encoding: 'LATIN1' }))(
      'comes back byte for byte if the migration sets %s to %s, or is refused',
      async (setting, value) => {
        const up = await fixture.open();
        await up.query(`SET ${setting} = '${value}'`);
        const ascii = ([, literals]: readonly [string, readonly string[]]) =>
          setting !== 'client_encoding' || !/[^ -~]/.test(literals.join(''));
        const changed: string[] = [];
        for (const [type, literals] of samples().filter(ascii)) {
          if (literals.length === 0) continue;
          const fates = await roundTrip(up, plain, sqlOf(type), literals);
          changed.push(...changedIn(type, fates));
        }
        expect(changed).toEqual([]);
      },
      120_000,
    );

    it('is not read or written in another client encoding than UTF8', async () => {
      const up = handleOn(await fixture.open());
      await up.query("SET client_encoding = 'LATIN1'");
      const refused = { code: 'UNSUPPORTED_ENCODING' };
      await expect(up.query('SELECT chr(252) AS letter')).rejects.toMatchObject(refused);
      await expect(up.query("SELECT 'ü' AS letter")).rejects.toMatchObject(refused);
      await expect(up.query('SELECT $1::text', ['ü'])).rejects.toMatchObject(refused);
      expect((await up.query("SELECT 'u' AS letter")).rows).toEqual([{ letter: 'u' }]);
    });
  }

  const samples = () => [
    ...types.map((type) => [type, SAMPLES[type] ?? []] as const),
    ...Object.entries(MADE),
  ];

  /** The table has a line for each type; UPDATE_DOCS=1 writes it. */
  function checkDocs(lines: ReadonlyMap<string, string>): void {
    const text = readFileSync(DOCS, 'utf8');
    const [before = '', rest = ''] = text.split(START);
    const [table = '', after = ''] = rest.split(END);
    if (process.env['UPDATE_DOCS'] === '1') {
      const known = new Map(
        table
          .split('\n')
          .slice(2)
          .map((line) => [/`([^`]+)`/.exec(line)?.[1] ?? '', line] as const),
      );
      for (const [type, line] of lines) known.set(type, line);
      const sorted = [...known]
        .filter(([type]) => type !== '')
        .sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1));
      writeFileSync(
        DOCS,
        `${before}${START}${[...HEAD, ...sorted.map(([, line]) => line)].join('\n')}${END}${after}`,
      );
      return;
    }
    const documented = table.split('\n');
    expect({
      name,
      missing: [...lines.values()].filter((line) => !documented.includes(line)),
    }).toEqual({ name, missing: [] });
  }
});

const sqlOf = (type: string): string => (type in MADE ? type : `pg_catalog."${type}"`);

const changedIn = (type: string, fates: readonly Fate[]): string[] =>
  fates
    .filter(({ verdict }) => verdict === 'CHANGED')
    .map((fate) => `${type} ${JSON.stringify(fate)}`);

/** Base types first. */
const rank = (type: string): number => (type in MADE ? 1 : 0);
