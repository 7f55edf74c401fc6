import { refusal } from '../source/testing/fixtures';
import { describeOnServers, type TestProject } from '../testing/workspace';

describeOnServers('while another runner is at work', (workspace) => {
  const impatient = { overrides: { lockWait: 0 } };

  /** Runs the body while a migration of the project is running. */
  async function during(project: TestProject, body: () => Promise<void>): Promise<void> {
    project.add('long', {
      async up(_, agent) {
        agent.logger.info('at work');
        await new Promise((resolve) => agent.signal.addEventListener('abort', resolve));
      },
    });
    const controller = new AbortController();
    let run: Promise<unknown> | undefined;
    await new Promise<void>((resolve, reject) => {
      const onEvent = ({ type }: { type: string }) => type === 'migration-log' && resolve();
      run = project.migrate({}, { signal: controller.signal, onEvent });
      run.catch(reject);
    });
    try {
      await body();
    } finally {
      controller.abort();
      await run;
    }
  }

  it('the project is locked: the other is told by whom, and touches nothing', async () => {
    const api = workspace().project('api');
    await during(api, async () => {
      const error = await refusal(api.migrate({}, impatient));
      expect(error).toMatchObject({
        code: 'LOCK_HELD',
        message: expect.stringContaining('flashfusion api'),
      });
      expect(api.events).toContainEqual(
        expect.objectContaining({
          type: 'waiting-for-runner',
          holder: expect.objectContaining({ user: 'postgres' }),
        }),
      );
    });
    expect(await api.history()).toEqual(['long apply failed']);
  });

  it('looking needs no lock', async () => {
    const api = workspace().project('api');
    await during(api, async () => {
      expect((await api.status(impatient)).counts).toMatchObject({ pending: 1 });
      expect((await api.migrate({ mode: 'dry-run' }, impatient)).status).toBe('planned');
    });
  });

  it('other projects are free', async () => {
    const users = workspace().project('users').add('people', 'CREATE TABLE people (id int)');
    await during(workspace().project('api'), async () => {
      expect((await users.migrate({}, impatient)).status).toBe('done');
    });
  });

  it('nothing is rolled back that the other may be about to depend on', async () => {
    const users = workspace()
      .project('users')
      .add('people', { up: 'CREATE TABLE people (id int PRIMARY KEY)', down: 'DROP TABLE people' });
    await users.migrate();
    // Its very first run: the history does not know the project yet.
    await during(workspace().project('api'), async () => {
      const error = await refusal(users.rollback('people', impatient));
      expect(error).toMatchObject({ code: 'LOCK_HELD', message: expect.stringContaining('api') });
    });
    expect(await workspace().tables()).toEqual(['people']);
  });
});
