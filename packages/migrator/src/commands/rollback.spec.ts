import { refusal } from '../source/testing/fixtures';
import { nthVersion } from '../testing/migration-source';
import { describeOnOldestAndNewest, type Workspace } from '../testing/workspace';

const names = (list: readonly { name: string }[]) => list.map(({ name }) => name);

/** A project with three tables, each made and dropped by a migration of its name. */
function threeTables(workspace: Workspace) {
  const api = workspace.project();
  for (const name of ['one', 'two', 'three']) {
    api.add(name, { up: `CREATE TABLE ${name} (id int)`, down: `DROP TABLE ${name}` });
  }
  return api;
}

describeOnOldestAndNewest('rolling back', (workspace) => {
  it.each(['two', nthVersion(2)])('reverts one by name or version: %s', async (called) => {
    const api = threeTables(workspace());
    await api.migrate();

    expect(names((await api.rollback(called)).done)).toEqual(['two']);
    expect(await workspace().tables()).toEqual(['one', 'three']);
    expect((await api.history()).at(-1)).toBe('two revert reverted');
  });

  it('reverts all after a version, newest first', async () => {
    const api = threeTables(workspace());
    await api.migrate();

    const result = await api.rollback({ selection: { kind: 'to', version: nthVersion(1) } });

    expect(names(result.done)).toEqual(['three', 'two']);
    expect(await workspace().tables()).toEqual(['one']);
  });

  it('reverts the last ones, and applies them again when asked to migrate', async () => {
    const api = threeTables(workspace());
    await api.migrate();

    expect(names((await api.rollback({ selection: { kind: 'last', count: 2 } })).done)).toEqual([
      'three',
      'two',
    ]);
    const again = await api.migrate();

    expect(again.plan.steps.map(({ reason, attempt }) => [reason.kind, attempt])).toEqual([
      ['reverted-before', 3],
      ['reverted-before', 3],
    ]);
    expect(await workspace().tables()).toEqual(['one', 'three', 'two']);
  });

  it('tells in a dry run what it would revert, and touches nothing', async () => {
    const api = threeTables(workspace());
    await api.migrate();

    const { status, plan } = await api.rollback({
      mode: 'dry-run',
      selection: { kind: 'last', count: 2 },
    });

    expect({ status, steps: names(plan.steps.map(({ migration }) => migration)) }).toEqual({
      status: 'planned',
      steps: ['three', 'two'],
    });
    expect(await workspace().tables()).toHaveLength(3);
    expect(await api.history()).toHaveLength(3);
  });

  it('gives down what up had returned, as JSON gives it back', async () => {
    const api = workspace()
      .project()
      .add('rename', {
        async up(db) {
          await db.query('CREATE TABLE seen (data jsonb)');
          return {
            at: new Date(0),
            list: [1, null, { deep: 'é' }],
            table: 'seen',
          };
        },
        async down(db, agent, data: { table: string }) {
          agent.logger.info(JSON.stringify(data));
          await db.query(`DROP TABLE ${data.table}`);
        },
      });
    await api.migrate();
    await api.rollback();

    const told = api.events.find(({ type }) => type === 'migration-log');
    expect(JSON.parse((told as { message: string }).message)).toEqual({
      at: '1970-01-01T00:00:00.000Z',
      list: [1, null, { deep: 'é' }],
      table: 'seen',
    });
    expect(await workspace().tables()).toEqual([]);
  });

  it('gives down what was saved by agent.saveRollbackData, where up returned nothing', async () => {
    const api = workspace()
      .project()
      .add('saves', {
        up: async (_, agent) => {
          await agent.saveRollbackData({ step: 1 });
          await agent.saveRollbackData({ step: 2 });
        },
        down: (_, agent, data) => agent.logger.info(JSON.stringify(data)),
      });
    await api.migrate();
    await api.rollback();
    expect(api.events).toContainEqual(expect.objectContaining({ message: '{"step":2}' }));
  });

  it('does not give an older attempt’s data to a down whose up returned none', async () => {
    const api = workspace().project();
    const down = {
      down: (_: unknown, agent: { logger: { info(text: string): void } }, data: unknown) =>
        agent.logger.info(String(data)),
    };
    await api.add('one', { ...down, up: () => ({ old: true }) }).migrate();
    await api.rollback();
    await api.add('one', { ...down, up: () => undefined }).migrate();
    api.events.length = 0;
    await api.rollback();
    expect(api.events).toContainEqual(
      expect.objectContaining({ type: 'migration-log', message: 'undefined' }),
    );
  });

  it('leaves applied what a failing down could not undo, and says so in the history', async () => {
    const api = workspace().project();
    api.add('one', {
      up: 'CREATE TABLE one (id int); CREATE TABLE extra (id int)',
      down: 'DROP TABLE extra; DROP TABLE on_e',
    });
    await api.migrate();

    const result = await api.rollback('one');

    expect(result).toMatchObject({
      status: 'failed',
      failed: { name: 'one', error: { code: 'MIGRATION_FAILED' } },
    });
    expect(await workspace().tables()).toEqual(['extra', 'one']);
    expect(await api.rows('state, action, success')).toEqual([
      { state: 'applied', action: 'apply', success: true },
      { state: 'applied', action: 'revert', success: false },
    ]);
    expect((await api.migrate()).status).toBe('nothing-to-do');
    expect((await api.status()).counts).toMatchObject({ applied: 1, failed: 0 });
  });

  it('stops at the first down that fails, newest first', async () => {
    const api = threeTables(workspace());
    await api.migrate();
    await workspace().sql('DROP TABLE two');

    const result = await api.rollback({ selection: { kind: 'last', count: 3 } });

    expect(names(result.done)).toEqual(['three']);
    expect(result).toMatchObject({ failed: { name: 'two' }, notReached: [`api:${nthVersion(1)}`] });
    expect(await workspace().tables()).toEqual(['one']);
  });
});

