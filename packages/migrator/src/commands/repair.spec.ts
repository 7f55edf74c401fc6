import { appendFileSync } from 'node:fs';
import { formatStatus } from '../report/format-status';
import { refusal } from '../source/testing/fixtures';
import { nthVersion } from '../testing/migration-source';
import { describeOnEveryDatabase, type TestProject } from '../testing/workspace';

describeOnEveryDatabase('repairing', (workspace) => {
  const applied = async () => {
    const api = workspace().project().add('one', 'CREATE TABLE one (id int)').add('two');
    await api.migrate();
    return api;
  };
  const change = (api: TestProject) => appendFileSync(api.pathOf('one'), '// changed');
  /** As a runner leaves it that was killed between two statements without a transaction. */
  const interrupted = async () => {
    const api = workspace()
      .project()
      .add('one')
      .add('half', { transaction: false, up: 'CREATE TABLE half (id int)' });
    await api.migrate({ to: 'one' });
    await workspace().sql(
      `INSERT INTO migration_history (project, version, migration_name, checksum, checksum_algorithm, success, environment, agent_version, action, state, attempt, run_id)
       SELECT project, '${nthVersion(2)}', 'half', checksum, checksum_algorithm, false, environment, agent_version, 'apply', 'running', 1, 'killed'
         FROM migration_history`,
    );
    return api;
  };

  it('finds nothing to do where all is well', async () => {
    const api = await applied();
    expect(await api.repair()).toMatchObject({ status: 'nothing-to-do', steps: [] });
    expect((await refusal(api.repair({ migration: 'one' }))).code).toBe('NOTHING_TO_REPAIR');
  });

  it('shows what it would do, and does nothing', async () => {
    const api = await applied();
    change(api);
    api.remove('two');

    const shown = await api.repair({ mode: 'show' });

    expect(shown.status).toBe('planned');
    expect(shown.steps.map(({ name, action }) => [name, action])).toEqual([
      ['one', 'accept-checksum'],
      ['two', 'mark-reverted'],
    ]);
    expect(await api.history()).toHaveLength(2);
    expect((await refusal(api.migrate())).code).toBe('CHECKSUM_MISMATCH');
  });

  it('mends what has one honest answer, by rows that say so, and runs nothing', async () => {
    const api = await applied();
    change(api);
    api.remove('two');

    expect((await api.repair()).status).toBe('done');

    expect((await api.history()).slice(2)).toEqual(['one repair applied', 'two repair reverted']);
    expect((await api.migrate()).status).toBe('nothing-to-do');
    expect(await workspace().tables()).toEqual(['one']);
  });

  it('clears away a migration that failed and was given up, which would fail every check', async () => {
    const api = workspace().project().add('one').add('two', 'CREATE TABEL two (id int)');
    await api.migrate();
    api.remove('two');
    expect(formatStatus(await api.status())).toMatch(/two +failed, file gone/);

    expect(await api.repair()).toMatchObject({
      status: 'done',
      steps: [{ name: 'two', action: 'mark-reverted' }],
    });

    expect((await api.status()).counts).toMatchObject({ applied: 1, pending: 0, failed: 0 });
    expect(await api.repair()).toMatchObject({ status: 'nothing-to-do' });
  });

  it('keeps the rollback data of a migration whose checksum it accepts', async () => {
    const api = workspace()
      .project()
      .add('one', {
        up: () => ({ kept: true }),
        down: (_, agent, data) => agent.logger.info(JSON.stringify(data)),
      });
    await api.migrate();
    change(api);
    await api.repair({ migration: 'one', action: 'accept-checksum' });
    await api.rollback('one');
    expect(api.events).toContainEqual(expect.objectContaining({ message: '{"kept":true}' }));
  });

  it('leaves it to people what became of an interrupted migration', async () => {
    const api = await interrupted();

    expect((await api.repair({ mode: 'show' })).steps).toMatchObject([
      { name: 'half', action: 'choose' },
    ]);
    expect(await refusal(api.repair())).toMatchObject({
      code: 'CONFIRMATION_REQUIRED',
      hint: expect.stringContaining('--resume'),
    });
    expect(await api.history()).toHaveLength(2);
  });

  it.each([
    ['resume', 'half apply applied', ['half']],
    ['mark-applied', 'half repair applied', []],
    ['mark-reverted', 'half repair reverted', []],
  ] as const)('settles it with %s', async (action, last, tables) => {
    const api = await interrupted();

    expect((await api.repair({ migration: 'half', action })).status).toBe('done');

    expect((await api.history()).at(-1)).toBe(last);
    expect(await workspace().tables()).toEqual(tables);
    expect((await api.migrate()).status).toBe(
      action === 'mark-reverted' ? 'done' : 'nothing-to-do',
    );
  });

  it('says when a resumed migration fails again', async () => {
    const api = await interrupted();
    api.add('half', { transaction: false, up: 'SELECT 1/0' });
    const result = await api.repair({ migration: 'half', action: 'resume' });
    expect(result).toMatchObject({ status: 'failed', run: { failed: { name: 'half' } } });
    expect((await api.history()).at(-1)).toBe('half apply failed');
  });

  it('marks as applied what was done by hand, so that it is not run', async () => {
    const api = workspace().project().add('by_hand', 'CREATE TABLE by_hand (id int)');
    expect((await api.repair({ migration: 'by_hand', action: 'mark-applied' })).status).toBe(
      'done',
    );
    expect((await api.migrate()).status).toBe('nothing-to-do');
    expect(await workspace().tables()).toEqual([]);
  });

  it('marks a failed migration as reverted, whose rest was removed by hand', async () => {
    const api = workspace().project().add('fails', { transaction: false, up: 'SELECT 1/0' });
    await api.migrate();
    expect((await api.repair({ migration: 'fails', action: 'mark-reverted' })).status).toBe('done');
    expect((await api.status()).counts).toMatchObject({ failed: 0, pending: 1 });
  });

  it.each([
    ['resume', 'one', 'INVALID_ARGUMENT'],
    ['mark-applied', 'one', 'INVALID_ARGUMENT'],
    ['accept-checksum', 'three', 'INVALID_ARGUMENT'],
    ['mark-reverted', 'three', 'INVALID_ARGUMENT'],
    ['mark-applied', 'four', 'UNKNOWN_MIGRATION'],
  ] as const)('refuses %s for %s', async (action, migration, code) => {
    const api = (await applied()).add('three');
    expect((await refusal(api.repair({ migration, action }))).code).toBe(code);
    expect(await api.history()).toHaveLength(2);
  });
});
