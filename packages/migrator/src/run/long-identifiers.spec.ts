import { findLongIdentifiers } from './long-identifiers';

const LONG = 'x'.repeat(64);
const FITS = 'x'.repeat(63);

const found = (sql: string) => findLongIdentifiers(sql, 63).map(({ name }) => name);

describe('findLongIdentifiers', () => {
  it.each([
    ['unquoted', `CREATE TABLE ${LONG} (a int)`, LONG],
    ['quoted', `CREATE TABLE "${LONG} y" (a int)`, `${LONG} y`],
    ['with a quote inside', `SELECT 1 AS "${FITS}""y"`, `${FITS}"y`],
    ['of two-byte characters', `CREATE TABLE ${'ü'.repeat(32)} (a int)`, 'ü'.repeat(32)],
    ['of four-byte characters', `SELECT 1 AS "${'😀'.repeat(16)}"`, '😀'.repeat(16)],
    ['with Unicode escapes', `SELECT 1 AS U&"${'\\00fc'.repeat(32)}"`, 'ü'.repeat(32)],
    ['directly behind a string', `SELECT 'a'${LONG}`, LONG],
    ['behind a comment', `/* /* nested */ */ DROP TABLE ${LONG} -- ${LONG}`, LONG],
    ['behind a dollar-quoted string', `SELECT $a$ ${FITS} $$ $a$ AS ${LONG}`, LONG],
    ['behind an escape string', `SELECT E'it\\'s' AS ${LONG}`, LONG],
    ['behind a doubled quote', `SELECT 'it''s' AS ${LONG}`, LONG],
    ['with a dollar sign', `SELECT 1 AS a$b${LONG}`, `a$b${LONG}`],
    ['behind an operator', `SELECT a->>b, 1/${LONG}`, LONG],
  ])('finds a long name %s', (_what, sql, name) => {
    expect(found(sql)).toEqual([name]);
  });

  it.each([
    ['a name of exactly 63 bytes', `CREATE TABLE ${FITS} ("${FITS}" int)`],
    ['a string', `SELECT '${LONG}', E'${LONG}\\'${LONG}', U&'${LONG}', B'${'1'.repeat(80)}'`],
    ['a comment', `SELECT 1 -- ${LONG}\n/* "${LONG}" */`],
    ['a dollar-quoted body', `DO $body$ BEGIN PERFORM 1 AS ${LONG}; END $body$`],
    ['a long number', `SELECT ${'9'.repeat(100)}, $1`],
    ['quotes that hold escapes for short names', `SELECT 1 AS U&"${'\\0061'.repeat(20)}"`],
    ['an escape character of its own', `SELECT 1 AS U&"${'!0061'.repeat(20)}" UESCAPE '!'`],
    // With standard_conforming_strings off, the string goes on behind the quote.
    ['a string whose end depends on a setting', `SELECT 'it\\'s ${LONG} ${LONG}'`],
    ['a string without an end', `SELECT 'it ${LONG}`],
    ['doubled quotes that make a name look long', `SELECT 1 AS "${'""'.repeat(40)}"`],
  ])('does not report %s', (_what, sql) => {
    expect(found(sql)).toEqual([]);
  });

  it('returns the index of the name, and its bytes', () => {
    expect(findLongIdentifiers(`SELECT 1 AS ${LONG}`, 63)).toEqual([
      { name: LONG, bytes: 64, at: 12 },
    ]);
  });

  it('takes the limit of the server', () => {
    expect(findLongIdentifiers(`SELECT 1 AS ${LONG}`, 127)).toEqual([]);
  });

  it.each([
    ['quotes', `"`.repeat(2_000_001)],
    ['comments', '--\n'.repeat(1_000_000)],
    ['openings of comments', '/*'.repeat(1_000_000)],
    ['dollars', '$a'.repeat(1_000_000)],
    ['a string of data', `INSERT INTO t VALUES ('${'x'.repeat(3_000_000)}')`],
    ['backslashes', `SELECT '${'\\'.repeat(2_000_000)}''`],
  ])('reads megabytes of %s', (_what, text) => {
    expect(found(`${'y'.repeat(22)} ${text}`)).toEqual(expect.any(Array));
  });
});
