import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { lockKey } from '../database/lock';
import { foldReports } from '../report/fold-reports';
import { formatRunResult } from '../report/format-run-result';
import { toRunReports } from '../report/run-report';
import type { RunResult } from '../run/result';
import { refusal } from '../source/testing/fixtures';
import { nthVersion } from '../testing/migration-source';
import { describeOnServers, type Workspace } from '../testing/workspace';

/** The runs of a result, in order: `users: create_users | api: create_api`. */
function runs({ prerequisiteRuns, ...last }: RunResult): string {
  return [...prerequisiteRuns, last]
    .map(({ project, done }) => `${project}: ${done.map(({ name }) => name).join(' ')}`)
    .join(' | ');
}

/** users:1 ← billing:2 ← users:3, and api:9 that needs the last of them. */
function pingPong(workspace: Workspace) {
  const users = workspace.project('users');
  const billing = workspace.project('billing');
  const api = workspace.project('api');
  users.add('people', 'CREATE TABLE people (id int PRIMARY KEY)');
  billing.add('bills', {
    version: nthVersion(2),
    dependencies: [`users:${nthVersion(1)}`],
    up: 'CREATE TABLE bills (id int PRIMARY KEY, payer int REFERENCES people)',
  });
  users.add('last_bill', {
    version: nthVersion(3),
    dependencies: [`billing:${nthVersion(2)}`],
    up: 'ALTER TABLE people ADD last_bill int REFERENCES bills',
  });
  users.add('not_needed', { version: nthVersion(4), up: 'CREATE TABLE not_needed (id int)' });
  api.add('keys', {
    version: nthVersion(9),
    dependencies: [`users:${nthVersion(3)}`],
    up: 'CREATE TABLE keys (owner int REFERENCES people)',
  });
  return { users, billing, api };
}

