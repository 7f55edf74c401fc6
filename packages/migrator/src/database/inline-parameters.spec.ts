import { describeEachDatabase, type DatabaseFixture } from '../testing/databases';
import { inlineParameters } from './inline-parameters';

describe('Parameters as literals', () => {
  it('replace placeholders, and nothing inside quotes', () => {
    expect(inlineParameters(`SELECT '$1', "$2", $2::text, $1::int`, ['1', null])).toBe(
      `SELECT '$1', "$2", NULL::text, E'1'::int`,
    );
  });

  it('make every character ASCII', () => {
    expect(inlineParameters('SELECT $1::text FROM "é\\"', [`ü'\\\u{1F600}`])).toBe(
      `SELECT E'\\U000000fc''\\\\\\U0001f600'::text FROM U&"\\+0000e9\\\\"`,
    );
  });
});

describeEachDatabase('Parameters as literals', (kind) => {
  let fixture: DatabaseFixture;
  beforeAll(async () => {
    fixture = await kind.create();
  });
  afterAll(() => fixture?.drop());

  it('arrive unchanged under every encoding and rule for strings', async () => {
    const session = await fixture.open();
    const text = `é 'quote' "double" \\ \\u0041 $1 \n\t \u{1F600} --x /*`;
    await session.query(`CREATE SCHEMA "Größe \\ $1"; CREATE TABLE "Größe \\ $1".t (a text)`);
    for (const setting of [
      'client_encoding = LATIN1',
      'standard_conforming_strings = off',
      'client_encoding = SQL_ASCII',
      'backslash_quote = off',
    ]) {
      await session.query(`SET ${setting}`);
      await session.query(
        inlineParameters('INSERT INTO "Größe \\ $1".t VALUES ($1::text)', [text]),
      );
    }
    await session.query('RESET ALL; SET client_encoding = UTF8');
    const { rows } = await session.query(`SELECT DISTINCT a FROM "Größe \\ $1".t`);
    expect(rows).toEqual([{ a: text }]);
  });
});
