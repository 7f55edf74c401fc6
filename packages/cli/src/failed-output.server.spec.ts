import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, openSync } from 'node:fs';
import {
  createTestDatabase,
  describeNewestPostgres,
  type TestDatabase,
} from '../../migrator/src/testing/postgres';
import { bash, FF, ff, startFfWith } from './testing/ff';
import { folderWith, removeFolders } from './testing/folders';
import { BROKEN, USERS_AND_TEAMS } from './testing/migrations';

jest.setTimeout(180_000);
afterAll(removeFolders);

/** A disk without room for a single byte; only Linux has one. */
const FULL = '/dev/full';
const onFullDisks = existsSync(FULL) ? it : it.skip;
const onPosix = process.platform === 'win32' ? it.skip : it;
/** `script` runs a command on a terminal of its own. Its options differ outside of Linux. */
const onTerminals = process.platform === 'linux' && existsSync('/usr/bin/script') ? it : it.skip;

const full = () => openSync(FULL, 'w');

/** Prints in every way that Node has, also where the write fails at once. */
const TALKATIVE = {
  'migrations/20250909000000_talk.mjs': `
    export default { version: '20250909000000', name: 'talk', transaction: false, down() {},
      async up(db, agent) {
        for (let i = 0; i < 100; i++) {
          console.log('out'); console.error('err'); agent.logger.info('log');
          process.stdout.write('out\\n'); process.stderr.write('err\\n');
        }
        await new Promise((done) => process.stdout.write('with callback', done));
        await db.query('CREATE TABLE talked (id int)');
      } };`,
};

/** Fills every buffer between the command and its reader, after a child process has made the streams blocking ones. */
const FLOOD = {
  'migrations/20250909000000_flood.mjs': `
    import { execSync } from 'node:child_process';
    export default { version: '20250909000000', name: 'flood', down() {},
      async up(db, agent) {
        for (let i = 0; i < 4; i++) {
          execSync('true', { stdio: 'inherit' });
          for (let j = 0; j < 100; j++) agent.logger.info('x '.repeat(2_500) + 'end');
          console.log('y'.repeat(100_000));
          await db.query('SELECT 1');
        }
      } };`,
};

/** Goes on until it is cancelled. */
const ENDLESS = {
  'migrations/20250909000000_endless.mjs': `
    export default { version: '20250909000000', name: 'endless', transaction: false, down() {},
      up: (db) => db.query('SELECT pg_sleep(170)') };`,
};

