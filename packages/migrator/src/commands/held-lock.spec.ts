import { Client } from 'pg';
import { databaseLockKey, lockKey } from '../database/lock';
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
        message: expect.stringMatching(
          /^Another runner is at work on the migrations of api: pid \d+ \(flashfusion api\).* not waited for, as the lock wait is 0/,
        ),
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
      const error = await refusal(users.rollback('people', { overrides: { lockWait: '200ms' } }));
      expect(error.code).toBe('LOCK_HELD');
      expect(error.message).toMatch(
        /^Another runner is at work on this database, and this command needs the database to itself: pid \d+ \(flashfusion api\) .*, still after 0\.2 s of waiting\. Nothing/,
      );
    });
    expect(await workspace().tables()).toEqual(['people']);
  });

  it('one that waits for two locks in turn tells the whole wait, and what kept it last', async () => {
    const own = await holding('api');
    const everyones = await holding('');
    const api = workspace().project('api').add('teams', 'CREATE TABLE teams (id int)');
    const { code, message, hint } = await refusal(
      api.migrate(
        {},
        {
          overrides: { lockWait: '1s' },
          // The first lock is had after half of the time.
          onEvent: (event) => {
            if (event.type === 'waiting-for-runner' && event.project === 'api') {
              setTimeout(() => void own.end(), 500);
            }
          },
        },
      ),
    );
    const [holder] = (await everyones.query<{ pid: number }>('SELECT pg_backend_pid() AS pid'))
      .rows;
    await everyones.end();
    expect(code).toBe('LOCK_HELD');
    expect(message).toContain(
      `A command that undoes or rewrites (rollback, repair or baseline) has this database to itself: pid ${holder?.pid} (psql) of user postgres`,
    );
    expect(message).toContain('still after 1 s of waiting. Nothing was touched.');
    expect(hint).toContain('--lock-wait=<duration>');
    expect(hint).toContain(`SELECT pg_terminate_backend(${holder?.pid});`);
    expect(await api.history()).toEqual([]);
  });

  /** A session of somebody else that holds the lock of a project, or of all of them. */
  async function holding(project: string): Promise<Client> {
    const { url, schema } = workspace();
    const client = new Client({ connectionString: url, application_name: 'psql' });
    await client.connect();
    const key = project === '' ? databaseLockKey() : lockKey({ schema, project });
    await client.query('SELECT pg_advisory_lock($1)', [key]);
    return client;
  }
});
