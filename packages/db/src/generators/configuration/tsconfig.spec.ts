import { addProjectConfiguration, readJson, type Tree } from '@nx/devkit';
import { createTreeWithEmptyWorkspace } from '@nx/devkit/testing';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { configurationGenerator } from './generator';

const SOLUTION = `{
  // solution
  "extends": "../../tsconfig.base.json",
  "files": [],
  "include": [],
  "references": [
    { "path": "./tsconfig.lib.json" } // the library
  ]
}
`;

describe('type checks of migrations', () => {
  let tree: Tree;
  let folder: string;
  beforeEach(() => {
    tree = createTreeWithEmptyWorkspace();
    tree.delete('.oxfmtrc.json');
    addProjectConfiguration(tree, 'api', { root: 'libs/api' });
    folder = mkdtempSync(join(tmpdir(), 'flashfusion-tsconfig-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const configure = () => configurationGenerator(tree, { project: 'api', skipFormat: true });
  const text = (path: string) => tree.read(path, 'utf-8') ?? '';

  /** Writes the tree to disk, with the engine that migrations import, and runs `tsc` there. */
  function tsc(...args: string[]): string {
    for (const { path, content } of tree.listChanges()) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content ?? '');
    }
    mkdirSync(join(folder, 'node_modules'), { recursive: true });
    for (const name of ['@flashfusion', '@types']) {
      const link = join(folder, 'node_modules', name);
      if (!existsSync(link)) {
        symlinkSync(join(__dirname, '../../../../../node_modules', name), link);
      }
    }
    try {
      const bin = require.resolve('typescript/bin/tsc');
      return execFileSync(process.execPath, [bin, ...args], { cwd: folder, encoding: 'utf8' });
    } catch (error) {
      return (error as { stdout: string }).stdout;
    }
  }

  /** The files of a library as the ts preset of Nx writes it. */
  function solution() {
    tree.write(
      'tsconfig.base.json',
      JSON.stringify({
        compilerOptions: {
          composite: true,
          declarationMap: true,
          emitDeclarationOnly: true,
          isolatedModules: true,
          lib: ['es2022'],
          module: 'nodenext',
          moduleResolution: 'nodenext',
          noEmitOnError: true,
          skipLibCheck: true,
          strict: true,
          target: 'es2022',
          types: ['node'],
        },
      }),
    );
    tree.write('libs/api/tsconfig.json', SOLUTION);
    tree.write(
      'libs/api/tsconfig.lib.json',
      JSON.stringify({
        extends: '../../tsconfig.base.json',
        compilerOptions: { rootDir: 'src', outDir: 'dist', emitDeclarationOnly: false },
        include: ['src/**/*.ts'],
      }),
    );
    tree.write('libs/api/src/index.ts', "export const table = 'users';\n");
  }
  const migration = (line: string) => `import { defineMigration } from '@flashfusion/migrator';
import { table } from '../src/index.js';
${line}
export default defineMigration({
  version: '20250917102200',
  name: 'create_users',
  async up(db) { await db.query(\`CREATE TABLE \${table} ()\`); return { x }; },
});
`;
  const PATH = 'libs/api/migrations/20250917102200_create_users.ts';

  it('F2: fails for a wrong type in a migration of a ts-preset library, and does not change its build', async () => {
    solution();
    await configure();
    tree.write(PATH, migration('const x: number = 1;'));
    expect(tsc('--build', '--emitDeclarationOnly', 'libs/api/tsconfig.json')).toBe('');
    tree.write(PATH, migration("const x: number = 'no';"));
    expect(tsc('--build', '--emitDeclarationOnly', 'libs/api/tsconfig.json')).toContain('TS2322');
    expect(tsc('--build', 'libs/api/tsconfig.lib.json')).toBe('');
    expect(existsSync(join(folder, 'libs/api/dist/index.js'))).toBe(true);
    expect(existsSync(join(folder, 'libs/api/dist/migrations'))).toBe(false);
  }, 120_000);

  it('F2: keeps comments and order of tsconfig.json, and changes nothing the second time', async () => {
    solution();
    await configure();
    const once = text('libs/api/tsconfig.json');
    expect(once).toContain('// solution');
    expect(once).toContain('// the library');
    expect(once.replace(/,?\s*\{\s*"path": "\.\/tsconfig\.migrations\.json"\s*\}/, '')).toContain(
      '"files": []',
    );
    await configure();
    expect(text('libs/api/tsconfig.json')).toBe(once);
  });

  it('F2: checks the types of a plain project whose tsconfig.json includes only its sources', async () => {
    tree.write(
      'libs/api/tsconfig.json',
      JSON.stringify({
        compilerOptions: {
          strict: true,
          module: 'nodenext',
          skipLibCheck: true,
          rootDir: 'src',
          outDir: 'dist',
          types: ['node'],
        },
        include: ['src'],
      }),
    );
    tree.write('libs/api/src/index.ts', "export const table = 'users';\n");
    await configure();
    tree.write(
      PATH,
      migration("const x: number = 'no';").replace(/import \{ table.*\n/, 'const table = 1;\n'),
    );
    expect(tsc('--build', 'libs/api/tsconfig.json')).toContain('TS2322');
    expect(tsc('-p', 'libs/api/tsconfig.json')).toBe('');
    expect(existsSync(join(folder, 'libs/api/dist/migrations'))).toBe(false);
  }, 120_000);

  it.each([
    ['includes everything', {}],
    ['includes migrations', { include: ['src', 'migrations/*.ts'] }],
    ['includes all TypeScript', { include: ['**/*.ts'] }],
  ])('F2: leaves a tsconfig.json that %s', async (_case, config) => {
    tree.write('libs/api/tsconfig.json', JSON.stringify(config));
    await configure();
    expect(readJson(tree, 'libs/api/tsconfig.json')).toEqual(config);
    expect(tree.exists('libs/api/tsconfig.migrations.json')).toBe(false);
  });

  it('keeps files with secrets out of git, once', async () => {
    tree.write('.gitignore', 'dist\n.env.local\n');
    await configure();
    await configure();
    expect(text('.gitignore')).toBe('dist\n.env.local\n.data\n.env.*.local\n*.local.env\n');
  });
});
