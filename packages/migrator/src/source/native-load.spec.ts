import { fixture } from './testing/fixtures';
import { buildNativeEngine, type NativeEngine } from './testing/native-engine';

/** What only a plain Node process can prove: its own module loader, source maps and process.exit. */
describe('in a plain Node process', () => {
  let engine: NativeEngine;
  beforeAll(async () => {
    engine = await buildNativeEngine();
  });
  afterAll(() => engine.remove());

  /** Loads a folder and prints, as JSON, what the expression makes of its `migrations`. */
  async function evaluate(folder: string, expression: string): Promise<unknown> {
    const { stdout, stderr } = await engine.run(`
      const files = await discoverMigrations({ project: 'api', folder: ${JSON.stringify(folder)} });
      const options = { workspaceRoot: ${JSON.stringify(folder)}, timeoutMs: 10_000 };
      const migrations = await loadMigrations(files, options).catch((error) => ({ error }));
      console.log(JSON.stringify(await (${expression})));`);
    expect(stderr).toBe('');
    return JSON.parse(stdout) as unknown;
  }
  const runAll = 'Promise.all(migrations.map((migration) => migration.up({}, {})))';

  it('loads every extension and every way to export', async () => {
    const names = await evaluate(fixture('good', 'every-extension'), runAll);
    expect(names).toEqual(['ts', 'mts', 'js', 'mjs', 'cts', 'cjs', 'cts', 'js', 'js']);
  });

  it('loads an ES module with CommonJS helpers, installed packages and a top-level await', async () => {
    const [result] = (await evaluate(fixture('good', 'module-package'), runAll)) as [object];
    expect(result).toMatchObject({ client: 'function', counting: 'function' });
  });

  it('points stack traces at the TypeScript lines, in helpers too', async () => {
    const folder = fixture('good', 'stack-trace');
    const up = `(async () => migrations[0].up({}, {}))().catch((error) => error.stack)`;
    const stack = await evaluate(folder, up);
    expect(stack).toContain('Error: MigratorError undefined');
    expect(stack).toContain(`${folder}/helpers/fail.ts:4:10`);
    expect(stack).toContain(`${folder}/20250917102200_create_users.ts:13:11`);
  });

  it('gives a migration the very engine that runs it', async () => {
    const script = `
      const path = ${JSON.stringify(fixture('good', 'same-engine', 'ask.ts'))};
      const asked = await loadModule(path, { workspaceRoot: '/', timeoutMs: 10_000 });
      const engine = require(process.cwd() + '/dist/index.js');
      console.log(asked.MigratorError === engine.MigratorError);`;
    expect(await engine.run(script)).toMatchObject({ stdout: 'true\n', stderr: '' });
  });

  it('names the line at which a module threw', async () => {
    const folder = fixture('refused', 'throws');
    const where = await evaluate(folder, 'migrations.error.problems.map(({ where }) => where)');
    expect(where).toEqual([
      `${folder}/20250917102200_create_users.ts:2:7`,
      `${folder}/20250917102201_null.mjs`,
      `${folder}/20250917102202_text.mjs`,
    ]);
  });

  it('survives a module that ends the process, and one that never resolves', async () => {
    const script = `
      const load = (path, timeoutMs) =>
        loadModule(path, { workspaceRoot: '/', timeoutMs }).catch((error) => console.log(error.code));
      await load(${JSON.stringify(fixture('refused', 'ends-the-process', '20250917102200_create_users.ts'))}, 10_000);
      await load(${JSON.stringify(fixture('never-resolves', '20250917102200_create_users.ts'))}, 50);
      console.log('alive');`;
    const { stdout, exitCode } = await engine.run(script);
    expect({ stdout, exitCode }).toEqual({
      stdout: 'LOAD_FAILED\nLOAD_FAILED\nalive\n',
      exitCode: 0,
    });
  });

  it('lets the application exit while a migration runs', async () => {
    const script = `
      setTimeout(() => process.exit(7), 20);
      await withExitGuard(() => new Promise((done) => setTimeout(done, 60_000)));`;
    expect((await engine.run(script)).exitCode).toBe(7);
  });

  it('says that CommonJS in .mts wants another name', async () => {
    const folder = fixture('refused', 'commonjs-in-mts');
    expect(await evaluate(folder, 'migrations.error.hint')).toMatch('rename it to .cts or .cjs');
  });
});
