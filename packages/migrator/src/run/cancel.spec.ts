import type { MigrateOptions } from '../commands/plan-migrate';
import type { RunEvent } from './events';
import { describeOnEveryDatabase, describeOnServers, type TestProject } from '../testing/workspace';
import { nthVersion } from '../testing/migration-source';

/** Migrates, and aborts when the event comes. */
async function migrateUntil(
  project: TestProject,
  stop: RunEvent['type'],
  options: MigrateOptions = {},
) {
  const controller = new AbortController();
  const onEvent = ({ type }: RunEvent) => {
    if (type === stop) controller.abort();
  };
  return project.migrate(options, { signal: controller.signal, onEvent });
}

describeOnEveryDatabase('a run that is cancelled', (workspace) => {
  it('ends also when a migration never would, rolls it back and records that', async () => {
    const api = workspace().project();
    api.add('endless', {
      async up(db, agent) {
        await db.query('CREATE TABLE teams (id int)');
        agent.logger.info('waiting for ever');
        await new Promise(() => undefined);
      },
    });
    api.add('next');

    const result = await migrateUntil(api, 'migration-log');

    expect(result.failed?.error.code).toBe('CANCELLED');
    expect(result.notReached).toEqual([`api:${nthVersion(2)}`]);
    expect(await workspace().tables()).toEqual([]);
    expect(await api.history()).toEqual(['endless apply failed']);
  });

  it('keeps what was applied before, and does not begin or record what comes next', async () => {
    const api = workspace()
      .project()
      .add('one', 'CREATE TABLE one (id int)')
      .add('two', {
        transaction: false,
        onFailure: 'revert',
        down: (db) => db.query('CREATE TABLE reverted (id int)'),
      })
      .add('three');

    const { status, done, failed, notReached } = await migrateUntil(api, 'migration-finished');

    expect(status).toBe('failed');
    expect(done.map(({ name }) => name)).toEqual(['one']);
    expect(failed).toMatchObject({ name: 'two', error: { code: 'CANCELLED' } });
    expect(failed?.guidance[0]).toContain(`The run stopped before api:${nthVersion(2)}`);
    expect(notReached).toEqual([`api:${nthVersion(3)}`]);
    expect(await api.history()).toEqual(['one apply applied']);
    expect(await workspace().tables()).toEqual(['one']);
    expect((await api.migrate()).status).toBe('done');
  });

  it('before a single transaction has failed, and nothing was begun', async () => {
    const api = workspace().project().add('one', 'CREATE TABLE one (id int)').add('two');

    const result = await migrateUntil(api, 'run-started', { transaction: 'single' });

    expect(result).toMatchObject({
      status: 'failed',
      done: [],
      failed: { name: 'one', error: { code: 'CANCELLED' } },
      notReached: [`api:${nthVersion(2)}`],
    });
    expect(await api.history()).toEqual([]);
  });

  it('lets a migration that looks at the signal end by itself', async () => {
    const api = workspace()
      .project()
      .add('polite', {
        async up(_, agent) {
          agent.logger.info('started');
          await new Promise((resolve) => agent.signal.addEventListener('abort', resolve));
        },
      });
    expect((await migrateUntil(api, 'migration-log')).failed?.error.code).toBe('CANCELLED');
  });
});

describeOnServers('a run that is cancelled in the middle of a statement', (workspace) => {
  it('cancels the statement on the server too', async () => {
    const api = workspace()
      .project()
      .add('sleeps', {
        async up(db, agent) {
          await db.query('CREATE TABLE teams (id int)');
          const sleeping = db.query('SELECT pg_sleep(600)');
          agent.logger.info('asleep');
          await sleeping;
        },
      });

    expect((await migrateUntil(api, 'migration-log')).failed?.error.code).toBe('CANCELLED');
    expect(await workspace().tables()).toEqual([]);
    expect(await api.history()).toEqual(['sleeps apply failed']);
    expect((await api.add('sleeps', 'SELECT 1').migrate()).status).toBe('done');
  });
});
