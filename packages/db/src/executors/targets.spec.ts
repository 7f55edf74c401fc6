import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { keepOutput, taskContext } from '../testing/executors';
import { createWorkspace, type TestWorkspace } from '../testing/workspace';
import baseline from './baseline/executor';
import migrate from './migrate/executor';
import repair from './repair/executor';
import rollback from './rollback/executor';

const CONFIG = `module.exports = { project: 'shop', environments: {
  regions: { databases: { eu: { url: 'pglite:.data/eu' }, us: { url: 'pglite:.data/us' } } },
  saas: { url: 'pglite:.data/saas', tenants: async () => ['7', '007', 'acme'] } } };`;
const MIGRATION = `module.exports = { version: '20250917102200', name: 'teams',
  async up(db) { await db.query('CREATE TABLE teams (id int)'); },
  async down(db) { await db.query('DROP TABLE teams'); } };`;

describe('the executors and their targets', () => {
  let workspace: TestWorkspace;
  const printed = keepOutput();
  beforeAll(() => {
    workspace = createWorkspace({
      'apps/api/db.config.js': CONFIG,
      'apps/api/migrations/20250917102200_teams.js': MIGRATION,
    });
  });
  afterAll(() => workspace.dispose());

  const task = (target: string, configuration: string) =>
    taskContext(workspace, { target, environments: [configuration], configuration });

  it('G1: refuse to undo or rewrite on databases that are not named', async () => {
    expect(await rollback({ last: 1 }, task('rollback', 'regions'))).toEqual({ success: false });
    expect(await repair({ yes: true }, task('repair', 'regions'))).toEqual({ success: false });
    const to = '20250917102200';
    expect(await baseline({ to }, task('baseline', 'regions'))).toEqual({ success: false });
    expect(printed.err.match(/2 databases \(eu, us\) in regions/g)).toHaveLength(3);
    expect(printed.err).toMatch(/`nx run [\w:-]+:regions --database=eu --last=1`/);
    expect(printed.err).not.toContain('ff db');
  });

  it('G2: revert on a tenant that is named, also by a number', async () => {
    const options = { tenant: [7, 'acme'] };
    expect(await migrate({ ...options, json: true }, task('migrate', 'saas'))).toEqual({
      success: true,
    });
    expect(JSON.parse(printed.out)).toMatchObject({
      tenants: [{ tenant: '7' }, { tenant: 'acme' }],
    });
    printed.out = '';
    expect(
      await rollback({ last: 1, tenant: '7,acme', json: true }, task('rollback', 'saas')),
    ).toEqual({ success: true });
    expect(JSON.parse(printed.out)).toMatchObject([
      { project: 'shop', environment: 'saas', tenant: '7', status: 'done' },
      { project: 'shop', environment: 'saas', tenant: 'acme', status: 'done' },
    ]);
  });

  it('G6: name the target of a refused command in JSON', async () => {
    const options = { last: 1, tenant: 'acme,00*', json: true, confirm: 'wrong' };
    expect(await rollback(options, task('rollback', 'saas'))).toEqual({ success: false });
    expect(JSON.parse(printed.out)).toMatchObject([
      { environment: 'saas', tenant: '007', error: { code: 'CONFIRMATION_REQUIRED' } },
      { environment: 'saas', tenant: 'acme', error: { code: 'CONFIRMATION_REQUIRED' } },
    ]);
  });

  it('G2: show an error that is the same for several targets once', async () => {
    await migrate({ tenant: 7 }, task('migrate', 'saas'));
    const options = { last: 1, tenant: '7,acme' };
    expect(await rollback(options, task('rollback', 'saas'))).toEqual({ success: false });
    expect(printed.err).toMatch(/^shop · saas\/7, saas\/acme\nTARGETS_DIFFER/m);
    expect(printed.err.match(/TARGETS_DIFFER/g)).toHaveLength(1);
  });

  it('leave names as they were typed: Nx would make a number of 007', () => {
    for (const executor of ['baseline', 'migrate', 'repair', 'rollback', 'status']) {
      const text = readFileSync(join(__dirname, executor, 'schema.json'), 'utf8');
      const { properties } = JSON.parse(text) as { properties: Record<string, object> };
      expect(properties['tenant']).not.toHaveProperty('type');
      expect(properties['database']).not.toHaveProperty('type');
    }
  });
});
