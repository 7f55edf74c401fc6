import { ff, startFf, startFfWith } from './testing/ff';
import { folderWith, removeFolders } from './testing/folders';
import { migrationFile, USERS_AND_TEAMS } from './testing/migrations';

jest.setTimeout(180_000);
afterAll(removeFolders);

const EMBEDDED = `export default { environments: { development: { url: 'pglite::memory:' } } };`;
const config = (code: string, rest = EMBEDDED) => ({ 'db.config.mjs': `${code}\n${rest}` });

/** Ways to print, which a configuration and a migration share. */
const PRINT = `
  import fs, { writeSync } from 'node:fs';
  import childProcess, { execSync, fork, spawn } from 'node:child_process';
  import { Worker } from 'node:worker_threads';
  const saved = process.stdout.write;
  const ended = (child) => new Promise((resolve) => child.on('exit', resolve));
  export async function print(who) {
    console.log(who, 'console.log');
    console.table([[who + ' console.table']]);
    console.dir(who + ' console.dir');
    process.stdout.write(who + ' stdout.write\\n');
    saved.call(process.stdout, who + ' saved\\n');
    process.stdout.end(who + ' stdout.end\\n');
    writeSync(1, who + ' writeSync\\n');
    fs.writeFileSync('/dev/stdout', who + ' writeFileSync\\n');
    fs.appendFileSync(1, who + ' appendFileSync\\n');
    fs.createWriteStream('', { fd: 1, autoClose: false }).write(who + ' createWriteStream\\n');
    execSync('echo ' + who + ' execSync', { stdio: 'inherit' });
    childProcess.spawnSync('echo', [who, 'spawnSync'], { stdio: ['ignore', 1, 2] });
    childProcess.execFileSync('echo', [who, 'execFileSync'], { stdio: ['ignore', process.stdout, 2] });
    await ended(spawn('echo', [who, 'spawn'], { stdio: 'inherit' }));
    await ended(fork(new URL('./child.mjs', import.meta.url), [who]));
    await ended(new Worker('console.log(' + JSON.stringify(who + ' worker') + ')', { eval: true }));
    process.emitWarning(who + ' warning');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  export const WAYS = [
    'console.log', 'console.table', 'console.dir', 'stdout.write', 'saved', 'stdout.end', 'writeSync', 'writeFileSync',
    'appendFileSync', 'createWriteStream', 'execSync', 'spawnSync', 'execFileSync', 'spawn', 'fork', 'worker', 'warning',
  ];`;

const WAYS = /WAYS = (\[[^\]]+\])/.exec(PRINT)?.[1]?.match(/[\w.]+/g) ?? [];

