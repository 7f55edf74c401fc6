import { keepOutput, taskContext } from '../../testing/executors';
import { createWorkspace, type TestWorkspace } from '../../testing/workspace';
import migrate from '../migrate/executor';
import status from '../status/executor';

describe('the standard streams of an executor', () => {
  let workspace: TestWorkspace;
  const printed = keepOutput();

  beforeAll(() => {
    workspace = createWorkspace({
      'apps/api/db.config.js': `
        process.stdout.write('config stdout\\n');
        module.exports = { project: 'api', environments: { development: { url: 'pglite::memory:' } } };`,
      'apps/api/migrations/20250910090000_talk.js': `module.exports = { version: '20250910090000', name: 'talk', down() {},
        async up(db) { process.stdout.write('migration stdout\\n'); await db.query('SELECT 1'); } };`,
    });
  });
  afterAll(() => workspace.dispose());

  const task = (target: string) =>
    taskContext(workspace, { target, environments: ['development'], configuration: 'development' });

  it('E6: standard output is one document with --json, and what else prints is on standard error', async () => {
    expect(await migrate({ json: true }, task('migrate'))).toEqual({ success: true });
    expect(JSON.parse(printed.out)).toMatchObject({ status: 'done', done: [{ name: 'talk' }] });
    expect(printed.err).toMatch(/config stdout[^]*migration stdout/);
  });

  it('E6: other text stays on standard output without --json, and the streams are given back', async () => {
    const write = process.stdout.write;
    await status({}, task('status'));
    expect(printed.out).toMatch(/config stdout[^]*VERSION[^]*talk/);
    expect(printed.err).not.toContain('config stdout');
    expect(process.stdout.write).toBe(write);
  });

  it.each([
    [{ json: true }, 'EPIPE', false],
    [{ json: true }, 'ENOSPC', false],
    [{}, 'ENOSPC', false],
    [{}, 'EPIPE', true],
  ])('E7: with %j a result that is lost by %s is a success: %s', async (options, code, success) => {
    jest.mocked(process.stdout.write).mockImplementation(() => {
      throw Object.assign(new Error(`${code}: write`), { code });
    });
    expect(await status(options, task('status'))).toEqual({ success });
    const { err } = printed;
    if (success) expect(err).not.toContain('OUTPUT_FAILED');
    else expect(err).toMatch(/OUTPUT_FAILED.*The command itself succeeded/);
  });
});