describeOnOldestAndNewest('a rollback is refused, and nothing touched', (workspace) => {
  it('when others depend on what it reverts, also of other projects, naming all of them', async () => {
    const users = workspace()
      .project('users')
      .add('people', { up: 'CREATE TABLE people (id int PRIMARY KEY)', down: 'DROP TABLE people' });
    users.add('names', { up: 'ALTER TABLE people ADD name text', dependencies: [nthVersion(1)] });
    await users.migrate();
    const api = workspace()
      .project('api')
      .add('members', {
        up: 'CREATE TABLE members (person int REFERENCES people)',
        down: 'DROP TABLE members',
        dependencies: [`users:${nthVersion(1)}`],
      });
    await api.migrate();

    const { code, message, problems } = await refusal(users.rollback('people'));

    expect(code).toBe('REQUIRED_BY_OTHERS');
    const said = message + problems.map((problem) => problem.message).join();
    expect(said).toContain(`users:${nthVersion(2)}`);
    expect(said).toContain(`api:${nthVersion(1)}`);
    expect(await workspace().tables()).toEqual(['members', 'people']);
  });

  it('when one of them has no down, before the others are reverted', async () => {
    const api = threeTables(workspace())
      .add('four', 'CREATE TABLE four (id int)')
      .add('five', { down: 'SELECT 1' });
    await api.migrate();

    const error = await refusal(api.rollback({ selection: { kind: 'last', count: 3 } }));

    expect(error).toMatchObject({ code: 'NO_DOWN', where: api.pathOf('four') });
    expect(await workspace().tables()).toHaveLength(4);
    expect(await api.history()).toHaveLength(5);
  });

  it('when it is not applied', async () => {
    const api = threeTables(workspace());
    expect(await refusal(api.rollback('one'))).toMatchObject({ code: 'NOT_APPLIED' });
    await api.migrate();
    await api.rollback('three');
    expect(await refusal(api.rollback('three'))).toMatchObject({
      code: 'NOT_APPLIED',
      message: expect.stringContaining('reverted since'),
    });
    expect(await refusal(api.rollback('trhee'))).toMatchObject({
      code: 'UNKNOWN_MIGRATION',
      hint: expect.stringContaining('three'),
    });
  });

  it('when the file changed after it was applied', async () => {
    const api = threeTables(workspace());
    await api.migrate();
    api.add('three', { up: 'CREATE TABLE three (id int)', down: 'DROP TABLE one' });
    expect((await refusal(api.rollback('three'))).code).toBe('CHECKSUM_MISMATCH');
    expect(await workspace().tables()).toHaveLength(3);
  });

  it('when the environment is protected and not confirmed by its name', async () => {
    const api = threeTables(workspace());
    const production = { environment: 'production' };
    await api.migrate({}, production);

    for (const confirm of [undefined, 'yes', 'development']) {
      const error = await refusal(api.rollback({ confirm }, production));
      expect(error).toMatchObject({
        code: 'CONFIRMATION_REQUIRED',
        hint: expect.stringContaining('--confirm=production'),
      });
      expect(error.message).toContain(`api:${nthVersion(3)} (three)`);
    }
    expect((await api.rollback({ mode: 'dry-run' }, production)).status).toBe('planned');
    expect(await workspace().tables()).toHaveLength(3);
    expect((await api.rollback({ confirm: 'production' }, production)).status).toBe('done');
  });

  it.each([undefined, false] as const)(
    'D7: the steps after a failed revert work as printed (transaction: %s)',
    async (transaction) => {
      const up = 'CREATE TABLE one (id int)';
      const api = workspace().project().add('one', { transaction, up, down: 'DROP TABLE onee' });
      await api.migrate();
      const version = nthVersion(1);

      const guidance = (await api.rollback('one')).failed?.guidance?.join('\n') ?? '';
      const action = transaction === false ? 'resume' : 'accept-checksum';
      expect(guidance).toContain(
        `correct it, then \`ff db repair ${version} --project=api --${action}\``,
      );

      api.add('one', { transaction, up, down: 'DROP TABLE one' });
      const refused = await refusal(api.rollback('one'));
      expect(refused.code).toBe('CHECKSUM_MISMATCH');
      expect(refused.hint).toContain(`\`ff db repair ${version} --project=api --${action}\``);
      expect((await api.repair({ migration: version, action })).status).toBe('done');
      if (action === 'accept-checksum') {
        expect(refused.hint).toContain(`, then \`nx run api:rollback --name=${version}\``);
        expect((await api.rollback(version)).status).toBe('done');
      }

      expect(await workspace().tables()).toEqual([]);
      expect((await api.status()).migrations).toMatchObject([{ state: 'reverted' }]);
    },
  );
});
