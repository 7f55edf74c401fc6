import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { refusal } from '../source/testing/fixtures';
import { nthVersion } from '../testing/migration-source';
import { describeOnEveryDatabase } from '../testing/workspace';

const names = (list: readonly { name: string }[]) => list.map(({ name }) => name);

describeOnEveryDatabase('migrating', (workspace) => {
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

describeOnEveryDatabase('migrating in a single transaction', (workspace) => {
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
});
