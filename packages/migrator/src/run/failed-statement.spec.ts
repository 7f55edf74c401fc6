import { rememberSecret } from '../text/redact';
import { nthVersion } from '../testing/migration-source';
import { describeOnOldestAndNewest, describeOnServers } from '../testing/workspace';

/** A migration whose \`up\` is the given lines, the first of which is line 5 of the file. */
const migration = (...lines: string[]) => `export default {
  version: '${nthVersion(1)}',
  name: 'wrong',
  async up(db) {
${lines.join('\n')}
  },
};
`;

describeOnOldestAndNewest('E1: an SQL error shows its statement', (workspace) => {
  async function failure(...lines: string[]) {
    const api = workspace()
      .project()
      .write(`${nthVersion(1)}_wrong.ts`, migration(...lines));
    const { failed } = await api.migrate();
    const rows = await api.rows<{ message: string }>('error_message AS message');
    expect(rows.at(-1)?.message).toBe(failed?.error.message);
    return { error: failed?.error, path: api.pathOf('wrong') };
  }

  it('E1: with line, file line and a caret under the position, in the third of four statements', async () => {
    const { error, path } = await failure(
      'await db.query(`',
      '  CREATE TABLE a (id int);',
      '  CREATE TABLE b (id int);',
      '  ALTER TABLE b',
      '    ADD x nonsense;',
      '  CREATE TABLE c (id int)`);',
    );
    expect(error?.statement).toMatchObject({
      sql: 'ALTER TABLE b\n    ADD x nonsense',
      line: 5,
      column: 11,
      number: 3,
      file: `${path}:9`,
    });
    expect(error?.message).toBe(
      [
        'type "nonsense" does not exist (SQLSTATE 42704)',
        `  statement 3, line 5, column 11 of the SQL, ${path}:9:`,
        '    8 |   ALTER TABLE b',
        '    9 |     ADD x nonsense;',
        '      |           ^',
      ].join('\n'),
    );
  });

  it('E1: of script, counted in the whole script', async () => {
    const { error, path } = await failure(
      'await db.script(`CREATE TABLE a (id int);',
      '  -- not this one',
      '  SELECT nope FROM a`);',
    );
    expect(error?.statement).toMatchObject({ line: 3, column: 10, file: `${path}:7` });
    expect(error?.message).toContain('    7 |   SELECT nope FROM a\n      |          ^');
  });

  it('E1: of insert, as the handle built it', async () => {
    const { error } = await failure(
      "await db.query('CREATE TABLE a (id int)');",
      "await db.insert('a', { nope: 1 });",
    );
    expect(error?.statement?.sql).toContain('INSERT INTO "a" ("nope")');
    expect(error?.message).toMatch(/\n {6}\| +\^/);
  });

  it('E1: counts characters, not UTF-16 units or bytes, and keeps the caret right behind a tab', async () => {
    const { error } = await failure("await db.query(\"SELECT 'é', '😀',\\t'日本', nope\");");
    expect(error?.statement).toMatchObject({ line: 1, column: 24 });
    const [text, caret] = error?.message.split('\n').slice(-2) ?? [];
    expect(text).toContain("'日本', nope");
    // Three characters before it are two columns wide.
    expect(caret?.indexOf('^')).toBe((text ?? '').indexOf('nope') - 1 + 3);
  });

  it('E1: cuts a long line around the caret', async () => {
    const { error } = await failure("await db.query('SELECT ' + '1, '.repeat(50_000) + 'nope');");
    expect(error?.statement?.column).toBe(150_008);
    expect(error?.message.length).toBeLessThan(1_000);
    expect(error?.message).toContain('1, nope');
  });

  it('E1: with the query that a function ran, and the context', async () => {
    const { error } = await failure(
      'await db.query("DO $$ BEGIN EXECUTE \'SELECT 1 +\\n nope\'; END $$");',
    );
    expect(error?.message).toContain('in the query that a function ran:');
    expect(error?.message).toContain('    2 |  nope\n      |  ^');
    expect(error?.message).toContain('where: PL/pgSQL function');
  });

  it('E1: masks passwords in the statement, and shows no caret that would be wrong', async () => {
    rememberSecret('s3cret-canary');
    const { error } = await failure('await db.query("SELECT \'s3cret-canary\', nope");');
    const role = await failure('await db.query("ALTER ROLE nope_nope PASSWORD \'other-canary\'");');
    expect(JSON.stringify([error, error?.message, error?.stack])).not.toContain('s3cret');
    expect(error?.message).toContain("SELECT '***', nope\n      |               ^");
    expect(JSON.stringify([role.error, role.error?.message])).not.toContain('other-canary');
  });

  it('E1, E4: masks a password that an excerpt would begin in', async () => {
    for (const distance of [1_850, 1_950, 2_000, 2_030]) {
      const { error } = await failure(
        `await db.query("SELECT 'postgres://u:canary-" + 'secret'.repeat(5) + "@h/db',\\n'" + 'z'.repeat(${distance}) + "', nope");`,
      );
      expect(error?.message).toContain("', nope");
      expect(error?.message).not.toMatch(/canary|secret/);
    }
  });

  it('E1: numbers the lines of the SQL where the file has them as escapes', async () => {
    const { error, path } = await failure("await db.query('SELECT 1;\\n SELECT 2,\\n nope');");
    expect(error?.statement).toMatchObject({ line: 3, file: `${path}:5` });
    expect(error?.message).toContain('    2 |  SELECT 2,\n    3 |  nope\n      |  ^');
  });

  it('E1: points into a file with CRLF line ends and escapes', async () => {
    const { error, path } = await failure(
      'await db.query(`SELECT 1;\r\n  SELECT \\u0031,\r\n    nope`);\r',
    );
    expect(error?.statement).toMatchObject({ line: 3, column: 5, file: `${path}:7` });
  });
});

describeOnServers('E1: an SQL error without a position', (workspace) => {
  it.each(['query', 'script'])('E1: shows the statement that failed, of %s', async (method) => {
    const api = workspace()
      .project()
      .write(
        `${nthVersion(1)}_wrong.ts`,
        migration(
          `await db.${method}(\`CREATE TABLE a (id int); INSERT INTO a VALUES (0);`,
          '  /* here */ SELECT 1 / id FROM a;',
          '  SELECT 2`);',
        ),
      );
    const { failed } = await api.migrate();
    expect(failed?.error.statement).toMatchObject({
      sql: 'SELECT 1 / id FROM a',
      line: 2,
      file: `${api.pathOf('wrong')}:6`,
    });
  });
});
