import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ff } from './testing/ff';
import { folderWith, removeFolders } from './testing/folders';
import { BROKEN, USERS_AND_TEAMS } from './testing/migrations';

jest.setTimeout(180_000);
afterAll(removeFolders);

describe('ff db in a folder with migrations and nothing else', () => {
  it('applies what is pending, then nothing, and rolls back by name', async () => {
    const cwd = await folderWith(USERS_AND_TEAMS);
    const first = await ff({ cwd }, 'db', 'migrate');
    expect(first).toMatchObject({ exitCode: 0 });
    expect(first.stdout).toMatch(/Applied 2 migrations[^]*create_users[^]*add_teams/);
    expect(first.stderr).toMatch(/^Connecting: .* · development · pglite/);

    const second = await ff({ cwd }, 'db', 'migrate');
    expect(second).toMatchObject({ exitCode: 0 });
    expect(second.stdout).toContain('Nothing to apply');

    const back = await ff({ cwd }, 'db', 'rollback', 'add_teams');
    expect(back).toMatchObject({ exitCode: 0 });
    expect(back.stdout).toMatch(/Reverted 1 migration[^]*add_teams/);
  });

  it('touches nothing with --dry-run', async () => {
    const cwd = await folderWith(USERS_AND_TEAMS);
    const { exitCode, stdout } = await ff({ cwd }, 'db', 'migrate', '--dry-run', '--json');
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      status: 'planned',
      plan: { steps: [{ reason: { kind: 'pending' } }, {}] },
    });
    const status = await ff({ cwd }, 'db', 'status', '--json');
    expect(JSON.parse(status.stdout)).toMatchObject({ counts: { applied: 0, pending: 2 } });
  });

  it('F4: generates six migrations at once, with six versions and one configuration', async () => {
    const cwd = await folderWith({ '.gitignore': 'mine\n' });
    const made = await Promise.all(
      [1, 2, 3, 4, 5, 6].map((n) => ff({ cwd }, 'db', 'generate', `create_table_${n}s`, '--json')),
    );
    const documents = made.map(
      ({ stdout }) => JSON.parse(stdout) as { version: string; configuration?: string },
    );
    expect(new Set(documents.map(({ version }) => version)).size).toBe(6);
    const configurations = documents.map(({ configuration }) => configuration).filter(Boolean);
    expect(configurations).toEqual([join(cwd, 'db.config.ts')]);
    expect(readFileSync(join(cwd, '.gitignore'), 'utf8')).toBe(
      'mine\n.data\n.env.local\n.env.*.local\n*.local.env\n',
    );
    const { stdout } = await ff({ cwd }, 'db', 'status', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ counts: { pending: 6 } });
  }, 60_000);

  it('F1: says that a placeholder has to be edited, and migrate refuses it', async () => {
    const cwd = await folderWith({});
    const { stdout } = await ff({ cwd }, 'db', 'generate', 'add_users');
    expect(stdout).toMatch(/placeholder[^]*db\.config\.ts[^]*delete its notWritten lines/);
    const migrated = await ff({ cwd }, 'db', 'migrate');
    expect(migrated).toMatchObject({ exitCode: 2 });
    expect(migrated.stderr).toContain('MIGRATION_NOT_WRITTEN');
  }, 60_000);

  it('generates a migration that migrate can load', async () => {
    const cwd = await folderWith({});
    const { exitCode, stdout } = await ff(
      { cwd },
      'db',
      'generate',
      'add_teams',
      'Teams',
      '--json',
    );
    expect(exitCode).toBe(0);
    const { path, version } = JSON.parse(stdout) as { path: string; version: string };
    expect(path).toBe(`${cwd}/migrations/${version}_add_teams.ts`);
  });
});

