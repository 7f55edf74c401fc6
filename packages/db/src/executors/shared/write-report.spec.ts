import type { RunResult } from '@flashfusion/migrator';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createWorkspace, type TestWorkspace } from '../../testing/workspace';
import { writeReport } from './write-report';

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
  durationMs: 20,
};

describe('writeReport', () => {
  let workspace: TestWorkspace;
  beforeEach(() => (workspace = createWorkspace()));
  afterEach(() => workspace.dispose());

  const context = () => ({
    root: workspace.root,
    projectName: '@acme/api',
    targetName: 'db:migrate',
  });
  const reports = () => readdirSync(join(workspace.root, 'dist/.migrations/@acme/api')).sort();
  const summary = () => readFileSync(join(workspace.root, 'summary.md'), 'utf8');

  it('writes a file for each database, named by target and environment', async () => {
    const two = [result, { ...result, databaseName: 'eu' }];
    await writeReport(two, 'dist/.migrations', context(), {});
    expect(reports()).toEqual(['db-migrate.staging.eu.json', 'db-migrate.staging.json']);
    const path = join(workspace.root, 'dist/.migrations/@acme/api/db-migrate.staging.json');
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ format: 1, runId: 'run-1' });
  });

  it('writes no file without a folder', async () => {
    await writeReport([result], undefined, context(), {});
    expect(readdirSync(workspace.root)).not.toContain('dist');
  });

  it("adds to the job's summary where the CI has one", async () => {
    const env = { GITHUB_STEP_SUMMARY: join(workspace.root, 'summary.md') };
    await writeReport([result], undefined, context(), env);
    await writeReport(
      [{ ...result, status: 'nothing-to-do', done: [] }],
      undefined,
      context(),
      env,
    );
    expect(summary()).toContain('create\\_teams');
    expect(summary().match(/^### /gm)).toHaveLength(1);
  });
});