describe('E6: standard output with --json', () => {
  it('E6: is one document, whatever a configuration, its tenants and a migration print', async () => {
    const cwd = await folderWith({
      'print.mjs': PRINT,
      'child.mjs': `console.log(process.argv[2], 'fork');`,
      ...config(
        `import { print } from './print.mjs'; await print('config');`,
        `export default { environments: { development: {
           url: 'pglite::memory:', tenants: async () => { console.log('tenants console.log'); return ['one']; } } } };`,
      ),
      'migrations/20250910090000_talk.mjs': `
        import { print } from '../print.mjs';
        export default { version: '20250910090000', name: 'talk', up: () => print('migration'), down() {} };`,
    });
    const { exitCode, stdout, stderr } = await ff({ cwd }, 'db', 'migrate', '--json');
    expect({ exitCode, document: JSON.parse(stdout) }).toMatchObject({
      exitCode: 0,
      document: { counts: { done: 1 } },
    });
    expect(WAYS.length).toBeGreaterThan(15);
    const missing = ['config', 'migration'].flatMap((who) =>
      WAYS.map((way) => `${who} ${way}`).filter((text) => !stderr.includes(text)),
    );
    expect(missing).toEqual([]);
    expect(stderr).toContain('tenants console.log');
  });

  it('E6: stays one document if timers and exit handlers print after it', async () => {
    const cwd = await folderWith(
      config(`
        setInterval(() => console.log('tick'), 1);
        process.on('exit', () => { console.log('bye'); process.stdout.write('last'); });
        Promise.resolve().then(() => console.log('unawaited'));`),
    );
    const { exitCode, stdout, stderr } = await ff({ cwd }, 'db', 'status', '--json', '--env=no');
    expect(exitCode).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'UNKNOWN_ENVIRONMENT' } });
    expect(stderr).toMatch(/unawaited[^]*bye\nlast$/);
  });

  it.each([
    ['throws', `throw new Error('boom');`, 2, 'LOAD_FAILED'],
    ['calls process.exit', `process.exit(0);`, 2, 'LOAD_FAILED'],
    [
      'calls process.exit later',
      `setTimeout(() => process.exit(0), 5); await new Promise(() => setTimeout(() => 0, 9e4));`,
      1,
      'PROCESS_EXIT',
    ],
    ['has a syntax error', `const x = ;`, 2, 'COMPILE_FAILED'],
    [
      'leaves a rejection',
      `Promise.reject(new Error('loose')); await new Promise((go) => setTimeout(go, 50));`,
      1,
      'MIGRATION_FAILED',
    ],
    [
      'throws in a timer',
      `setTimeout(() => { throw 10n; }); await new Promise((go) => setTimeout(go, 50));`,
      1,
      'MIGRATION_FAILED',
    ],
  ])('E6: is one document if the configuration %s', async (_, code, exit, expected) => {
    const cwd = await folderWith({
      ...config(`console.log('before'); ${code}`),
      ...USERS_AND_TEAMS,
    });
    const { exitCode, stdout } = await ff({ cwd }, 'db', 'status', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: expected } });
    expect(exitCode).toBe(exit);
  });

  it.each([
    [['db', 'migrate', '--json', '--nope'], 2],
    [['db', 'migrat', '--json'], 2],
    [['nope', '--json'], 2],
    [['--json'], 2],
    [['db', '--json'], 2],
    [['db', 'migrate', '--json=true'], 2],
    [['db', 'status', '--json', '--recent'], 2],
    [['db', 'migrate', '--json', '--project=nobody'], 2],
  ])('E6: is one document with an error for %j', async (args, exit) => {
    const { exitCode, stdout } = await ff({ cwd: await folderWith({}) }, ...args);
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code: expect.any(String), problems: [{}] },
    });
    expect(exitCode).toBe(exit);
  });

  it('E6: is one document for the help and the version', async () => {
    const cwd = await folderWith({});
    const help = await ff({ cwd }, 'db', 'migrate', '--json', '--help');
    expect(JSON.parse(help.stdout)).toEqual({ help: expect.stringContaining('--dry-run') });
    expect(JSON.parse((await ff({ cwd }, '--json', '--version')).stdout)).toHaveProperty('version');
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'E6: is one document after %s',
    async (signal) => {
      const cwd = await folderWith({
        ...config(''),
        'migrations/20250910090000_hang.mjs': `
        export default { version: '20250910090000', name: 'hang', down() {},
          async up() { console.log('ready'); await new Promise((go) => setTimeout(go, 170_000)); } };`,
      });
      const running = startFf({ cwd }, 'db', 'migrate', '--json');
      await new Promise<void>((resolve) =>
        running.child.stderr.on('data', (text: string) => text.includes('ready') && resolve()),
      );
      running.child.kill(signal);
      const { exitCode, stdout } = await running.finished;
      expect(exitCode).toBe({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }[signal]);
      expect(JSON.parse(stdout)).toMatchObject({ failed: { error: { code: 'CANCELLED' } } });
    },
  );

  it('E6: is one document if the second signal ends a command that does not react to the first', async () => {
    const cwd = await folderWith(
      config(`console.log('ready'); await new Promise((go) => setTimeout(go, 170_000));`),
    );
    const running = startFf({ cwd }, 'db', 'status', '--json');
    let told = '';
    await new Promise<void>((resolve) =>
      running.child.stderr.on('data', (text: string) => {
        told += text;
        if (told.includes('ready')) resolve();
      }),
    );
    running.child.kill('SIGTERM');
    const repeat = setInterval(() => running.child.kill('SIGTERM'), 100);
    const { exitCode, stdout } = await running.finished;
    clearInterval(repeat);
    expect(exitCode).toBe(143);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'CANCELLED' } });
  });

  it('E6: is complete if it is large and the reader is slow', async () => {
    const migrations = Array.from({ length: 12 }, (_, index) =>
      migrationFile({
        version: `202509100900${String(index).padStart(2, '0')}`,
        name: `large_${index}`,
        up: 'SELECT 1',
      }),
    );
    const description = 'é😀'.repeat(100_000);
    const files = Object.fromEntries(
      migrations.flatMap((file) =>
        Object.entries(file).map(([path, text]) => [
          path.replace(/ts$/, 'mjs'),
          text.replace(/description: "[^"]*"/, `description: "${description}"`),
        ]),
      ),
    );
    const cwd = await folderWith({ ...config(''), ...files });
    const { child, exitCode } = startFfWith(
      { cwd, stdio: ['ignore', 'pipe', 'ignore'] },
      ...['db', 'migrate', '--dry-run', '--json'],
    );
    const chunks: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      child.stdout?.pause();
      setImmediate(() => child.stdout?.resume());
    });
    const closed = new Promise((resolve) => child.stdout?.on('close', resolve));
    expect(await exitCode).toBe(0);
    await closed;
    const text = Buffer.concat(chunks).toString('utf8');
    expect(text.length).toBeGreaterThan(3_000_000);
    expect(text).not.toContain('\uFFFD');
    expect(JSON.parse(text)).toMatchObject({ plan: { steps: { length: 12 } } });
  });
});

describe('E2: an error that no code waits for, outside of a migration', () => {
  it.each([
    ["Promise.reject(new Error('loose'));", 'loose'],
    ["setTimeout(() => { throw new Error('loose'); });", 'loose'],
    ['Promise.reject(10n);', '10'],
  ])('E2: %s in a configuration is explained', async (code, text) => {
    const cwd = await folderWith({ ...config(code), ...USERS_AND_TEAMS });
    const { exitCode, stdout } = await ff({ cwd }, 'db', 'migrate', '--json');
    expect(exitCode).toBe(1);
    const { error } = JSON.parse(stdout) as { error: { code: string; message: string } };
    expect(error.code).toBe('MIGRATION_FAILED');
    expect(error.message).toContain(text);
    if (text === 'loose')
      expect(error).toMatchObject({
        where: `${cwd}/db.config.mjs:1:` + (code.startsWith('P') ? '16' : '26'),
      });
  });
});
