import { refusal } from '../source/testing/fixtures';
import { nthVersion } from '../testing/migration-source';
import { migrateScript, plainNode } from '../testing/plain-node';
import { describeOnServers, type TestProject } from '../testing/workspace';

describeOnServers('a runner that is killed in the middle', (workspace) => {
  /** Starts a runner whose migration waits for ever, and kills it there. */
  async function killed(project: TestProject) {
    const runner = plainNode(migrateScript(project.root));
    await runner.said('asleep');
    runner.kill('SIGKILL');
    await runner.ended;
    return project;
  }
  const half = (mode: { transaction?: false }) =>
    workspace()
      .project()
      .add('half', {
        ...mode,
        async up(db) {
          await db.script('CREATE TABLE first (id int); INSERT INTO first VALUES (1)');
          const sleeping = db.query('SELECT pg_sleep(600)');
          console.log('asleep');
          await sleeping;
        },
      });

  it('without a transaction blocks later runs, is shown by status, and goes on only when told to', async () => {
    const api = await killed(
      half({ transaction: false }).add('next', 'CREATE TABLE next (id int)'),
    );

    const error = await refusal(api.migrate());
    expect(error).toMatchObject({ code: 'INTERRUPTED', hint: expect.stringContaining('resume') });
    const { migrations, counts, problems } = await api.status();
    expect(migrations.map(({ state }) => state)).toEqual(['running', 'pending']);
    expect(counts).toMatchObject({ failed: 1, pending: 1 });
    expect(problems.map(({ code }) => code)).toEqual(['INTERRUPTED']);
    expect((await refusal(api.rollback('half'))).code).toBe('INTERRUPTED');
    expect(await workspace().tables()).toEqual(['first']);

    api.add('half', {
      transaction: false,
      up: (db) =>
        db.script(
          'CREATE TABLE first (id int); INSERT INTO first VALUES (1); CREATE TABLE second (id int)',
        ),
    });
    const resumed = await api.repair({ migration: 'half', action: 'resume' });

    expect(resumed).toMatchObject({ status: 'done', run: { failed: undefined } });
    expect(await workspace().sql('SELECT id FROM first')).toEqual([{ id: 1 }]);
    expect(await workspace().tables()).toEqual(['first', 'second']);
    expect((await api.migrate()).done.map(({ name }) => name)).toEqual(['next']);
  });

  it('refuses to resume a script whose finished part is another by now', async () => {
    const api = await killed(half({ transaction: false }));
    api.add('half', {
      transaction: false,
      up: (db) =>
        db.script(
          'CREATE TABLE other (id int); CREATE TABLE more (id int); CREATE TABLE end_ (id int)',
        ),
    });

    const resumed = await api.repair({ migration: nthVersion(1), action: 'resume' });

    expect(resumed).toMatchObject({
      status: 'failed',
      run: { failed: { error: { code: 'CHECKSUM_MISMATCH' } } },
    });
    expect(await workspace().tables()).toEqual(['first']);
  });
});
