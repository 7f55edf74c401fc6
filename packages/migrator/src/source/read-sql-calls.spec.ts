import { readSqlCalls } from './read-sql-calls';

const read = (source: string) =>
  readSqlCalls(source).map(({ in: owner, method, kind, literal, params }) =>
    [owner, method, kind, params, literal.text].join(' '),
  );
const inUp = (body: string) => read(`export default { async up(db) { ${body} } };`);

describe('D: the SQL of a migration is read off its source', () => {
  it.each([
    ['a method', "{ async up(db, agent) { await db.query('S'); } }"],
    [
      'a typed method',
      "{ async up(conn: MigrationDatabase): Promise<{ a: string[] }> { await conn.query<{ n: 1 }>('S'); } }",
    ],
    ['an arrow', "{ up: async (db) => { await db.query('S'); } }"],
    ['a bare arrow', "{ up: db => db.query('S').then(() => undefined) }"],
    ['a function', '{ up: async function (db) { await db.query(`S`); } }'],
    ['a declaration', "{ up }; async function up(db) { return db.query('S') }"],
    ['a constant', "{ up }; const up = async (db) => db.query('S')"],
    [
      'a helper',
      "{ up: (d) => helper(1, d) }; function helper(n: number, db: Db) { return db.query('S') }",
    ],
  ])('of %s', (_, source) => {
    expect(read(`export default ${source}`)).toEqual(['up query whole none S']);
  });

  it('knows query from script, parameters, and templates with values', () => {
    expect(
      inUp('db.script("A"); db.query(\'B\', [1]); db.query(`C ${name} x`); db.query(`D`,)'),
    ).toEqual([
      'up script whole none A',
      'up query whole some B',
      'up query head some C ',
      'up query whole none D',
    ]);
  });

  it.each([
    ['a variable', 'db.query(sql)'],
    ['a concatenation', "db.query('A' + b)"],
    ['a method of the text', "db.query('A'.trim())"],
    ['a tagged template', 'db.query(sql`A`)'],
    ['another object', "other.query('A'); other.db.query('B')"],
    ['a comment', "// db.query('A')\n/* db.query('B') */"],
    ['a string', '"db.query(\'A\')"'],
    ['a name bound anew', "for (const db of others) db.query('A')"],
    ['a name bound by an inner function', "others.map((db) => db.query('A'))"],
    ['a name taken from an object', "const { db } = other; db.query('A')"],
    ['a name that is assigned', "db = other; db.query('A')"],
  ])('leaves out %s', (_, body) => expect(inUp(body)).toEqual([]));

  it('still reads a body that hands the database on in an object', () => {
    expect(inUp("await help({ db }); if (db) { db.query('A') }")).toEqual([
      'up query whole none A',
    ]);
  });

  it('reads nothing where it is not certain which function is meant', () => {
    expect(read("class A { up(db) { db.query('A') } } export default { up(db) {} }")).toEqual([]);
    expect(read("export default { up({ query }) { query('A') } }")).toEqual([]);
  });

  it('knows where a character stands in the file, through escapes and line ends', () => {
    const source =
      "export default { up(db) { db.query('a\\n\\u0062c'); db.query(`x\\\r\n\r\ny`) } }";
    const [first, second] = readSqlCalls(source);
    expect(first?.literal.text).toBe('a\nbc');
    expect(source.slice(first?.literal.indexOf(3))).toMatch(/^c'/);
    expect(second?.literal.text).toBe('x\ny');
    expect(source.slice(second?.literal.indexOf(2))).toMatch(/^y`/);
  });

  it('takes linear time for what is large or broken', () => {
    expect(inUp(`db.query('${'x'.repeat(3_000_000)}')`)).toHaveLength(1);
    expect(() => read(`export default { up(db) { db.query(${'('.repeat(100_000)}`)).not.toThrow();
    expect(() => read(`.query ${'a => '.repeat(50_000)}`)).not.toThrow();
  });
});
