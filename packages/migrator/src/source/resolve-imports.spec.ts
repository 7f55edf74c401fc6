import { mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { temporaryFolders } from './testing/fixtures';
import { buildNativeEngine, type NativeEngine } from './testing/native-engine';

/** In a plain Node process, because it is Node's module loader that must find what was left outside. */
describe('what a migration imports', () => {
  const folders = temporaryFolders();
  let engine: NativeEngine;
  beforeAll(async () => {
    engine = await buildNativeEngine();
  });
  afterEach(() => folders.clean());
  afterAll(() => engine.remove());

  /** A workspace of these files; `@example/lib` is linked into node_modules, as package managers do. */
  function workspace(files: Record<string, string>): string {
    const root = folders.make(files);
    const link = join(root, 'node_modules', '@example', 'lib');
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, 'libs', 'lib'), link, 'dir');
    return root;
  }

  async function load(root: string, file: string): Promise<unknown> {
    const options = JSON.stringify({ workspaceRoot: root, timeoutMs: 10_000 });
    const { stdout } = await engine.run(`
      const value = await loadModule(${JSON.stringify(join(root, file))}, ${options}).catch((error) => error.message);
      console.log(JSON.stringify(value));`);
    return JSON.parse(stdout) as unknown;
  }

  const library = {
    'libs/lib/package.json': JSON.stringify({
      name: '@example/lib',
      exports: { '.': { '@example/source': './src/index.ts', default: './dist/index.js' } },
    }),
    'libs/lib/src/index.ts': `export const from: string = 'source';`,
  };

  it('takes a workspace package from its sources, where the workspace names the condition', async () => {
    const root = workspace({
      ...library,
      'tsconfig.base.json': `{ "compilerOptions": { "customConditions": ["@example/source"], } }`,
      'a.ts': `import { from } from '@example/lib'; export default from;`,
    });
    expect(await load(root, 'a.ts')).toBe('source');
  });

  it('takes a workspace package as it was built, where it does not', async () => {
    const root = workspace({
      ...library,
      'libs/lib/dist/index.js': `exports.from = 'dist';`,
      'a.ts': `import { from } from '@example/lib'; export default from;`,
    });
    expect(await load(root, 'a.ts')).toBe('dist');
  });

  it('takes the side of a package that fits the format', async () => {
    const root = workspace({
      'node_modules/dual/package.json': JSON.stringify({
        name: 'dual',
        exports: { import: './index.mjs', require: './index.cjs' },
      }),
      'node_modules/dual/index.mjs': `export const side = 'esm';`,
      'node_modules/dual/index.cjs': `exports.side = 'cjs';`,
      'a.cts': `import { side } from 'dual'; export default side;`,
      'a.mts': `import { side } from 'dual'; export default side;`,
    });
    expect(await load(root, 'a.cts')).toBe('cjs');
    expect(await load(root, 'a.mts')).toBe('esm');
  });

  it('imports a package that is an ES module only, also from CommonJS', async () => {
    const root = workspace({
      'node_modules/modern/package.json': JSON.stringify({
        name: 'modern',
        type: 'module',
        exports: { import: './index.js' },
      }),
      'node_modules/modern/index.js': `export const side = 'esm';`,
      'a.cts': `import { side } from 'modern'; export default side;`,
      'b.cts': `export default { later: () => import('modern') };`,
    });
    expect(await load(root, 'a.cts')).toBe('esm');
    expect(await load(root, 'b.cts')).toEqual({});
  });

  it('keeps one instance of an installed package for all migrations', async () => {
    const root = workspace({
      'node_modules/counter/package.json': '{ "name": "counter", "main": "index.js" }',
      'node_modules/counter/index.js': `let count = 0; exports.next = () => ++count;`,
      'one.ts': `import { next } from 'counter'; export default next();`,
      'two.mts': `import { next } from 'counter'; export default next();`,
    });
    const { stdout } = await engine.run(`
      const options = { workspaceRoot: ${JSON.stringify(root)}, timeoutMs: 10_000 };
      console.log(await loadModule(${JSON.stringify(join(root, 'one.ts'))}, options));
      console.log(await loadModule(${JSON.stringify(join(root, 'two.mts'))}, options));`);
    expect(stdout).toBe('1\n2\n');
  });

  it('imports JSON, and Node’s own modules with and without their prefix', async () => {
    const root = workspace({
      'seed.json': '{ "plans": ["free"] }',
      'a.ts': `import seed from './seed.json'; import { sep } from 'path'; import * as fs from 'node:fs';
        export default [seed.plans[0], typeof sep, typeof fs.readFileSync];`,
    });
    expect(await load(root, 'a.ts')).toEqual(['free', 'string', 'function']);
  });

  it('tolerates an optional package that is not installed', async () => {
    const root = workspace({
      'a.cjs': `let found = true; try { require('no-such-package'); } catch { found = false; } module.exports = { found };`,
    });
    expect(await load(root, 'a.cjs')).toEqual({ found: false });
  });

  it('finds its way through folders with odd names', async () => {
    const root = workspace({
      'a #1 %20/é/a.mts': `import { b } from './b.js'; import { Client } from 'pg'; export default [b, typeof Client];`,
      'a #1 %20/é/b.ts': `export const b = 'b';`,
    });
    symlinkSync(
      dirname(require.resolve('pg/package.json')),
      join(root, 'node_modules', 'pg'),
      'dir',
    );
    expect(await load(root, 'a #1 %20/é/a.mts')).toEqual(['b', 'function']);
  });
});
