import { join } from 'node:path';
import {
  createTestDatabase,
  describeEachPostgres,
  type TestDatabase,
} from '../../migrator/src/testing/postgres';
import { ff, startFf } from './testing/ff';
import { folderWith, removeFolders, writeFiles } from './testing/folders';
import { BROKEN, migrationFile, USERS_AND_TEAMS } from './testing/migrations';

jest.setTimeout(180_000);
afterAll(removeFolders);

const config = (database: TestDatabase, more: object = {}) => ({
  'db.config.json': JSON.stringify({
    project: 'shop',
    environments: { development: { url: database.url, ...more } },
  }),
});

/** A migration that goes on until the test lets it. */
const GATE = 4711;
const GATED = migrationFile({
  version: '20250918080000',
  name: 'wait_at_the_gate',
  up: `CREATE TABLE behind_the_gate (id int); SELECT pg_advisory_xact_lock(${GATE})`,
});

/** The arguments of the first `ff db <name>` that a text prints. */
function commandIn(text: string, name: string): string[] {
  const [, args = ''] = new RegExp(`ff (db ${name} [^\`]+)`).exec(text.replace(/\s+/g, ' ')) ?? [];
  return args.split(' ');
}

describeEachPostgres('ff on a server', (server) => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createTestDatabase(server);
  });
  afterEach(() => database.drop());

  /** Until a session of the database waits at the gate: the migration is in the middle of its work. */
  async function someoneWaitsAtTheGate(): Promise<void> {
    const sql = `SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = ${GATE} AND NOT granted`;
    while ((await database.query(sql)).length === 0) await new Promise(setImmediate);
  }

  const tables = async () =>
    (
      await database.query<{ name: string }>(
        `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'migration%' ORDER BY 1`,
      )
    ).map(({ name }) => name);

  it('applies, fails with guidance, and goes on after the fix', async () => {
    const cwd = await folderWith({ ...config(database), ...USERS_AND_TEAMS, ...BROKEN });
    const failed = await ff({ cwd }, 'db', 'migrate');
    expect(failed.exitCode).toBe(1);
    expect(failed.stdout).toMatch(/Applied 2 migrations[^]*Failed to apply[^]*What now:/);
    expect(await tables()).toEqual(['teams', 'users']);

    const [path = ''] = Object.keys(BROKEN);
    await writeFiles(cwd, { [path]: BROKEN[path]?.replace('SELECT * FROM nowhere;', '') ?? '' });
    expect(await ff({ cwd }, 'db', 'migrate')).toMatchObject({ exitCode: 0 });
    expect(await tables()).toContain('half_way');
  });

  it('a failure is one JSON document on standard output all the same', async () => {
    const cwd = await folderWith({ ...config(database), ...BROKEN });
    const { exitCode, stdout } = await ff({ cwd }, 'db', 'migrate', '--json');
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      status: 'failed',
      failed: { error: { code: 'MIGRATION_FAILED' }, guidance: expect.any(Array) },
    });
  });

  it('shows the debug lines of migrations with --verbose', async () => {
    const [path = '', source = ''] = Object.entries(USERS_AND_TEAMS)[0] ?? [];
    const talking = source.replace(
      'async up(db) {',
      "async up(db, agent) { agent.logger.debug('psst');",
    );
    const cwd = await folderWith({ ...config(database), [path]: talking });
    expect((await ff({ cwd }, 'db', 'migrate', '--verbose')).stderr).toContain('debug: psst');
  });

  it('goes no further than --to', async () => {
    const cwd = await folderWith({ ...config(database), ...USERS_AND_TEAMS });
    const { stdout } = await ff({ cwd }, 'db', 'migrate', '--to=20250910090000', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ done: [{ name: 'create_users' }] });
  });

  it('checks with status --check: 5 while something is pending, then 0', async () => {
    const cwd = await folderWith({ ...config(database), ...USERS_AND_TEAMS });
    expect(await ff({ cwd }, 'db', 'status', '--check')).toMatchObject({ exitCode: 5 });
    await ff({ cwd }, 'db', 'migrate');
    expect(await ff({ cwd }, 'db', 'status', '--check')).toMatchObject({ exitCode: 0 });
  });

  it('a file that changed after it was applied is found by status --check and by migrate', async () => {
    const cwd = await folderWith({ ...config(database), ...USERS_AND_TEAMS });
    await ff({ cwd }, 'db', 'migrate');
    await writeFiles(cwd, { 'migrations/20250917102200_add_teams.ts': '// changed\n' });
    expect(await ff({ cwd }, 'db', 'status', '--check')).toMatchObject({ exitCode: 5 });
    const { exitCode, stderr } = await ff({ cwd }, 'db', 'migrate');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('CHECKSUM_MISMATCH');
  });

  it('report folds the results of several runs, refused ones too', async () => {
    const cwd = await folderWith({ ...config(database), ...USERS_AND_TEAMS, ...BROKEN });
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

  it('A7: status --check --report names what an earlier run did and the history lost', async () => {
    const cwd = await folderWith({ ...config(database), ...USERS_AND_TEAMS });
    const { stdout } = await ff({ cwd }, 'db', 'migrate', '--json');
    await writeFiles(cwd, { 'run.json': stdout, 'bad.json': '{' });
    const check = ['db', 'status', '--check', '--report=run.json'];
    expect(await ff({ cwd }, ...check, '--report', 'run.json')).toMatchObject({ exitCode: 0 });

    await database.query(
      `WITH newest AS (DELETE FROM migration_history WHERE id = (SELECT max(id) FROM migration_history) RETURNING id)
       DELETE FROM migration_chain USING newest WHERE row_id = newest.id`,
    );

    const found = await ff({ cwd }, ...check);
    expect(found.exitCode).toBe(5);
    expect(found.stdout).toMatch(/HISTORY_CORRUPT[^]*run\.json says[^]*remove run\.json/);
    expect(await ff({ cwd }, ...check, '--report=bad.json')).toMatchObject({ exitCode: 2 });
    expect(await ff({ cwd }, 'db', 'status', '--report=run.json')).toMatchObject({ exitCode: 2 });
  });

  it('exits with 3 and names the holder while another runner is at it', async () => {
    const cwd = await folderWith({ ...config(database), ...GATED });
    await database.query('SELECT pg_advisory_lock($1)', [GATE]);
    const first = startFf({ cwd }, 'db', 'migrate');
    await someoneWaitsAtTheGate();

    const { exitCode, stderr } = await ff({ cwd }, 'db', 'migrate', '--lock-wait=0');
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/LOCK_HELD[^]*shop/);

    await database.query('SELECT pg_advisory_unlock($1)', [GATE]);
    expect(await first.finished).toMatchObject({ exitCode: 0 });
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s cancels, rolls back, records, and exits with %i', async (signal, expected) => {
    const cwd = await folderWith({ ...config(database), ...USERS_AND_TEAMS, ...GATED });
    await database.query('SELECT pg_advisory_lock($1)', [GATE]);
    const { child, finished } = startFf({ cwd }, 'db', 'migrate');
    await someoneWaitsAtTheGate();
    child.kill(signal);

    const { exitCode, stdout, stderr } = await finished;
    expect(exitCode).toBe(expected);
    expect(stderr).toContain('Cancelling');
    expect(stdout).toMatch(/Applied 2 migrations[^]*CANCELLED/);
    expect(await tables()).toEqual(['teams', 'users']);
    const status = await ff({ cwd }, 'db', 'status', '--json');
    expect(JSON.parse(status.stdout)).toMatchObject({ counts: { applied: 2, failed: 1 } });
  });

  it('ends with an error when a migration throws where nobody waits for it', async () => {
    const [path = '', source = ''] = Object.entries(GATED)[0] ?? [];
    const stray = "setImmediate(() => { throw new Error('stray'); }); await db.query(";
    const cwd = await folderWith({
      ...config(database),
      [path]: source.replace('await db.query(', stray),
    });
    await database.query('SELECT pg_advisory_lock($1)', [GATE]);
    const { exitCode, stdout, stderr } = await ff({ cwd }, 'db', 'migrate', '--json');
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 1 });
    expect(JSON.parse(stdout)).toMatchObject({
      status: 'failed',
      failed: { error: { code: 'MIGRATION_FAILED', message: expect.stringContaining('stray') } },
    });
    expect(await tables()).toEqual([]);
  });

  it('never shows the password, whatever goes wrong', async () => {
    const cwd = await folderWith({ ...config(database), ...BROKEN });
    const { password } = new URL(database.url);
    const url = database.url.replace('127.0.0.1', 'nowhere.invalid');
    const unreachable = await folderWith({ ...config({ ...database, url }), ...BROKEN });
    const all = [
      await ff({ cwd }, 'db', 'migrate', '--verbose'),
      await ff({ cwd }, 'db', 'status', '--json', '--verbose'),
      await ff({ cwd: unreachable }, 'db', 'migrate', '--verbose'),
      await ff({ cwd: unreachable }, 'db', 'migrate', '--json', '--verbose'),
    ];
    expect(all.map(({ exitCode }) => exitCode)).toEqual([1, 0, 1, 1]);
    expect(JSON.stringify(all)).not.toContain(password);
  });

  it('baselines a protected environment only with --confirm', async () => {
    await database.query('CREATE TABLE users (id int); CREATE TABLE teams (id int)');
    const files = { ...config(database, { protected: true }), ...USERS_AND_TEAMS };
    const cwd = await folderWith(files);
    const baseline = ['db', 'baseline', '--to=20250917102200'];
    const refused = await ff({ cwd }, ...baseline);
    expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
    expect(refused.stderr).toContain('CONFIRMATION_REQUIRED');
    expect(await ff({ cwd }, ...baseline, '--dry-run')).toMatchObject({ exitCode: 0 });
    expect(await tables()).toEqual(['teams', 'users']);

    const { exitCode, stdout } = await ff({ cwd }, ...baseline, '--confirm=development');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('Marked 2 migrations of shop as applied');
    expect((await ff({ cwd }, 'db', 'migrate')).stdout).toContain('Nothing to apply');
  });

  it('reverts in a protected environment only when its name is said again', async () => {
    const cwd = await folderWith({ ...config(database, { protected: true }), ...USERS_AND_TEAMS });
    await ff({ cwd }, 'db', 'migrate');
    const rollback = ['db', 'rollback', '--last'];
    const refused = await ff({ cwd }, ...rollback);
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toMatch(/CONFIRMATION_REQUIRED[^]*--confirm=development/);
    expect(await ff({ cwd }, ...rollback, '--confirm=staging')).toMatchObject({ exitCode: 2 });
    expect(await tables()).toEqual(['teams', 'users']);

    expect(await ff({ cwd }, ...rollback, '--confirm=development')).toMatchObject({ exitCode: 0 });
    expect(await tables()).toEqual(['users']);
  });

  it('A3: adopts the database of another environment, and shows it before', async () => {
    const files = { ...config(database, { protected: true }), ...USERS_AND_TEAMS };
    const before = await folderWith(files);
    await ff({ cwd: before }, 'db', 'migrate');
    const environments = { staging: { url: database.url } };
    const cwd = await folderWith({
      ...files,
      'db.config.json': JSON.stringify({ project: 'shop', environments }),
    });
    const refused = await ff({ cwd }, 'db', 'migrate', '--env=staging');
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toMatch(/`ff db repair [^`]*--adopt-environment=development`/);
    // The command of the hint, as it is printed. It asks for the confirmation, by another command.
    const printed = await ff({ cwd }, ...commandIn(refused.stderr, 'repair'));
    expect(printed.stderr).toMatch(/CONFIRMATION_REQUIRED[^]*--confirm=development/);

    const adopt = ['db', 'repair', '--adopt-environment=development', '--env=staging'];
    const shown = await ff({ cwd }, ...adopt, '--dry-run');
    expect(shown).toMatchObject({ exitCode: 0 });
    expect(shown.stdout).toContain(`Would adopt the database of 'development' as 'staging'`);
    expect(await ff({ cwd }, ...adopt)).toMatchObject({ exitCode: 2 });
    expect(await ff({ cwd }, ...adopt, 'add_teams')).toMatchObject({ exitCode: 2 });
    const adopted = await ff({ cwd }, ...adopt, '--confirm=development', '--json');
    expect(JSON.parse(adopted.stdout)).toMatchObject({
      status: 'done',
      from: 'development',
      histories: [{ schema: 'public', migrations: 2 }],
    });
    expect((await ff({ cwd }, 'db', 'migrate', '--env=staging')).stdout).toContain(
      'Nothing to apply',
    );
  });

  it('A3: reads one history in the folder of a project and by both of its names', async () => {
    const environments = { development: { url: database.url }, staging: { url: database.url } };
    const project = { project: 'api', environments };
    const inFolder = Object.fromEntries(
      Object.entries(USERS_AND_TEAMS).map(([path, source]) => [`apps/core/${path}`, source]),
    );
    const root = await folderWith({
      ...inFolder,
      'nx.json': '{}',
      'apps/core/project.json': '{ "name": "core" }',
      'apps/core/db.config.json': JSON.stringify(project),
    });
    const folder = join(root, 'apps/core');
    const ways = [
      [{ cwd: folder }],
      [{ cwd: root }, '--project=core'],
      [{ cwd: root }, '--project=api'],
      [{ cwd: folder }, '--project=core'],
    ] as const;
    const statuses = async () => {
      const found = [];
      for (const [where, ...flags] of ways) {
        const { stdout } = await ff(where, 'db', 'status', '--json', ...flags);
        found.push(JSON.parse(stdout));
      }
      return found;
    };
    await ff({ cwd: root }, 'db', 'migrate', '--project=core', '--to=20250910090000');
    for (const status of await statuses()) {
      expect(status).toMatchObject({ project: 'api', counts: { applied: 1, pending: 1 } });
    }
    await ff({ cwd: folder }, 'db', 'migrate');

    await writeFiles(root, {
      'apps/core/db.config.json': JSON.stringify({
        environments,
        project: 'backend',
        renamedFrom: ['api'],
      }),
    });
    for (const status of (await statuses()).slice(0, 2)) {
      expect(status).toMatchObject({
        project: 'backend',
        counts: { applied: 2, pending: 0 },
        formerNames: [{ from: 'api', migrations: 2 }],
      });
    }
    const former = await ff({ cwd: root }, 'db', 'status', '--project=api');
    expect(former).toMatchObject({ exitCode: 2 });
    expect(former.stderr).toContain('pass --project=backend');
  });

  it('repairs a changed file only when told so', async () => {
    const cwd = await folderWith({ ...config(database), ...USERS_AND_TEAMS });
    await ff({ cwd }, 'db', 'migrate');
    const [path = '', source = ''] = Object.entries(USERS_AND_TEAMS)[1] ?? [];
    await writeFiles(cwd, { [path]: `// a comment\n${source}` });

    const shown = await ff({ cwd }, 'db', 'repair');
    expect(shown.exitCode).toBe(0);
    expect(shown.stdout).toMatch(
      /Nothing was changed[^]*ff db repair 20250917102200 --project=shop --accept-checksum/,
    );
    expect(await ff({ cwd }, 'db', 'migrate')).toMatchObject({ exitCode: 2 });

    const repaired = await ff({ cwd }, 'db', 'repair', 'add_teams', '--accept-checksum');
    expect(repaired).toMatchObject({ exitCode: 0 });
    expect(repaired.stdout).toContain('Repaired shop in development');
    expect((await ff({ cwd }, 'db', 'repair')).stdout).toContain('Nothing needs repair');
    expect(await ff({ cwd }, 'db', 'migrate')).toMatchObject({ exitCode: 0 });
  });

  it('goes through all databases of an environment, or through the named one', async () => {
    const other = await createTestDatabase(server);
    try {
      const databases = { eu: { url: database.url }, us: { url: other.url } };
      const environments = { development: { databases } };
      const cwd = await folderWith({
        'db.config.json': JSON.stringify({ environments }),
        ...USERS_AND_TEAMS,
      });
      const one = await ff({ cwd }, 'db', 'migrate', '--database=us', '--json');
      expect(JSON.parse(one.stdout)).toMatchObject({ databaseName: 'us', status: 'done' });
      const all = await ff({ cwd }, 'db', 'migrate', '--json');
      expect(JSON.parse(all.stdout)).toMatchObject([
        { databaseName: 'eu', status: 'done' },
        { databaseName: 'us', status: 'nothing-to-do' },
      ]);
    } finally {
      await other.drop();
    }
  });
});
