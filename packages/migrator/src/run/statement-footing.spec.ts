import { parseSql } from './parse-sql';
import { changesSession, footingOf } from './statement-footing';

const only = async (sql: string) => {
  const [statement] = await parseSql(sql);
  if (statement === undefined) throw new Error('There is one statement.');
  return statement;
};

describe('how the end of a statement is recorded', () => {
  it.each([
    'UPDATE t SET a = 1',
    'MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE',
    'CREATE TABLE t (a int)',
    'CREATE INDEX i ON t (a)',
    "ALTER TYPE mood ADD VALUE 'x'",
    'DROP INDEX i',
    'REFRESH MATERIALIZED VIEW v',
    'GRANT SELECT ON t TO u',
    'CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN 1',
    'SELECT f()',
  ])('together with its effect: %s', async (sql) => {
    expect(footingOf(await only(sql))).toBe('together');
  });

  it.each([
    'CREATE INDEX CONCURRENTLY i ON t (a)',
    'DROP INDEX CONCURRENTLY i',
    'REFRESH MATERIALIZED VIEW CONCURRENTLY v',
    'ALTER TABLE t DETACH PARTITION p CONCURRENTLY',
    'REINDEX TABLE t',
    'VACUUM t',
    'ANALYZE t',
    'CALL p()',
    'DO $$BEGIN END$$',
    'ALTER SYSTEM SET work_mem = 1',
    'CREATE DATABASE d',
    'DROP DATABASE d',
    "CREATE TABLESPACE s LOCATION E'/tmp'",
    "CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p",
    'SET work_mem = 1',
    'LOCK TABLE t',
    'ROLLBACK',
    "PREPARE TRANSACTION 'x'",
    "COMMIT PREPARED 'x'",
    'DISCARD ALL',
  ])('after it: %s', async (sql) => {
    expect(footingOf(await only(sql))).toBe('after');
  });

  it.each([
    ['before', 'COMMIT'],
    ['before', 'END'],
    ['before', 'COMMIT AND CHAIN'],
    ['covered', 'BEGIN ISOLATION LEVEL SERIALIZABLE'],
    ['covered', 'START TRANSACTION'],
    ['covered', 'SAVEPOINT s'],
    ['covered', 'RELEASE s'],
    ['covered', 'ROLLBACK TO s'],
    ['covered', 'SET LOCAL work_mem = 1'],
    ['covered', 'SET TRANSACTION READ ONLY'],
  ])('%s: %s', async (footing, sql) => {
    expect(footingOf(await only(sql))).toBe(footing);
  });

  it('sends again what changes only the session', async () => {
    expect(changesSession(await only('SET search_path = app'))).toBe(true);
    expect(changesSession(await only('RESET ALL'))).toBe(true);
    expect(changesSession(await only('PREPARE q AS SELECT 1'))).toBe(true);
    expect(changesSession(await only("SELECT set_config('search_path', '', false)"))).toBe(true);
    expect(changesSession(await only("SELECT set_config('a.b', n, false) FROM t"))).toBe(false);
    expect(changesSession(await only("SELECT set_config('a.b', f(), false)"))).toBe(false);
    expect(changesSession(await only('SELECT f()'))).toBe(false);
    expect(changesSession(await only('SET LOCAL search_path = app'))).toBe(false);
    expect(changesSession(await only('CREATE TABLE t (a int)'))).toBe(false);
  });
});
