import { ff } from './testing/ff';
import { folderWith, removeFolders, writeFiles } from './testing/folders';
import { BROKEN, USERS_AND_TEAMS } from './testing/migrations';

jest.setTimeout(60_000);
afterAll(removeFolders);

describe('ff db in a folder with migrations and nothing else', () => {
  it('applies what is pending, then says that nothing is', async () => {
    const cwd = await folderWith(USERS_AND_TEAMS);
    const first = await ff({ cwd }, 'db', 'migrate');
    expect(first).toMatchObject({ exitCode: 0 });
    expect(first.stdout).toMatch(/Applied 2 migrations[^]*create_users[^]*add_teams/);
    expect(first.stderr).toMatch(/development on .*pglite/i);

    const second = await ff({ cwd }, 'db', 'migrate');
    expect(second).toMatchObject({ exitCode: 0 });
    expect(second.stdout).toContain('Nothing to apply');
  });

  it('rolls back by name and applies again', async () => {
    const cwd = await folderWith(USERS_AND_TEAMS);
    await ff({ cwd }, 'db', 'migrate');
    const { exitCode, stdout } = await ff({ cwd }, 'db', 'rollback', 'add_teams');
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: expect.stringMatching(/Reverted 1 migration[^]*add_teams/),
    });
    expect((await ff({ cwd }, 'db', 'migrate')).stdout).toContain('Applied 1 migration');
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

  it('goes no further than --to', async () => {
    const cwd = await folderWith(USERS_AND_TEAMS);
    const { stdout } = await ff({ cwd }, 'db', 'migrate', '--to=20250910090000', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ done: [{ name: 'create_users' }] });
  });

  it('checks with status --check: 5 while something is pending, then 0', async () => {
    const cwd = await folderWith(USERS_AND_TEAMS);
    expect(await ff({ cwd }, 'db', 'status', '--check')).toMatchObject({ exitCode: 5 });
    await ff({ cwd }, 'db', 'migrate');
    expect(await ff({ cwd }, 'db', 'status', '--check')).toMatchObject({ exitCode: 0 });
  });

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

  it('is one JSON document on standard output all the same', async () => {
    const cwd = await folderWith(BROKEN);
    const { exitCode, stdout } = await ff({ cwd }, 'db', 'migrate', '--json');
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      status: 'failed',
      failed: { error: { code: 'MIGRATION_FAILED' }, guidance: expect.any(Array) },
    });
  });
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

  it('in a file that changed after it was applied is found by status --check and by migrate', async () => {
    const cwd = await folderWith(USERS_AND_TEAMS);
    await ff({ cwd }, 'db', 'migrate');
    await writeFiles(cwd, { 'migrations/20250917102200_add_teams.ts': '// changed\n' });
    expect(await ff({ cwd }, 'db', 'status', '--check')).toMatchObject({ exitCode: 5 });
    const { exitCode, stderr } = await ff({ cwd }, 'db', 'migrate');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('CHECKSUM_MISMATCH');
  });
});

describe('ff db report', () => {
  it('folds the results of several runs, refused ones too', async () => {
    const cwd = await folderWith({ ...USERS_AND_TEAMS, ...BROKEN });
    const failed = await ff({ cwd }, 'db', 'migrate', '--json');
    const refused = await ff({ cwd }, 'db', 'migrate', '--env=stagin', '--json');
    await writeFiles(cwd, { 'api.json': failed.stdout, 'web.json': refused.stdout });

    const markdown = await ff({ cwd }, 'db', 'report', 'api.json', 'web.json');
    expect(markdown).toMatchObject({ exitCode: 0, stderr: '' });
    expect(markdown.stdout).toMatch(/^### Database migrations: failed[^]*UNKNOWN\\_ENVIRONMENT/);

    const json = await ff({ cwd }, 'db', 'report', 'api.json', 'web.json', '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({
      status: 'failed',
      counts: { runs: 1, applied: 2, failed: 1 },
      refusals: [{ file: 'web.json', code: 'UNKNOWN_ENVIRONMENT' }],
    });
  });
});
