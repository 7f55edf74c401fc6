import { readImports } from './read-imports';

describe('readImports', () => {
  it.each([
    ['an import', `import { a, type B } from './x';`],
    ['a default import without a semicolon', `import a from "./x"\nconst b = 1`],
    ['a namespace', `import * as a from './x';`],
    ['one for its effects', `import './x';`],
    ['a default import called type', `import type from './x';`],
    ['a re-export', `export * from './x'; export const type = 1;`],
    ['named re-exports', `export { a, b as c } from './x';`],
    ['a dynamic import', `const a = await import('./x');`],
    ['one with a template', 'const a = await import(`./x`);'],
    ['a require', `const { a } = require('./x');`],
    ['TypeScript’s require', `import a = require('./x');`],
    ['attributes', `import a from './x' with { type: 'json' };`],
    [
      'several lines and a comment',
      `import {\n  a, // from './y'\n  b,\n} from /* './z' */ './x';`,
    ],
    ['the same twice', `import './x'; import { a } from './x';`],
    ['a value behind a type', `import type { A } from './types'; import { a } from './x';`],
  ])('finds %s', (_case, source) => {
    expect(readImports(source)).toEqual(['./x']);
  });

  it.each([
    ['types only', `import type { A } from './x'; export type { B } from './y';`],
    ['a default import of a type', `import type A from './x';`],
    ['a comment', `// import './x'\n/* require('./x') */`],
    ['a string', `const sql = "import './x'";`],
    ['SQL', 'await db.query(`DELETE FROM "./x" USING from \'./y\'`);'],
    ['what is computed', 'require(name); import(`./${name}`);'],
    ['a method', `Array.from('./x'); registry.get('./x');`],
    ['import.meta', `new URL('./x', import.meta.url);`],
  ])('finds nothing in %s', (_case, source) => {
    expect(readImports(source)).toEqual([]);
  });

  it.each(['', 'import', 'import(', `import '`, 'from', 'export * from', 'require(`${'])(
    'survives %j',
    (source) => {
      expect(readImports(source)).toEqual([]);
    },
  );
});
