import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { refusal } from '../source/testing/fixtures';
import { nthVersion } from '../testing/migration-source';
import { describeOnOldestAndNewest } from '../testing/workspace';

const names = (list: readonly { name: string }[]) => list.map(({ name }) => name);

describeOnOldestAndNewest('migrating', (workspace) => {
  it('applies dependencies first, then by version', async () => {
    const api = workspace().project();
    api.add('late', {
      up: 'CREATE TABLE late (id int REFERENCES early)',
      dependencies: [nthVersion(3)],
    });
    api.add('alone', 'CREATE TABLE alone (id int)');
    api.add('early', 'CREATE TABLE early (id int PRIMARY KEY)');

    const result = await api.migrate();

    expect(result.status).toBe('done');
    expect(names(result.done)).toEqual(['alone', 'early', 'late']);
    expect(await workspace().tables()).toEqual(['alone', 'early', 'late']);
    expect(await api.history()).toEqual([
      'alone apply applied',
      'early apply applied',
      'late apply applied',
    ]);
  });

  it('applies nothing the second time, and does not even load what is applied', async () => {
    const api = workspace().project();
    const log = join(api.root, 'loaded.txt');
    const head = `import { appendFileSync } from 'node:fs'; appendFileSync(${JSON.stringify(log)}, 'x');`;
    api.add('create_users', { head, up: 'CREATE TABLE users (id int)' });

    await api.migrate();
    expect(readFileSync(log, 'utf8')).toBe('x');
    expect(await api.migrate()).toMatchObject({ status: 'nothing-to-do', done: [] });
    api.add('create_teams', 'CREATE TABLE teams (id int)');
    expect(names((await api.migrate()).done)).toEqual(['create_teams']);

    expect(readFileSync(log, 'utf8')).toBe('x');
  });

  it('makes no history where there is nothing to apply', async () => {
    expect(await workspace().project().migrate()).toMatchObject({ status: 'nothing-to-do' });
    expect(await workspace().tables('all')).toEqual([]);
  });

  it('tells in a dry run what it would do, why and in which order, and touches nothing', async () => {
    const api = workspace().project();
    api.add('create_users', { description: 'People', up: 'CREATE TABLE users (id int)' });
    api.add('create_teams', 'CREATE TABLE teams (id int)');

    const { status, plan, done } = await api.migrate({ mode: 'dry-run' });

    expect({ status, done }).toEqual({ status: 'planned', done: [] });
    expect(plan.steps[0]).toMatchObject({
      migration: { name: 'create_users', description: 'People' },
      reason: { kind: 'pending' },
      attempt: 1,
    });
    expect(plan.steps[1]?.migration.file.checksum).toMatch(/^[0-9a-f]{64}$/);
    expect(await workspace().tables('all')).toEqual([]);
  });

  it('stops behind the migration it is asked to go to, by version or name', async () => {
    const api = workspace().project().add('one').add('two').add('three').add('four');

    expect(names((await api.migrate({ to: 'two' })).done)).toEqual(['one', 'two']);
    expect(names((await api.migrate({ to: nthVersion(3) })).done)).toEqual(['three']);
  });

  it('finds a migration that was merged late, and refuses it until that is allowed', async () => {
    const api = workspace()
      .project()
      .add('one')
      .add('three', { version: nthVersion(3) });
    await api.migrate();
    api.add('two', { version: nthVersion(2), up: 'CREATE TABLE two (id int)' });

    expect((await refusal(api.migrate())).code).toBe('OUT_OF_ORDER');
    expect(await workspace().tables()).toEqual([]);
    const allowed = await api.migrate({}, { overrides: { outOfOrder: 'allow' } });

    expect(allowed.plan.steps[0]?.reason).toEqual({
      kind: 'out-of-order',
      behind: `api:${nthVersion(3)}`,
    });
    expect(await workspace().tables()).toEqual(['two']);
  });

  it('refuses to go on when applied files were changed or are gone, naming all of them', async () => {
    const api = workspace().project().add('one').add('two').add('three');
    await api.migrate();
    appendFileSync(api.pathOf('one'), '// changed\n');
    api.remove('two').add('four', 'CREATE TABLE four (id int)');

    const { problems } = await refusal(api.migrate());

    expect(problems.map(({ code }) => code)).toEqual(['CHECKSUM_MISMATCH', 'FILE_MISSING']);
    expect(
      problems.map(({ where }) => where?.includes('one') || where?.includes(nthVersion(2))),
    ).toEqual([true, true]);
    expect(await workspace().tables()).toEqual([]);
    const { migrations, problems: shown } = await api.status();
    expect(migrations.map(({ name, state, drift }) => `${name} ${state} ${drift}`)).toEqual([
      'one applied checksumMismatch',
      'two applied fileMissing',
      'three applied none',
      'four pending none',
    ]);
    expect(shown.map(({ code }) => code)).toEqual(['CHECKSUM_MISMATCH', 'FILE_MISSING']);
  });

  it('does not mind when only the line ends of a file changed', async () => {
    const api = workspace().project();
    const source = (end: string) =>
      `export default {${end} version: '${nthVersion(1)}', name: 'one', up() {}${end}};${end}`;
    api.write(`${nthVersion(1)}_one.ts`, source('\n'));
    await api.migrate();
    api.write(`${nthVersion(1)}_one.ts`, source('\r\n'));

    expect((await api.migrate()).status).toBe('nothing-to-do');
  });

  it('says what was done, what failed, what was not reached, and what to do', async () => {
    const api = workspace().project().add('one', 'CREATE TABLE one (id int)');
    api.add('two', 'CREATE TABLE one (id int)').add('three').add('four');

    const result = await api.migrate();

    expect(result.status).toBe('failed');
    expect(names(result.done)).toEqual(['one']);
    expect(result.failed).toMatchObject({
      name: 'two',
      error: { code: 'MIGRATION_FAILED', where: `${api.pathOf('two')}:3:16` },
    });
    expect(result.failed?.error.message).toContain(
      'relation "one" already exists (SQLSTATE 42P07)',
    );
    expect(result.failed?.guidance.length).toBeGreaterThan(0);
    expect(result.notReached).toEqual([`api:${nthVersion(3)}`, `api:${nthVersion(4)}`]);
  });
});

