import { appendFileSync } from 'node:fs';
import { formatStatus } from '../report/format-status';
import { refusal } from '../source/testing/fixtures';
import { nthVersion } from '../testing/migration-source';
import { describeOnOldestAndNewest, type TestProject } from '../testing/workspace';

describeOnOldestAndNewest('repairing', (workspace) => {
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
      ['two', 'choose'],
    ]);
    expect(await api.history()).toHaveLength(2);
    expect((await refusal(api.migrate())).code).toBe('CHECKSUM_MISMATCH');
  });

  it('corrects what has one honest answer, by rows that say so, and runs nothing', async () => {
    const api = await applied();
    change(api);

    expect((await api.repair()).status).toBe('done');

    expect((await api.history()).slice(2)).toEqual(['one repair applied']);
    expect((await api.migrate()).status).toBe('nothing-to-do');
    expect(await workspace().tables()).toEqual(['one']);
  });

  it('A5: settles a failed migration without a file only by name, and shows how', async () => {
    const api = workspace().project().add('one').add('two', 'SELECT 1 / 0');
    await api.migrate();
    api.remove('two');
    const shown = formatStatus(await api.status());
    expect(shown).toMatch(/two +failed, file gone/);
    expect(shown).toContain(`repair ${nthVersion(2)} --project=api --mark-reverted`);
    expect((await refusal(api.repair())).code).toBe('CONFIRMATION_REQUIRED');
    const retire = api.repair({ migration: 'two', action: 'mark-retired' });
    expect((await refusal(retire)).code).toBe('INVALID_ARGUMENT');

    await api.repair({ migration: 'two', action: 'mark-reverted' });

    expect((await api.status()).counts).toMatchObject({ applied: 1, pending: 0, failed: 0 });
    expect(await api.repair()).toMatchObject({ status: 'nothing-to-do' });
  });

  it('A7: settles what the original agent recorded without a version by the commands of the hint', async () => {
    const api = workspace().project().add('seed').add('next');
    await workspace().sql(
      `CREATE TABLE migration_history (id serial, migration_name text, version text, success boolean, environment text);
       INSERT INTO migration_history (migration_name, success, environment) VALUES ('seed', true, 'development')`,
    );
    const error = await refusal(api.migrate());
    expect(error).toMatchObject({ code: 'FILE_MISSING', where: 'api:0-unversioned-1' });
    expect(error.hint).toContain('`ff db repair 0-unversioned-1 --project=api --mark-retired`');
    expect((await api.status()).problems).toMatchObject([{ code: 'FILE_MISSING' }]);

    await api.repair({ migration: nthVersion(1), action: 'mark-applied' });
    await api.repair({ migration: '0-unversioned-1', action: 'mark-retired' });

    const result = await api.migrate();
    expect(result.done.map(({ name }) => name)).toEqual(['next']);
    expect((await (await api.agent()).status({ history: 'verify' })).problems).toEqual([]);
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

  it('A5: never marks anything as reverted or retired unless the migration is named', async () => {
    const api = await applied();
    api.remove('one').remove('two');

    const { problems } = await refusal(api.repair());
    expect(problems.map(({ code }) => code)).toEqual([
      'CONFIRMATION_REQUIRED',
      'CONFIRMATION_REQUIRED',
    ]);
    expect(problems[0]?.hint).toContain(
      `ff db repair ${nthVersion(1)} --project=api --mark-retired`,
    );
    expect(problems[0]?.hint).not.toContain('--resume');
    expect((await refusal(api.repair({ migration: 'one' }))).code).toBe('CONFIRMATION_REQUIRED');
    for (const action of ['mark-retired', 'mark-reverted'] as const) {
      expect((await refusal(api.repair({ action }))).code).toBe('INVALID_ARGUMENT');
    }
    expect(await api.history()).toHaveLength(2);
  });

  it('A5: a file that returns after a repair is applied and does not run again', async () => {
    const api = await applied();
    api.remove('one');
    await refusal(api.repair());
    await api.repair({ migration: 'one', action: 'mark-retired' });
    const retired = await api.status();
    expect(retired.migrations[0]).toMatchObject({ state: 'retired', drift: 'none' });
    expect(retired).toMatchObject({
      counts: { applied: 2, pending: 0, failed: 0, drifted: 0 },
      problems: [],
    });
    expect(formatStatus(retired)).toContain('2 applied (1 of them retired)');

    api.add('one', 'CREATE TABLE one (id int)');
    expect((await api.migrate()).status).toBe('nothing-to-do');
    expect((await api.status()).migrations[0]).toMatchObject({ state: 'applied', drift: 'none' });

    change(api);
    expect((await refusal(api.migrate())).code).toBe('CHECKSUM_MISMATCH');
    expect((await api.status()).migrations[0]?.drift).toBe('checksumMismatch');
    await api.repair({ migration: 'one', action: 'accept-checksum' });
    expect((await api.migrate()).status).toBe('nothing-to-do');
  });

  it('A5: retires only what is applied, has no file, and is not retired yet', async () => {
    const api = (await applied()).add('three');
    const retire = (migration: string) => api.repair({ migration, action: 'mark-retired' });
    const withFile = await refusal(retire('one'));
    expect(withFile).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(withFile.message).toContain('Its file is there');
    expect((await refusal(retire('three'))).code).toBe('INVALID_ARGUMENT');
    api.remove('two');
    expect((await retire('two')).status).toBe('done');
    expect((await refusal(retire('two'))).code).toBe('INVALID_ARGUMENT');
    expect(await api.repair()).toMatchObject({ status: 'nothing-to-do' });
    expect((await api.history()).at(-1)).toBe('two repair retired');
  });

  it('A5: a retired migration counts as applied for dependencies and rollbacks', async () => {
    const api = await applied();
    api.remove('two');
    await api.repair({ migration: 'two', action: 'mark-retired' });
    const dependencies = [nthVersion(2)];
    api.add('three', { version: nthVersion(3), dependencies, down: () => undefined });
    expect((await api.migrate()).done).toMatchObject([{ name: 'three' }]);

    await api.rollback('three');
    const gone = await refusal(api.rollback());
    expect(gone.code).toBe('FILE_MISSING');
    expect(gone.hint).toMatch(/Bring the file back.*--mark-reverted/);
    api.add('two', { version: nthVersion(2), down: 'SELECT 1' });
    expect((await refusal(api.rollback('two'))).code).toBe('CHECKSUM_MISMATCH');
  });

  it('A5: keeps rollback data while a migration is retired', async () => {
    const api = workspace().project();
    const kept = {
      up: () => ({ kept: true }),
      down: (_: unknown, agent: { logger: { info: (text: string) => void } }, data: never) =>
        agent.logger.info(JSON.stringify(data)),
    };
    await api.add('one', kept).migrate();
    api.remove('one');
    await api.repair({ migration: 'one', action: 'mark-retired' });
    await api.add('one', kept).rollback('one');
    expect(api.events).toContainEqual(expect.objectContaining({ message: '{"kept":true}' }));
  });

  it('A5: an interrupted migration without a file is settled by name', async () => {
    const api = await interrupted();
    api.remove('half');
    const { hint } = await refusal(api.migrate());
    expect(hint).toContain('--mark-retired');
    expect(hint).not.toContain('--resume');
    expect((await api.repair({ mode: 'show' })).steps).toMatchObject([
      { action: 'choose', choices: ['mark-retired', 'mark-reverted'] },
    ]);
    await api.repair({ migration: 'half', action: 'mark-retired' });
    expect((await api.migrate()).status).toBe('nothing-to-do');
  });
});
