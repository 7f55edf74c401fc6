import { readDependencies } from './read-dependencies';

describe('readDependencies', () => {
  const migration = (fields: string) => `export default defineMigration({ ${fields} });`;

  it('reads the literals in order, each once', () => {
    const source = migration(
      `version: '1', dependencies: ['20250915100000', "users:20250910090000", \`a:20250910090001\`, '20250915100000',], up() {}`,
    );
    expect(readDependencies(source)).toEqual([
      '20250915100000',
      'users:20250910090000',
      'a:20250910090001',
    ]);
  });

  it.each([
    ['module.exports', `module.exports = { dependencies: ['a:1'] };`],
    ['a quoted key', migration(`'dependencies': ['a:1']`)],
    ['a variable', `const dependencies = ['a:1']; ${migration('dependencies')}`],
    ['comments between', migration(`dependencies /* why */ : [ // first\n 'a:1' /* , 'b:2' */ ]`)],
    ['a BOM and CRLF', `\uFEFF${migration("\r\n  dependencies: [\r\n 'a:1'\r\n ]")}`],
    ['an escape', migration(`dependencies: ['\\x61\\u003a\\u{31}']`)],
    [
      'a type annotation',
      `const dependencies: string[] = []; ${migration(`dependencies: ['a:1']`)}`,
    ],
    [
      'an annotated helper before',
      `type M = { dependencies: [] }; ${migration(`dependencies: ['a:1']`)}`,
    ],
    [
      'a division before',
      `const half = total / 2; const x = (a) / b; ${migration(`dependencies: ['a:1']`)}`,
    ],
    [
      'a regular expression with a quote',
      `const r = /['"\`/]/g; ${migration(`dependencies: ['a:1']`)}`,
    ],
    ['one behind return', `function f() { return /'/ } ${migration(`dependencies: ['a:1']`)}`],
    [
      'a nested template',
      `const t = \`\${list.map((x) => { return \`'\${x}'\`; })}'\`; ${migration(`dependencies: ['a:1']`)}`,
    ],
  ])('finds them with %s', (_case, source) => {
    expect(readDependencies(source)).toEqual(['a:1']);
  });

  it.each([
    ['a line comment', migration(`// dependencies: ['a:1']\n up() {}`)],
    ['a block comment', migration(`/* dependencies: ['a:1'] */ up() {}`)],
    ['a string', migration(`description: "dependencies: ['a:1']"`)],
    ['a template', migration("up: (db) => db.query(`dependencies: ['a:1']`)")],
    [
      'a template behind a substitution',
      migration("up: (db) => db.query(`${x} dependencies: ['a:1']`)"),
    ],
    ['a regular expression', migration(`pattern: /dependencies: ['a:1']/`)],
  ])('ignores those inside %s', (_case, source) => {
    expect(readDependencies(source)).toEqual([]);
  });

  it('sees no dependency in what is computed', () => {
    const source = migration(
      "dependencies: [name, 'a:' + version, `${p}:1`, f('b:2'), ['c:3'], ...more, 'd:4']",
    );
    expect(readDependencies(source)).toEqual(['d:4']);
  });

  it('sees code inside a template substitution as code', () => {
    expect(readDependencies("const x = `${{ dependencies: ['a:1'] }}`; const y = '`'")).toEqual([
      'a:1',
    ]);
  });

  it.each([
    '',
    'dependencies',
    'dependencies:',
    'dependencies: [',
    `dependencies: ['a`,
    'dependencies: [`${',
    'dependencies: /*',
    '\\',
    '\0dependencies: [\0]',
  ])('survives %j', (source) => {
    expect(() => readDependencies(source)).not.toThrow();
  });
});
