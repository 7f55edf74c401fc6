import { MigratorError, type RunResult, type TenantsResult } from '@flashfusion/migrator';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createWorkspace, type TestWorkspace } from '../../testing/workspace';
import type { Finding } from './on-each-database';
import { reportTo } from './write-report';

const result: RunResult = {
  project: '@acme/api',
  environment: 'staging',
  databaseName: undefined,
  target: {
    driver: 'postgres',
    host: 'db',
    port: 5432,
    database: 'app',
    user: 'migrator',
    source: 'STAGING_DATABASE_URL',
  },
  action: 'apply',
  status: 'done',
  runId: 'run-1',
  plan: { action: 'apply', project: '@acme/api', environment: 'staging', steps: [] },
  done: [{ id: '@acme/api:20250917102200', name: 'create_teams', durationMs: 12 }],
  failed: undefined,
  notReached: [],
  prerequisiteRuns: [],
  finishedAt: '2025-11-20T12:00:00.000Z',
  durationMs: 20,
};

const place = { project: '@acme/api', environment: 'staging', databaseName: undefined };
const finding = (more: Partial<RunResult> = {}): Finding<RunResult> => {
  const made = { ...result, ...more };
  return {
    kind: 'result',
    place: { ...place, databaseName: made.databaseName },
    result: made,
  };
};
const refused = (databaseName?: string, error: unknown = held): Finding<RunResult> => ({
  kind: 'refused',
  place: { ...place, databaseName },
  error,
});
const held = new MigratorError('LOCK_HELD', 'ci-7 holds the *lock*.');

/** A run that was cancelled behind the first of three tenants. */
const cancelled: Finding<TenantsResult> = {
  kind: 'result',
  place,
  result: {
    ...place,
    target: result.target,
    action: 'apply',
    status: 'failed',
    canary: 'acme',
    counts: { total: 3, done: 1, upToDate: 0, planned: 0, failed: 0, refused: 0, notReached: 2 },
    tenants: (['acme', 'umbrella', 'zoo'] as const).map((tenant) => ({
      tenant,
      status: tenant === 'acme' ? 'done' : 'not-reached',
      runId: tenant === 'acme' ? 'run-1' : '',
      planned: [],
      done: tenant === 'acme' ? result.done : [],
      failed: undefined,
      error: undefined,
      durationMs: 5,
    })),
    durationMs: 20,
    finishedAt: '2025-11-20T12:00:00.000Z',
  },
};