describeNewestPostgres('Output of ff that cannot be written', (server) => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createTestDatabase(server);
  });
  afterEach(() => database.drop());

  const projectWith = (...files: Readonly<Record<string, string>>[]) =>
    folderWith({
      'db.config.json': JSON.stringify({
        project: 'shop',
        environments: { development: { url: database.url } },
      }),
      ...Object.assign({}, ...files),
    });

  /** Waits until a query returns a row. */
  async function until(sql: string): Promise<void> {
    while ((await database.query(sql)).length === 0) await new Promise(setImmediate);
  }

  const history = async (): Promise<string[]> =>
    (
      await database.query<{ row: string }>(
        `SELECT concat_ws(' ', state, error_code) AS row FROM migration_history ORDER BY id`,
      )
    ).map(({ row }) => row);

  onFullDisks.each([
    [['ignore', 'full', 'pipe'], [], 1],
    [['ignore', 'full', 'pipe'], ['--json'], 1],
    [['ignore', 'pipe', 'full'], [], 0],
    [['ignore', 'full', 'full'], ['--json'], 1],
  ] as const)(
    'E7: a full disk never stops a run: %j with %j',
    async (streams, options, expected) => {
      const cwd = await projectWith(TALKATIVE, USERS_AND_TEAMS);
      const stdio = streams.map((kind) => (kind === 'full' ? full() : kind));
      const { child, exitCode } = startFfWith({ cwd, stdio }, 'db', 'migrate', ...options);
      let told = '';
      child.stderr?.on('data', (text: Buffer) => (told += text.toString()));
      child.stdout?.resume();
      expect(await exitCode).toBe(expected);
      if (child.stderr !== null) {
        expect(told).toMatch(/OUTPUT_FAILED: .*ENOSPC.*The command itself succeeded/);
      }
      expect(await history()).toEqual(['running', 'applied', 'applied', 'applied']);
    },
  );

  onFullDisks('E7: a full disk never turns a failure into exit 0 or another failure', async () => {
    const cwd = await projectWith(BROKEN);
    const run = (...args: string[]) =>
      startFfWith({ cwd, stdio: ['ignore', full(), full()] }, ...args).exitCode;
    expect(await run('db', 'migrate')).toBe(1);
    expect(await run('db', 'migrate', '--json')).toBe(1);
    expect(await run('db', 'migrate', '--json', '--nope')).toBe(2);
    expect(await run('db', '--help')).toBe(1);
    expect(await history()).toEqual(['failed MIGRATION_FAILED', 'failed MIGRATION_FAILED']);
  });

  onPosix.each([
    ['$FF db migrate | true', 0],
    ['$FF db migrate 2>&1 | head -1', 0],
    ['$FF db migrate --json | true', 1],
    ['$FF db migrate --json 2>&-', 0],
    ['$FF db migrate >&- 2>&- <&-', 0],
  ])('E7: `%s` applies everything', async (line, expected) => {
    const cwd = await projectWith(TALKATIVE, USERS_AND_TEAMS);
    expect(await bash(cwd, line)).toBe(expected);
    expect(await history()).toEqual(['running', 'applied', 'applied', 'applied']);
  });

  onPosix.each([
    ['$FF db migrate > out.txt 2> err.txt', 1],
    ['$FF db migrate --json > out.json 2> err.txt', 0],
  ])('E7: the size limit of files never stops a run: `%s`', async (line, expected) => {
    const cwd = await projectWith(FLOOD);
    expect(await bash(cwd, `ulimit -f 8; ${line}`)).toBe(expected);
    expect(await history()).toEqual(['applied']);
  });

  onPosix('E7: names the temporary folder that cannot be written', async () => {
    const cwd = await projectWith(USERS_AND_TEAMS);
    const { exitCode, stdout } = await ff(
      { cwd, env: { TMPDIR: '/nonexistent' } },
      'db',
      'migrate',
      '--json',
    );
    expect(exitCode).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code: 'LOAD_FAILED', where: '/nonexistent' },
    });
  });

  onPosix.each(['| true', '2>&1 | true', '>&- 2>&-'])(
    'E7: a failure stays a failure with `%s`',
    async (redirection) => {
      const cwd = await projectWith(BROKEN);
      expect(await bash(cwd, `$FF db migrate ${redirection}`)).toBe(1);
    },
  );

  it('E7: a reader that never reads keeps no transaction open', async () => {
    const cwd = await projectWith(FLOOD);
    const { child, exitCode } = startFfWith({ cwd, stdio: 'pipe' }, 'db', 'migrate');
    await until(`SELECT FROM pg_tables WHERE tablename = 'migration_history'`);
    await until(`SELECT FROM migration_history WHERE state = 'applied'`);
    // Nothing was read so far. The command waits for a while, and what waits is not lost.
    const texts: Promise<string>[] = [child.stdout, child.stderr].map(async (stream) => {
      let text = '';
      for await (const chunk of stream ?? []) text += String(chunk);
      return text;
    });
    expect(await exitCode).toBe(0);
    const [stdout, stderr] = await Promise.all(texts);
    expect(stdout?.match(/^y{100000}$/gm)).toHaveLength(4);
    expect(stdout).toContain('Applied 1 migration');
    expect(stderr?.match(/(?:x ){2500}end$/gm)).toHaveLength(400);
  });

  it('E7: a reader that never reads a result ends the command with a failure', async () => {
    const cwd = await projectWith(FLOOD);
    const { child, exitCode } = startFfWith(
      { cwd, stdio: ['ignore', 'pipe', 'ignore'] },
      'db',
      'migrate',
    );
    expect(await exitCode).toBe(1);
    child.stdout?.destroy();
    expect(await history()).toEqual(['applied']);
  });

  onTerminals('E7: a terminal that shows nothing keeps no transaction open', async () => {
    const cwd = await projectWith(FLOOD);
    const terminal = onTerminal(cwd, 'db migrate');
    await until(
      `SELECT FROM pg_stat_activity WHERE application_name LIKE 'flashfusion%' AND datname = current_database()`,
    );
    terminal.kill('SIGSTOP');
    await until(`SELECT FROM pg_tables WHERE tablename = 'migration_history'`);
    await until(`SELECT FROM migration_history WHERE state = 'applied'`);
    terminal.kill('SIGCONT');
    expect(await endOf(terminal)).toBe(0);
  });

  onTerminals('E7: a run whose terminal is closed is cancelled and recorded', async () => {
    const cwd = await projectWith(ENDLESS);
    const terminal = onTerminal(cwd, 'db migrate');
    await until(
      `SELECT FROM pg_stat_activity WHERE query LIKE '%pg_sleep(170)%' AND pid <> pg_backend_pid()`,
    );
    terminal.kill('SIGKILL');
    await until(`SELECT FROM migration_history WHERE error_code = 'CANCELLED'`);
    expect(await history()).toEqual(['running', 'failed CANCELLED']);
  });

  it('E7: SIGHUP cancels like SIGTERM', async () => {
    const cwd = await projectWith(ENDLESS);
    const { child, exitCode } = startFfWith({ cwd, stdio: 'ignore' }, 'db', 'migrate');
    await until(
      `SELECT FROM pg_stat_activity WHERE query LIKE '%pg_sleep(170)%' AND pid <> pg_backend_pid()`,
    );
    child.kill('SIGHUP');
    expect(await exitCode).toBe(129);
    expect(await history()).toEqual(['running', 'failed CANCELLED']);
  });
});

/** Runs `ff` on a terminal of its own; killing the process closes the terminal. */
function onTerminal(cwd: string, args: string): ChildProcess {
  const command = `${process.execPath} ${FF} ${args}`;
  const { PATH, HOME } = process.env;
  return spawn('script', ['-qefc', command, '/dev/null'], {
    cwd,
    env: { PATH, HOME },
    stdio: ['ignore', 'ignore', 'ignore'],
  });
}

function endOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.on('exit', resolve));
}
