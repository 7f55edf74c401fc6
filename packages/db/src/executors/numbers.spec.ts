import { readFileSync } from 'node:fs';
import { combineOptionsForExecutor as combine } from 'nx/src/utils/params';
import { join } from 'node:path';
import { keepOutput, taskContext } from '../testing/executors';
import { createWorkspace, type TestWorkspace } from '../testing/workspace';
import migrate from './migrate/executor';
import rollback from './rollback/executor';
import type { RollbackExecutorSchema } from './rollback/schema';
import status from './status/executor';

const migration = (version: string, name: string) => `module.exports = {
  version: '${version}', name: '${name}',
  async up(db) { await db.query('CREATE TABLE ${name} (id int)'); },
  async down(db) { await db.query('DROP TABLE ${name}'); },
};`;

const target = { executor: '@flashfusion/db:migrate' };

/** What JSON without quotes makes of the version 00020101000000. */
const WITHOUT_ZEROS = 20101000000;

describe('a version of which Nx makes a number', () => {
  let workspace: TestWorkspace;
  const printed = keepOutput();
  beforeEach(() => {
    workspace = createWorkspace({
      'apps/api/db.config.js': `module.exports = { environments: { development: { url: 'pglite:.data/development' } } };`,
      'apps/api/migrations/00020101000000_ancient.js': migration('00020101000000', 'ancient'),
      'apps/api/migrations/20250917102200_teams.js': migration('20250917102200', 'teams'),
    });
  });
  afterEach(() => workspace.dispose());

  const task = (target: string) =>
    taskContext(workspace, {
      target,
      environments: ['development'],
      configuration: 'development',
    });
  const revert = (options: RollbackExecutorSchema) => rollback(options, task('rollback'));
  async function counts(): Promise<unknown> {
    const before = printed.out.length;
    await status({ json: true }, task('status'));
    return (JSON.parse(printed.out.slice(before)) as { counts: unknown }).counts;
  }

  it('is refused by rollback with what to write, reverting nothing', async () => {
    await migrate({}, task('migrate'));
    for (const option of ['to', 'name']) {
      expect(await revert({ [option]: WITHOUT_ZEROS })).toEqual({ success: false });
      expect(printed.err).toContain(
        `INVALID_ARGUMENT: --${option} was given the number 20101000000`,
      );
      expect(printed.err).toContain(
        `Pass all 14 digits, or the migration's name, --${option}=<name>`,
      );
      expect(printed.err).toContain(`"api:00020101000000".`);
    }
    expect(await counts()).toMatchObject({ applied: 2 });
  });

  it('is refused by migrate --to in the same way, applying nothing', async () => {
    expect(await migrate({ to: WITHOUT_ZEROS }, task('migrate'))).toEqual({ success: false });
    expect(printed.err).toContain('"api:00020101000000".');
    expect(await counts()).toMatchObject({ applied: 0, pending: 2 });
  });

  it('is understood with its project before it, and as a name, as the hint says', async () => {
    expect(await migrate({ to: 'api:00020101000000' }, task('migrate'))).toEqual({ success: true });
    expect(await counts()).toMatchObject({ applied: 1, pending: 1 });
    await migrate({}, task('migrate'));
    expect(await revert({ to: 'ancient' })).toEqual({ success: true });
    expect(await counts()).toMatchObject({ applied: 1, pending: 1 });
    expect(await revert({ name: 'api:00020101000000' })).toEqual({ success: true });
    expect(await counts()).toMatchObject({ applied: 0, pending: 2 });
  });

  it('G1: keeps its leading zeros on the command line of Nx', async () => {
    for (const [executor, option, number, command] of [
      ['migrate', 'to', 'canary', migrate],
      ['rollback', 'name', 'confirm', rollback],
    ] as const) {
      const path = join(__dirname, executor, 'schema.json');
      const schema = JSON.parse(readFileSync(path, 'utf8')) as Parameters<typeof combine>[3];
      const typed = { [option]: '00020101000000', [number]: 42 };
      const options: Record<string, unknown> = combine(typed, '', target, schema, 'api', '.');
      expect(options).toMatchObject(typed);
      const own = { [option]: options[option] };
      expect(await command(own, task(executor))).toEqual({ success: true });
    }
    expect(await counts()).toMatchObject({ applied: 0, pending: 2 });
  });

  it('is as good as its text where it has no zeros to lose', async () => {
    await migrate({}, task('migrate'));
    expect(await revert({ name: 20250917102200 })).toEqual({ success: true });
    expect(await counts()).toMatchObject({ applied: 1, pending: 1 });
  });

  it.each([2025, 0, 1e21, -1, 0.5])('is never looked for when it is %s', async (to) => {
    expect(await revert({ to, dryRun: true })).toEqual({ success: false });
    expect(printed.err).toContain(`INVALID_ARGUMENT: --to was given the number ${to}`);
  });
});
