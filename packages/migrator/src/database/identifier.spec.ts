import { describeEachDatabase, type DatabaseFixture } from '../testing/databases';
import type { Session } from './database';
import { quoteIdentifier, quoteLiteral } from './identifier';

const HOSTILE = [
  'x"; DROP TABLE victim; --',
  `x'; DROP TABLE victim; --`,
  '"',
  '""',
  '$$',
  '\\',
  'Mixed Case',
  'über-größe',
  '\u202e',
  'select',
  'a'.repeat(63),
];

describeEachDatabase('A hostile name', ({ create }) => {
  let fixture: DatabaseFixture;
  let session: Session;

  beforeAll(async () => {
    fixture = await create();
    session = await fixture.open();
    await session.query('CREATE TABLE victim (id int)');
  });
  afterAll(() => fixture?.drop());

  it.each(HOSTILE)('%j is only a name', async (name) => {
    await session.query(`CREATE TABLE ${quoteIdentifier(name)} (id int)`);
    const { rows } = await session.query(
      `SELECT to_regclass('victim') IS NOT NULL AS victim, count(*)::int AS tables FROM pg_class WHERE relname = $1`,
      [name],
    );
    expect(rows).toEqual([{ victim: true, tables: 1 }]);
  });

  it.each(HOSTILE)('%j is only text', async (text) => {
    for (const standard of ['on', 'off']) {
      await session.query(`SET standard_conforming_strings = ${standard}`);
      const { rows } = await session.query(`SELECT${quoteLiteral(text)} AS text`);
      expect(rows).toEqual([{ text }]);
    }
    await session.query('SET standard_conforming_strings = on');
  });
});

describe('A name that Postgres cannot hold', () => {
  it.each([
    ['', 'INVALID_NAME'],
    ['a\0b', 'INVALID_NAME'],
    ['a'.repeat(64), 'IDENTIFIER_TOO_LONG'],
    ['ü'.repeat(32), 'IDENTIFIER_TOO_LONG'],
  ])('%j is refused', (name, code) => {
    expect(() => quoteIdentifier(name)).toThrow(expect.objectContaining({ code }));
  });

  it('as text is refused', () => {
    expect(() => quoteLiteral('a\0b')).toThrow(/NUL/);
  });
});