describeOnServers('migrating with dependencies', (workspace) => {
  it('applies what is needed of other projects first, in turn, each in its own history', async () => {
    const { users, billing, api } = pingPong(workspace());

    const result = await api.migrate({ prerequisites: 'apply' });

    expect(result.status).toBe('done');
    expect(runs(result)).toBe('users: people | billing: bills | users: last_bill | api: keys');
    expect(await workspace().tables()).toEqual(['bills', 'keys', 'people']);
    expect(await users.history()).toEqual(['people apply applied', 'last_bill apply applied']);
    expect(await billing.history()).toEqual(['bills apply applied']);
    expect(api.events.filter(({ type }) => type === 'connecting')).toHaveLength(4);
    expect(await api.migrate({ prerequisites: 'apply' })).toMatchObject({
      status: 'nothing-to-do',
      prerequisiteRuns: [],
    });
  });

  it('also where the project that was asked for comes first itself', async () => {
    const { users } = pingPong(workspace());
    expect(runs(await users.migrate({ prerequisites: 'apply' }))).toBe(
      'users: people | billing: bills | users: last_bill not_needed',
    );
  });

  it('shows in a dry run the plan of all projects, and touches nothing', async () => {
    const { api } = pingPong(workspace());
    const result = await api.migrate({ prerequisites: 'apply', mode: 'dry-run' });
    const planned = [...result.prerequisiteRuns, result].map(({ project, plan, status }) => [
      project,
      status,
      plan.steps.map(({ migration }) => migration.name).join(),
    ]);
    expect(planned).toEqual([
      ['users', 'planned', 'people'],
      ['billing', 'planned', 'bills'],
      ['users', 'planned', 'last_bill'],
      ['api', 'planned', 'keys'],
    ]);
    expect(await workspace().tables('all')).toEqual([]);
  });

  it('without being told so refuses, and names the commands', async () => {
    const { api } = pingPong(workspace());
    const { code, hint } = await refusal(api.migrate());
    expect(code).toBe('PREREQUISITE_NOT_APPLIED');
    expect(hint).toContain('`nx run users:migrate` or `ff db migrate --project=users`');
  });

  it('refuses a circle across projects whole, before anything is touched', async () => {
    const { users, api } = pingPong(workspace());
    users.add('people', { dependencies: [`api:${nthVersion(9)}`] });
    const { code, message } = await refusal(api.migrate({ prerequisites: 'apply' }));
    expect(code).toBe('DEPENDENCY_CYCLE');
    expect(message.match(/\w+(?=:2025)/g)).toHaveLength(5);
    expect(message).toMatch(/users:.*→.*api:.*→.*users:.*→.*billing:.*→.*users:/);
    expect(await workspace().tables('all')).toEqual([]);
  });

  it('stops with the result of the project that failed, and goes on after the fix', async () => {
    const { billing, api } = pingPong(workspace());
    billing.add('bills', { up: 'SELECT * FROM nowhere', dependencies: [`users:${nthVersion(1)}`] });

    const failed = await api.migrate({ prerequisites: 'apply' });

    expect(failed).toMatchObject({
      status: 'failed',
      project: 'api',
      done: [],
      failed: { id: `billing:${nthVersion(2)}`, error: { code: 'MIGRATION_FAILED' } },
      notReached: [`api:${nthVersion(9)}`],
    });
    expect(runs(failed)).toBe('users: people | billing:  | users:  | api: ');
    const between = failed.prerequisiteRuns[2];
    const notReached = [`users:${nthVersion(3)}`];
    expect(between).toMatchObject({ status: 'failed', failed: undefined, notReached });
    expect(formatRunResult(failed)).toContain(
      `Skipped 2 migrations: users:${nthVersion(3)} last_bill, api:${nthVersion(9)} keys`,
    );
    const { counts } = foldReports(toRunReports(failed));
    expect(counts).toMatchObject({ runs: 4, applied: 1, notReached: 2 });

    billing.add('bills', {
      up: 'CREATE TABLE bills (id int PRIMARY KEY)',
      dependencies: [`users:${nthVersion(1)}`],
    });
    expect(runs(await api.migrate({ prerequisites: 'apply' }))).toBe(
      'billing: bills | users: last_bill | api: keys',
    );
  });

  it('keeps what was done where a later run cannot even begin, whatever is thrown there', async () => {
    const { users, api } = pingPong(workspace());
    api.add('keys', { version: nthVersion(9), dependencies: [`users:${nthVersion(1)}`] });
    const schema = `${workspace().schema}_api`;
    const environments = { development: { url: workspace().url } };
    const config = JSON.stringify({ project: 'api', schema, environments });
    writeFileSync(join(api.root, 'db.config.json'), config);
    users.add(
      'people',
      `CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS
         $$ BEGIN RAISE EXCEPTION 'no more tables'; END $$;
       CREATE SCHEMA ${schema};
       CREATE EVENT TRIGGER no_tables ON ddl_command_start WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION refuse()`,
    );

    const result = await api.migrate({ prerequisites: 'apply' });
    await workspace().sql(`DROP EVENT TRIGGER no_tables; DROP SCHEMA ${schema} CASCADE`);

    expect(runs(result)).toBe('users: people | api: ');
    expect(result).toMatchObject({ status: 'failed', failed: { id: `api:${nthVersion(9)}` } });
    expect(result.failed?.error.message).toContain('no more tables');
  });

  it('in one transaction each is refused before anything is touched, for all projects at once', async () => {
    const { users, api } = pingPong(workspace());
    const dependencies = [`users:${nthVersion(3)}`];
    api.add('keys', { transaction: false, dependencies });
    users.add('last_bill', { transaction: false, dependencies: [`billing:${nthVersion(2)}`] });
    for (const mode of ['run', 'dry-run'] as const) {
      const options = { prerequisites: 'apply', transaction: 'single', mode } as const;
      const { code, problems } = await refusal(api.migrate(options));
      expect(code).toBe('TRANSACTION_REQUIRED');
      expect(problems.map(({ message }) => message.split(':')[0])).toEqual(['users', 'api']);
    }
    expect(await workspace().tables('all')).toEqual([]);
  });

  it('looks other projects’ urls up in the environment variables that it was given', async () => {
    const { users, api } = pingPong(workspace());
    const environments = { development: { url: { env: 'URL_OF_USERS' } } };
    const config = { project: 'users', schema: workspace().schema, environments };
    writeFileSync(join(users.root, 'db.config.json'), JSON.stringify(config));
    expect((await refusal(api.migrate())).code).toBe('INVALID_CONNECTION');

    const env = { URL_OF_USERS: workspace().url };
    expect((await refusal(api.migrate({}, { env }))).code).toBe('PREREQUISITE_NOT_APPLIED');
    expect((await api.migrate({ prerequisites: 'apply' }, { env })).status).toBe('done');
  });

  it('waits no longer for the lock of another project than it was told to', async () => {
    const { users, api } = pingPong(workspace());
    const { schema } = workspace();
    const key = lockKey({ schema, project: 'users' });
    const holder = new Client({ connectionString: workspace().url });
    await holder.connect();
    await holder.query('SELECT pg_advisory_lock($1)', [key]);
    const changes = { overrides: { lockWait: 0 } };
    const refused = await refusal(api.migrate({ prerequisites: 'apply' }, changes));
    await holder.end();
    expect(refused.code).toBe('LOCK_HELD');
    expect(await users.history()).toEqual([]);
  });

  it('waits for each project’s own lock', async () => {
    const { users, api } = pingPong(workspace());
    users.add('people', {
      up: async (db) => {
        await db.query('CREATE TABLE people (id int PRIMARY KEY)');
        await db.query('SELECT pg_sleep(0.5)');
      },
    });
    const [one, other] = await Promise.all([
      api.migrate({ prerequisites: 'apply' }),
      api.migrate({ prerequisites: 'apply' }),
    ]);
    expect([one?.status, other?.status].sort()).toEqual(['done', 'nothing-to-do']);
    expect(await users.history()).toEqual(['people apply applied', 'last_bill apply applied']);
  });

  it('says which project has no such environment, or a configuration that is broken', async () => {
    const { users, api } = pingPong(workspace());
    const config = join(users.root, 'db.config.json');
    const environments = { somewhere: { url: workspace().url } };
    writeFileSync(config, JSON.stringify({ project: 'users', environments }));
    const other = await refusal(api.migrate({ prerequisites: 'apply' }));
    expect(other.code).toBe('UNKNOWN_ENVIRONMENT');
    expect(other.message).toContain('users, which api depends on: ');

    writeFileSync(config, JSON.stringify({ project: 'users', enviroments: {} }));
    const broken = await refusal(api.migrate({ prerequisites: 'apply' }));
    expect(broken.code).toBe('INVALID_CONFIG');
    expect(broken.message).toContain('users, which api depends on: ');
    expect((await refusal(api.migrate())).code).toBe('INVALID_CONFIG');
  });
});
