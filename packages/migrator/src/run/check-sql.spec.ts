import { readFileSync } from 'node:fs';
import { formatError } from '../report/format-error';
import { nthVersion } from '../testing/migration-source';
import { describeOnOldestAndNewest, describeOnServers } from '../testing/workspace';

const source = (version: string, name: string, options: string, up: string, down = '') =>
  `export default { version: '${version}', name: '${name}', ${options}
  async up(db) { ${up} },
  async down(db) { ${down} } };`;

describeOnOldestAndNewest(
  'D: SQL that cannot work is refused before anything runs',
  (workspace) => {
    const project = (up: string, options = '', down = '') =>
      workspace()
        .project()
        .add('good', 'CREATE TABLE good (id int)')
        .write(`${nthVersion(2)}_bad.ts`, source(nthVersion(2), 'bad', options, up, down));

    it.each([
      ['a syntax error', 'db.query(`CREATE TABLE a (id int);\n  SELCT 1`)', 'SQL_SYNTAX_ERROR', ''],
      [
        'a syntax error of a script',
        "db.script('SELECT 1; SELECT FROM FROM a')",
        'SQL_SYNTAX_ERROR',
        '',
      ],
      ['COMMIT', "db.query('SELECT 1; COMMIT')", 'TRANSACTION_CONTROL', ''],
      ['COMMIT AND CHAIN', "db.query('COMMIT AND CHAIN')", 'TRANSACTION_CONTROL', ''],
      ['BEGIN … COMMIT', "db.script('BEGIN; SELECT 1; COMMIT')", 'TRANSACTION_CONTROL', ''],
      ['ROLLBACK', "if (false) await db.query('ROLLBACK')", 'TRANSACTION_CONTROL', ''],
      ['PREPARE TRANSACTION', "db.query(`PREPARE TRANSACTION 'x'`)", 'TRANSACTION_CONTROL', ''],
      [
        'a concurrent build',
        "db.query('CREATE INDEX CONCURRENTLY i ON good (id)')",
        'TRANSACTION_NOT_ALLOWED',
        '',
      ],
      [
        'one of a computed table',
        'const t = "good"; await db.query(`CREATE INDEX CONCURRENTLY i ON ${t} (id)`)',
        'TRANSACTION_NOT_ALLOWED',
        '',
      ],
      [
        'COMMIT before a value',
        'const t = "good"; await db.query(`COMMIT; SELECT * FROM ${t}`)',
        'TRANSACTION_CONTROL',
        '',
      ],
      ['VACUUM', "db.query('vacuum (analyze) good')", 'TRANSACTION_NOT_ALLOWED', ''],
      [
        'REINDEX CONCURRENTLY',
        "db.query('REINDEX TABLE CONCURRENTLY good')",
        'TRANSACTION_NOT_ALLOWED',
        '',
      ],
      [
        'DROP INDEX CONCURRENTLY',
        "db.query('DROP INDEX CONCURRENTLY i')",
        'TRANSACTION_NOT_ALLOWED',
        '',
      ],
      [
        'DETACH CONCURRENTLY',
        "db.query('ALTER TABLE a DETACH PARTITION b CONCURRENTLY')",
        'TRANSACTION_NOT_ALLOWED',
        '',
      ],
      ['CREATE DATABASE', "db.query('CREATE DATABASE a')", 'TRANSACTION_NOT_ALLOWED', ''],
      ['ALTER SYSTEM', "db.query('ALTER SYSTEM SET work_mem = 1')", 'TRANSACTION_NOT_ALLOWED', ''],
      [
        'CREATE TABLESPACE',
        "db.query(`CREATE TABLESPACE a LOCATION '/a'`)",
        'TRANSACTION_NOT_ALLOWED',
        '',
      ],
      [
        'several statements in one query',
        "db.query('SELECT 1; CREATE INDEX CONCURRENTLY i ON good (id)')",
        'TRANSACTION_NOT_ALLOWED',
        'transaction: false,',
      ],
      [
        'a build between BEGIN and COMMIT',
        "db.script('BEGIN; VACUUM; COMMIT')",
        'TRANSACTION_NOT_ALLOWED',
        'transaction: false,',
      ],
      [
        'COPY FROM stdin',
        "db.query('COPY good FROM stdin')",
        'COPY_FROM_STDIN',
        'transaction: false,',
      ],
      [
        'COPY with its rows',
        'db.script(`COPY good (id) FROM stdin;\n1\n2\n\\\\.\n`)',
        'COPY_FROM_STDIN',
        '',
      ],
    ])('D: %s', async (_, up, code, options) => {
      const api = project(up, options);
      for (const mode of ['dry-run', 'run'] as const) {
        await expect(api.migrate({ mode })).rejects.toMatchObject({
          code,
          where: expect.stringMatching(/_bad\.ts:\d+:\d+$/),
        });
      }
      expect((await api.status()).problems[0]?.code).toBe(code);
      expect(await api.history()).toEqual([]);
      expect(await workspace().tables()).toEqual([]);
    });

    it('D: shows file, line, statement and caret of every problem at once', async () => {
      const api = project(
        'await db.query(`SELECT 1;\n    SELCT 2`); await db.query("COMMIT");',
      ).write(
        `${nthVersion(3)}_third.ts`,
        source(nthVersion(3), 'third', '', "db.query('VACUUM')"),
      );
      const error: unknown = await api.migrate().catch((thrown: unknown) => thrown);
      const text = formatError(error);
      expect(error).toMatchObject({
        problems: [
          {
            code: 'SQL_SYNTAX_ERROR',
            where: `${api.pathOf('bad')}:3:5`,
            statement: { line: 2, column: 5 },
          },
          { code: 'TRANSACTION_CONTROL' },
          { code: 'TRANSACTION_NOT_ALLOWED' },
        ],
      });
      expect(text).toContain('3 |     SELCT 2');
      expect(text).toMatch(/3 \| {5}SELCT 2\n +\| {5}\^/);
    });

    it.each([
      [
        'words in comments and strings',
        "db.query(`-- COMMIT\\n/* VACUUM */ SELECT 'COMMIT; VACUUM'`)",
      ],
      ['a block of PL/pgSQL', "db.query('DO $$ BEGIN PERFORM 1; END $$')"],
      [
        'a procedure that commits',
        "db.query('CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$')",
      ],
      ['SAVEPOINT', "db.query('SAVEPOINT a; ROLLBACK TO a; RELEASE a')"],
      ['a variable', "const sql = 'SELECT 1'; await db.query(sql)"],
      ['parameters', "db.query('SELECT $1::int', [1])"],
      ['ANALYZE and REINDEX TABLE', "db.script('ANALYZE good; REINDEX TABLE good')"],
      ['a value in a template', "const n = 1; await db.query(`SELECT ${n}; SELECT ';${n}'`)"],
      [
        'an index that is not built concurrently',
        "db.query('CREATE INDEX concurrently_built ON good (id)')",
      ],
      ['an empty string', "db.script('')"],
      ['text for another tool', "const help = 'COMMIT; \\\\d good'; help.slice(1)"],
    ])('D: %s is not refused', async (_, up) => {
      expect((await project(up).migrate()).failed).toBeUndefined();
    });

    it('D: checks down before a rollback runs, and not before', async () => {
      const api = project(
        'db.query("SELECT 1")',
        '',
        "await db.query('DROP TABLE good'); await db.query('VACUUM')",
      );
      expect((await api.migrate()).status).toBe('done');
      for (const mode of ['dry-run', 'run'] as const) {
        await expect(api.rollback({ mode })).rejects.toMatchObject({
          code: 'TRANSACTION_NOT_ALLOWED',
        });
      }
      expect(await workspace().tables()).toEqual(['good']);
    });

    it('D: leaves very large SQL to the server', async () => {
      const api = project(`db.query(\`SELECT '${'x'.repeat(300_000)}'; COMMIT\`)`);
      expect(readFileSync(api.pathOf('bad')).length).toBeGreaterThan(300_000);
      expect((await api.migrate()).failed?.error.code).toBe('TRANSACTION_CONTROL');
    });
  },
);

describeOnServers('D: what runs without a transaction', (workspace) => {
  it('D: is not refused one statement at a time', async () => {
    const api = workspace()
      .project()
      .write(
        `${nthVersion(1)}_index.ts`,
        source(
          nthVersion(1),
          'index',
          'transaction: false,',
          "await db.script('CREATE TABLE t (id int); CREATE INDEX CONCURRENTLY i ON t (id); BEGIN; SELECT 1; COMMIT; VACUUM t'); await db.query('VACUUM t');",
        ),
      );
    expect((await api.migrate()).failed).toBeUndefined();
  });
});
