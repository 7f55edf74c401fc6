import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { followImports } from './follow-imports';
import { readImports } from './read-imports';

describe('followImports', () => {
  let root: string;
  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'flashfusion-imports-')));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  function write(files: Readonly<Record<string, string>>): void {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
  }
  function follow(source: string) {
    const imports = new Map([[join(root, 'api/migrations/1_a.ts'), readImports(source)]]);
    const { files, watched } = followImports(imports, { workspaceRoot: root });
    const inside = (path: string) => relative(root, path);
    return { files: files.map(inside), watched: watched.map(inside) };
  }
  const filesOf = (source: string) => follow(source).files;

  it('goes from file to file, in circles too', () => {
    write({
      'tools/a.ts': `import './b.js'; import type { T } from './types';`,
      'tools/b.ts': `export * from './folder'; import data from './data.json';`,
      'tools/folder/index.ts': `import '../a';`,
      'tools/data.json': '{}',
      'tools/types.ts': '',
    });
    expect(filesOf(`import { a } from '../../tools/a';`)).toEqual([
      'tools/a.ts',
      'tools/b.ts',
      'tools/data.json',
      'tools/folder/index.ts',
    ]);
  });

  it.each(['./x.mjs', './x', './x.cjs', './x.js', './x.jsx.js'])('understands %s', (specifier) => {
    const written = { './x.mjs': 'x.mts', './x.cjs': 'x.cts', './x.jsx.js': 'x.jsx.ts' };
    const file = (written as Record<string, string>)[specifier] ?? 'x.ts';
    write({ [`api/migrations/${file}`]: '' });
    expect(filesOf(`require('${specifier}')`)).toEqual([`api/migrations/${file}`]);
  });

  it('takes paths from a tsconfig with comments, the most precise first', () => {
    write({
      'tsconfig.base.json': `{ // "paths": {}
        "compilerOptions": { "baseUrl": ".", "paths": {
          "@acme/*": ["libs/*/src/index.ts"], /* more precise */ "@acme/sql": ["tools/sql.ts"],
        }, },
      }`,
      'tools/sql.ts': '',
      'libs/sql/src/index.ts': '',
      'libs/users/src/index.ts': '',
    });
    expect(follow(`import '@acme/sql'; import '@acme/users'; import '@acme/nobody';`)).toEqual({
      files: ['libs/users/src/index.ts', 'tools/sql.ts'],
      watched: ['tsconfig.base.json'],
    });
  });

  it('finds the sources of linked packages, and follows no installed ones', () => {
    const manifest = {
      exports: {
        '.': { '@acme/source': './src/index.ts', types: './dist/index.d.ts' },
        './sql/*': './src/sql/*.ts',
      },
    };
    write({
      'libs/sql/package.json': JSON.stringify(manifest),
      'libs/sql/src/index.ts': '',
      'libs/sql/src/sql/grants.ts': '',
      'node_modules/pg/package.json': '{"main":"index.ts"}',
      'node_modules/pg/index.ts': '',
      'node_modules/@acme/.keep': '',
    });
    symlinkSync(join(root, 'libs/sql'), join(root, 'node_modules/@acme/sql'));
    const source = `import '@acme/sql'; import '@acme/sql/sql/grants'; import 'pg'; import 'node:fs';`;
    expect(follow(source)).toEqual({
      files: ['libs/sql/src/index.ts', 'libs/sql/src/sql/grants.ts'],
      watched: ['libs/sql/package.json'],
    });
  });

  it('watches the folder of a file that is not there yet', () => {
    expect(follow(`import '../../tools/later';`)).toEqual({ files: [], watched: ['tools'] });
  });

  it('stays inside the workspace', () => {
    expect(filesOf(`import '${relative(join(root, 'api/migrations'), __filename)}'`)).toEqual([]);
  });

  it('survives broken manifests and tsconfigs', () => {
    write({ 'tsconfig.json': '{', 'libs/sql/package.json': '{', 'node_modules/@acme/.keep': '' });
    symlinkSync(join(root, 'libs/sql'), join(root, 'node_modules/@acme/sql'));
    expect(filesOf(`import '@acme/sql'; import '@acme'; import '~'; import '#x';`)).toEqual([]);
  });
});