describe('the reports of a task', () => {
  let workspace: TestWorkspace;
  beforeEach(() => (workspace = createWorkspace()));
  afterEach(() => workspace.dispose());

  const reporter = (folder: string | undefined = 'dist/.migrations', env = {}) =>
    reportTo(
      folder,
      { root: workspace.root, projectName: '@acme/api', targetName: 'db:migrate' },
      env,
    );
  const folder = () => join(workspace.root, 'dist/.migrations/@acme/api');
  const reports = () => readdirSync(folder()).sort();
  const report = (name: string) =>
    JSON.parse(readFileSync(join(folder(), name), 'utf8')) as unknown;
  const summary = () => readFileSync(join(workspace.root, 'summary.md'), 'utf8');
  const withSummary = () =>
    reporter('', { GITHUB_STEP_SUMMARY: join(workspace.root, 'summary.md') });

  it('are a file for each database, named by target and environment', async () => {
    await reporter().end([finding(), finding({ databaseName: 'eu' })]);
    expect(reports()).toEqual(['db-migrate.staging.eu.json', 'db-migrate.staging.json']);
    expect(report('db-migrate.staging.json')).toMatchObject({ format: 1, runId: 'run-1' });
  });

  it('G2: are a file for each tenant, whatever its name, and are replaced together', async () => {
    const names = ['acme', 'Acme', 'ACME', 'a/b', 'a-b', 'a.b', 'ä', 'ö', '..', 'x'.repeat(300)];
    const findings = (environment: string) =>
      ['eu', 'eu.acme', 'acme'].flatMap((databaseName) =>
        names.map((tenant): Finding<RunResult> => ({
          kind: 'result',
          place: { ...place, environment, databaseName, tenant },
          result: { ...result, environment, databaseName, tenant },
        })),
      );
    await reporter().end([...findings('staging'), ...findings('staging.eu')]);
    const written = reports();
    expect(new Set(written.map((name) => name.toLowerCase())).size).toBe(60);
    expect(written).toContain('db-migrate.staging.eu.@acme.json');
    expect(written.filter((name) => !/^[\w.@~-]{1,250}$/.test(name))).toEqual([]);
    const tenants = written.map((name) => (report(name) as { tenant: string }).tenant);
    expect(new Set(tenants)).toEqual(new Set(names));

    await reporter().begin({ ...place, databaseName: 'eu' });
    expect(reports()).toHaveLength(50);
    await reporter().begin(place);
    expect(reports()).toHaveLength(30);
  });

  it('name the tenants that were refused or skipped in the summary', async () => {
    const other = { ...place, tenant: 'zoo' };
    const behind = { kind: 'not-reached', place: other } as const;
    await withSummary().summarize([{ ...refused(), place: { ...place, tenant: 'acme' } }, behind]);
    expect(summary()).toContain('/staging/acme**: LOCK');
    expect(summary()).toContain('/staging/zoo**');
  });

  it('are not written without a folder', async () => {
    await reporter('').end([finding()]);
    expect(readdirSync(workspace.root)).not.toContain('dist');
  });

  it('say of a refused task why, and of the databases behind it that they were not reached', async () => {
    const behind = { kind: 'not-reached', place: { ...place, databaseName: 'us' } } as const;
    await reporter().end([refused('eu'), behind]);
    expect(report('db-migrate.staging.eu.json')).toMatchObject({
      error: { code: 'LOCK_HELD' },
      project: '@acme/api',
      environment: 'staging',
    });
    expect(report('db-migrate.staging.us.json')).toMatchObject({
      status: 'not-reached',
      databaseName: 'us',
    });
  });

  it('give a code to an error that has none', async () => {
    await reporter().end([refused(undefined, new TypeError('x is not a function'))]);
    expect(report('db-migrate.staging.json')).toMatchObject({
      error: { code: 'UNEXPECTED', message: 'TypeError: x is not a function' },
    });
  });

  it('of an earlier task are gone once a task begins, and no others', async () => {
    await reporter().end([finding(), finding({ databaseName: 'eu' })]);
    const elsewhere = { ...place, environment: 'production' };
    await reporter().end([{ ...refused(), place: elsewhere }]);
    await reporter().begin({ ...place, databaseName: 'eu' });
    expect(reports()).toEqual(['db-migrate.production.json', 'db-migrate.staging.json']);
    await reporter().end([finding({ databaseName: 'eu' })]);
    await reporter().begin(place);
    expect(reports()).toEqual(['db-migrate.production.json']);
  });

  it('E7: are whole or absent, each by itself, and the failure is thrown', async () => {
    await mkdir(join(folder(), 'db-migrate.staging.json'), { recursive: true });
    const both = [finding(), finding({ databaseName: 'eu' })];
    await expect(reporter().end(both)).rejects.toThrow(/EISDIR|ENOTEMPTY|EPERM/);
    expect(reports()).toEqual(['db-migrate.staging.eu.json', 'db-migrate.staging.json']);
  });

  it("add to the job's summary where the CI has one", async () => {
    await withSummary().summarize([finding()]);
    await withSummary().summarize([finding({ status: 'nothing-to-do', done: [] })]);
    expect(summary()).toContain('create\\_teams');
    expect(summary().match(/^### /gm)).toHaveLength(1);
  });

  it('tell the summary of a refusal, as text', async () => {
    await withSummary().summarize([refused('eu')]);
    expect(summary()).toContain('### Database migrations: refused');
    expect(summary()).toContain('/staging/eu**: LOCK\\_HELD: ci-7 holds the \\*lock\\*.');
  });

  it('never call a job done of which a part was refused', async () => {
    await withSummary().summarize([finding({ databaseName: 'asia' }), refused('eu')]);
    expect(summary()).toMatch(/^### Database migrations: failed\n[^]*asia[^]*eu\*\*: LOCK/);
    expect(summary().match(/^### /gm)).toHaveLength(1);
  });

  it('tell of the tenants that a cancelled run did not get to', async () => {
    await reporter().end([cancelled]);
    expect(report('db-migrate.staging.json')).toMatchObject([
      { tenant: 'acme', status: 'done' },
      { project: '@acme/api', environment: 'staging', status: 'not-reached', tenants: 2 },
    ]);
    await withSummary().summarize([cancelled]);
    expect(summary()).toContain('### Database migrations: failed');
    expect(summary()).toContain('/staging**: 2 tenants skipped');
  });
});
