import { createProgram, runProgram } from './program';
import type { CommonOptions } from './surroundings';
import { keptStream } from './testing/streams';

/** The options that a command line amounts to. */
async function parse(line: string): Promise<CommonOptions | undefined> {
  let seen: CommonOptions | undefined;
  const streams = { stdout: keptStream().stream, stderr: keptStream().stream };
  const program = createProgram(streams, 'text', (common) => {
    seen = common;
    return Promise.resolve();
  });
  await program.parseAsync(line.split(' '), { from: 'user' });
  return seen;
}

async function run(...args: string[]) {
  const stdout = keptStream();
  const stderr = keptStream();
  const exitCode = await runProgram(args, {
    cwd: __dirname,
    env: {},
    stdout: stdout.stream,
    stderr: stderr.stream,
    signal: new AbortController().signal,
  });
  return { exitCode, stdout: stdout.text(), stderr: stderr.text() };
}

describe('The command line', () => {
  it.each([
    ['db migrate --env=staging', { env: 'staging' }],
    ['db migrate --env staging --json', { env: 'staging', json: true }],
    ['db migrate --to=0012', { to: '0012' }],
    ['db migrate --to 00120917102200 --dry-run', { to: '00120917102200', dryRun: true }],
    ['db migrate --env=', { env: '' }],
    [
      'db migrate --single-transaction --allow-out-of-order --lock-wait=0 --lock-timeout 5s --statement-timeout=10m --database=eu',
      {
        singleTransaction: true,
        allowOutOfOrder: true,
        lockWait: '0',
        lockTimeout: '5s',
        statementTimeout: '10m',
        database: ['eu'],
      },
    ],
    ['db status --check --recent=50', { check: true, recent: '50' }],
    ['db rollback --last', { last: true }],
    ['db rollback --last=3', { last: '3' }],
    ['db rollback --last 3 --verbose', { last: '3', verbose: true }],
    ['db generate add_teams --dependencies=a,b', { dependencies: 'a,b' }],
    ['db baseline --to=1 --confirm=production', { to: '1', confirm: 'production' }],
    ['db repair add_teams --resume --confirm=eu', { resume: true, confirm: 'eu' }],
    [
      'db repair --adopt-environment=production --dry-run',
      { adoptEnvironment: 'production', dryRun: true },
    ],
    ['db repair add_teams --mark-applied', { markApplied: true }],
    ['db repair --accept-checksum --project=api', { acceptChecksum: true, project: 'api' }],
  ])('reads `ff %s`', async (line, options) => {
    expect(await parse(line)).toEqual(options);
  });
});

describe('A command line that makes no sense', () => {
  it.each([
    [[]],
    [['db']],
    [['db', 'migrat']],
    [['db', 'migrate', '--too=5']],
    [['db', 'migrate', 'add_teams']],
    [['db', 'migrate', '--to']],
    [['db', 'baseline']],
    [['db', 'generate']],
    [['db', 'report']],
  ])('%j exits with 2 and says so on standard error', async (args) => {
    const { exitCode, stdout, stderr } = await run(...args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(/^error: |^Usage: ff/);
  });

  it('names what was meant, and where to read on', async () => {
    expect((await run('db', 'migrat')).stderr).toMatchInlineSnapshot(`
     "error: unknown command 'migrat'
     (Did you mean migrate?)
     Run \`ff db --help\` for what it takes.
     "
    `);
  });

  it.each([
    [['db', 'postgres://u:canary/1@h/db']],
    [['db', 'migrate', '--url=postgres://u:canary@h/db']],
    [['db', 'migrate', '--postgres://u:canary@h/db']],
    [['db', 'migrate', '--password=canary']],
    [['db', 'migrate', '--x\n::set-output name=a::b\u001b[2J']],
  ])('E4, E5: %j neither shows a secret nor acts on a terminal', async (args) => {
    const json = await run(...args, '--json');
    const { exitCode, stderr } = await run(...args);
    const text = `${stderr}${json.stdout}${json.stderr}`;
    expect(exitCode).toBe(2);
    expect(text).not.toMatch(/canary|\u001b|^\s*::/m);
  });

  it('is one JSON document with --json', async () => {
    const { exitCode, stdout, stderr } = await run('db', 'migrate', '--too=5', '--json');
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'INVALID_ARGUMENT' } });
  });
});

describe('The help', () => {
  it.each([
    [[]],
    [['db']],
    [['db', 'migrate']],
    [['db', 'status']],
    [['db', 'rollback']],
    [['db', 'generate']],
    [['db', 'baseline']],
    [['db', 'repair']],
    [['db', 'report']],
  ])('of `ff %j` has examples and is on standard output', async (args) => {
    const { exitCode, stdout, stderr } = await run(...args, '--help');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/Examples:|Exit codes:/);
    expect(stdout).toMatchSnapshot();
  });

  it('every command line among the examples is one that ff takes', async () => {
    for (const name of [
      'migrate',
      'status',
      'rollback',
      'generate',
      'baseline',
      'repair',
      'report',
    ]) {
      const { stdout } = await run('db', name, '--help');
      const lines = stdout.split('\n').filter((line) => line.startsWith('  ff db '));
      expect(lines.length).toBeGreaterThan(0);
      for (const line of lines) {
        const [words = ''] = line
          .trim()
          .replace(/"[^"]*"/g, 'words')
          .split(' >>');
        await expect(parse(words.replace(/^ff /, ''))).resolves.toBeDefined();
      }
    }
  });

  it('prints the version', async () => {
    expect((await run('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