describeOnOldestAndNewest('migrating in a single transaction', (workspace) => {
  it('applies all of them, each with its row', async () => {
    const api = workspace()
      .project()
      .add('one', 'CREATE TABLE one (id int)')
      .add('two', 'ALTER TABLE one ADD extra text');

    expect(names((await api.migrate({ transaction: 'single' })).done)).toEqual(['one', 'two']);
    const [transactions] = await workspace().sql(
      'SELECT count(DISTINCT xmin::text)::int AS n FROM migration_history',
    );
    expect(transactions).toEqual({ n: 1 });
  });

  it('leaves nothing when one fails, but the record of that', async () => {
    const api = workspace()
      .project()
      .add('one', 'CREATE TABLE one (id int)')
      .add('two', 'SELECT 1/0')
      .add('three');

    const result = await api.migrate({ transaction: 'single' });

    expect(result).toMatchObject({ status: 'failed', done: [], failed: { name: 'two' } });
    expect(result.notReached).toEqual([`api:${nthVersion(1)}`, `api:${nthVersion(3)}`]);
    expect(result.failed?.error.where).toBe(`${api.pathOf('two')}:3:16`);
    expect(await workspace().tables()).toEqual([]);
    expect(await api.history()).toEqual(['two apply failed']);
  });

  it('is refused, before anything runs, when one cannot be part of a transaction', async () => {
    const api = workspace().project().add('one', 'CREATE TABLE one (id int)');
    api.add('two', { transaction: false }).add('three', { transaction: false });

    const { problems } = await refusal(api.migrate({ transaction: 'single' }));

    expect(problems.map(({ code }) => code)).toEqual([
      'TRANSACTION_REQUIRED',
      'TRANSACTION_REQUIRED',
    ]);
    expect(problems[1]?.where).toBe(api.pathOf('three'));
    expect(await workspace().tables('all')).toEqual([]);
  });

  /** b (02) and c (03) depend on e (05), so the planned order is a, e, b, c. */
  const stoppedProject = (up: string) => {
    const dependencies = [nthVersion(5)];
    return workspace()
      .project()
      .add('a', { version: nthVersion(1) })
      .add('b', { version: nthVersion(2), up, dependencies })
      .add('c', { version: nthVersion(3), dependencies })
      .add('e', { version: nthVersion(5) });
  };

  it.each(['each', 'single'] as const)(
    'A4: continues in planned order after a failure (transaction: %s)',
    async (transaction) => {
      const api = stoppedProject('SELECT 1/0');
      expect((await api.migrate({ transaction })).failed?.name).toBe('b');
      api.add('b', { up: 'SELECT 1', dependencies: [nthVersion(5)] });

      expect((await api.status()).problems).toEqual([]);
      const result = await api.migrate({ transaction });

      const rest = transaction === 'each' ? ['b', 'c'] : ['a', 'e', 'b', 'c'];
      expect(names(result.done)).toEqual(rest);
    },
  );

  it.each(['a', 'e', 'b', 'c'])(
    'A4: continues after --to=%s, and returns to it by rollback --to',
    async (to) => {
      const order = ['a', 'e', 'b', 'c'];
      const api = stoppedProject('SELECT 1');
      for (const name of order) {
        const dependencies = name === 'b' || name === 'c' ? [nthVersion(5)] : [];
        api.add(name, { down: 'SELECT 1', dependencies });
      }
      expect(names((await api.migrate({ to })).done)).toEqual(
        order.slice(0, order.indexOf(to) + 1),
      );
      expect((await api.status()).migrations.map(({ drift }) => drift)).not.toContain('outOfOrder');
      await api.migrate();

      const version = nthVersion({ a: 1, b: 2, c: 3, e: 5 }[to] ?? 0);
      const reverted = await api.rollback({ selection: { kind: 'to', version } });
      expect(names(reverted.done)).toEqual(order.slice(order.indexOf(to) + 1).reverse());
      expect(names((await api.migrate()).done)).toEqual(order.slice(order.indexOf(to) + 1));
    },
  );

  it('A4: baseline --to takes what comes before it in planned order', async () => {
    const api = stoppedProject('SELECT 1').add('later', { version: nthVersion(9) });
    const { marked } = await api.baseline({ to: nthVersion(3) });
    expect(names(marked)).toEqual(['a', 'e', 'b', 'c']);
    expect(names((await api.migrate()).done)).toEqual(['later']);
  });

  it('D8: reports everything that stops a run at once, in status and dry runs, too', async () => {
    const api = workspace()
      .project()
      .add('one')
      .add('two')
      .add('four', { version: nthVersion(4) });
    await api.migrate();
    appendFileSync(api.pathOf('one'), '// changed');
    api.remove('two');
    api.add('late', { version: nthVersion(3) });
    api.add('lost', {
      version: nthVersion(5),
      dependencies: [nthVersion(99), `nobody:${nthVersion(1)}`],
    });
    api.add('six', { version: nthVersion(6), dependencies: [nthVersion(7)] });
    api.add('seven', { version: nthVersion(7), dependencies: [nthVersion(6)] });
    await workspace().sql(
      `INSERT INTO migration_history (project, version, migration_name, checksum, checksum_algorithm, success, environment, agent_version, action, state, attempt, run_id)
       SELECT project, '${nthVersion(8)}', 'half', checksum, checksum_algorithm, false, environment, agent_version, 'apply', 'running', 1, 'killed'
         FROM migration_history LIMIT 1`,
    );
    api.add('half', { version: nthVersion(8), transaction: false });
    api.add('behind', { version: nthVersion(9), dependencies: [nthVersion(8)] });

    const expected = [
      'CHECKSUM_MISMATCH',
      'DEPENDENCY_CYCLE',
      'FILE_MISSING',
      'INTERRUPTED',
      'OUT_OF_ORDER',
      // The only project of its workspace: the files of the other one are not here.
      'PREREQUISITE_NOT_APPLIED',
      'UNKNOWN_DEPENDENCY',
    ];
    const sorted = (problems: readonly { code: string }[]) =>
      problems.map(({ code }) => code).sort();
    expect(sorted((await refusal(api.migrate())).problems)).toEqual(expected);
    expect(sorted((await refusal(api.migrate({ mode: 'dry-run' }))).problems)).toEqual(expected);
    const across = api.migrate({ prerequisites: 'apply' });
    expect(sorted((await refusal(across)).problems)).toEqual(expected);
    const status = await api.status();
    expect(sorted(status.problems)).toEqual(expected);
    expect(status.migrations.find(({ name }) => name === 'late')?.drift).toBe('outOfOrder');
    const toNowhere = sorted((await refusal(api.migrate({ to: 'nowhere' }))).problems);
    expect(toNowhere).toEqual([...expected, 'UNKNOWN_MIGRATION'].sort());
  });
});