describe('A migration that fails', () => {
  it('exits with 1, says what to do, and leaves nothing of it', async () => {
    const cwd = await folderWith({ ...USERS_AND_TEAMS, ...BROKEN });
    const { exitCode, stdout } = await ff({ cwd }, 'db', 'migrate');
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/Applied 2 migrations[^]*Failed to apply[^]*nowhere[^]*What now/);

    const status = await ff({ cwd }, 'db', 'status', '--json');
    expect(JSON.parse(status.stdout)).toMatchObject({ counts: { applied: 2, failed: 1 } });
  });

  it('is shown with the line that sent the statement, and with --verbose how it came there', async () => {
    const cwd = await folderWith(BROKEN);
    const short = await ff({ cwd }, 'db', 'migrate');
    expect(short.stdout).toMatch(/where: .*break_half_way\.ts:7:\d+\n/);
    expect(short.stdout).not.toMatch(/^ +at /m);

    const verbose = await ff({ cwd }, 'db', 'migrate', '--verbose');
    expect(verbose.stdout).toMatch(/^ +at .*break_half_way\.ts:7:\d+\)$[^]*^ +caused by /m);
  });
});

it('A migration that waits for ever, with nothing to keep the process alive, is a failure and one JSON document', async () => {
  const cwd = await folderWith({
    'migrations/20250910090000_wait.ts':
      "export default { version: '20250910090000', name: 'wait', up: () => new Promise(() => {}) };",
  });
  const { exitCode, stdout } = await ff({ cwd }, 'db', 'migrate', '--json');
  expect(exitCode).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'MIGRATION_FAILED' } });
});

describe('Bad input', () => {
  const BAD_CONFIG = {
    'db.config.json':
      '{ "schema": "", "environments": { "development": { "url": 5 } }, "shema": 1 }',
    ...USERS_AND_TEAMS,
  };

  it('in the configuration exits with 2 and tells all of it', async () => {
    const cwd = await folderWith(BAD_CONFIG);
    const { exitCode, stdout, stderr } = await ff({ cwd }, 'db', 'migrate');
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(/\d problems:/);
    expect(stderr).toContain('shema');
  });

  it('is one JSON document with every problem', async () => {
    const cwd = await folderWith(BAD_CONFIG);
    const { exitCode, stdout } = await ff({ cwd }, 'db', 'migrate', '--json');
    expect(exitCode).toBe(2);
    const { error } = JSON.parse(stdout) as { error: { code: string; problems: unknown[] } };
    expect(error.code).toBe('INVALID_CONFIG');
    expect(error.problems.length).toBeGreaterThan(1);
  });

  it('G1: in the configuration is reported in JSON with project and environment', async () => {
    const cwd = await folderWith({ ...BAD_CONFIG, 'package.json': '{ "name": "@acme/shop" }' });
    const documentOf = async (env: NodeJS.ProcessEnv, ...args: string[]) =>
      JSON.parse((await ff({ cwd, env }, 'db', ...args, '--json')).stdout) as unknown;
    const error = { code: 'INVALID_CONFIG' };
    expect(await documentOf({}, 'status')).toMatchObject({
      project: '@acme/shop',
      environment: 'development',
      error,
    });
    expect(await documentOf({ NODE_ENV: 'test' }, 'rollback', '--last')).toMatchObject({
      project: '@acme/shop',
      environment: 'test',
      error,
    });
    expect(await documentOf({}, 'migrate', '--env=staging')).toMatchObject({
      environment: 'staging',
      error,
    });
  });

  it.each([
    [['migrate', '--env=stagin'], 'UNKNOWN_ENVIRONMENT'],
    [['migrate', '--env='], 'UNKNOWN_ENVIRONMENT'],
    [['migrate', '--lock-wait=soon'], 'INVALID_ARGUMENT'],
    [['migrate', '--project=nobody'], 'PROJECT_NOT_FOUND'],
    [['status', '--recent=many'], 'INVALID_ARGUMENT'],
    [['rollback'], 'INVALID_ARGUMENT'],
    [['rollback', 'add_teams', '--last'], 'INVALID_ARGUMENT'],
    [['generate', '../../etc/passwd'], 'INVALID_NAME'],
    [['report', 'nothing.json'], 'FILE_UNREADABLE'],
  ])('%j exits with 2 and %s', async (args, code) => {
    const cwd = await folderWith(USERS_AND_TEAMS);
    const { exitCode, stdout } = await ff({ cwd }, 'db', ...args, '--json');
    expect(exitCode).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code } });
  });
});
