import { formatPlan } from '../report/format-plan';
import { nthVersion } from '../testing/migration-source';
import { describeOnOldestAndNewest, describeOnServers } from '../testing/workspace';

describeOnOldestAndNewest('D: transaction is set for each direction', (workspace) => {
  const table = 'CREATE TABLE t (id int)';

  it('D: runs up without a transaction and down in one', async () => {
    const api = workspace()
      .project()
      .add('first', {
        transaction: { up: false },
        async up(db) {
          await db.script('CREATE TABLE t (id int); CREATE INDEX CONCURRENTLY t_id ON t (id)');
        },
        async down(db) {
          await db.query('DROP TABLE t');
          throw new Error('half way');
        },
      });
    expect(formatPlan((await api.migrate({ mode: 'dry-run' })).plan)).toContain(
      'without a transaction',
    );
    expect((await api.migrate()).status).toBe('done');

    const { failed, plan } = await api.rollback('first');

    expect(formatPlan(plan)).toContain('in a transaction');
    expect(failed?.guidance.join(' ')).toContain('the transaction was rolled back');
    expect(await workspace().tables()).toEqual(['t']);
    expect((await api.status()).migrations[0]?.state).toBe('applied');
    expect((await api.history()).slice(-2)).toEqual([
      'first apply applied',
      'first revert applied',
    ]);
  });

  it('D: runs up in a transaction and down without one', async () => {
    const api = workspace()
      .project()
      .add('first', {
        transaction: { down: false },
        async up(db) {
          await db.query('CREATE TABLE t (id int)');
          await db.query('CREATE INDEX t_id ON t (id)');
        },
        async down(db) {
          await db.query('DROP INDEX CONCURRENTLY t_id');
          throw new Error('half way');
        },
      });
    expect((await api.migrate({ transaction: 'single' })).status).toBe('done');
    expect(await api.history()).toEqual(['first apply applied']);

    const { failed } = await api.rollback('first');

    expect(failed?.guidance.join(' ')).toContain('runs without a transaction');
    expect((await api.status()).migrations[0]?.state).toBe('failed');
    expect(await workspace().sql("SELECT to_regclass('t_id') AS index")).toEqual([{ index: null }]);
  });

  it('D: refuses a single transaction only for the direction of the plan', async () => {
    const api = workspace()
      .project()
      .add('first', { transaction: { up: false, down: true }, up: table });
    await expect(api.migrate({ transaction: 'single' })).rejects.toMatchObject({
      code: 'TRANSACTION_REQUIRED',
    });
  });

  it.each([
    ['that works', 'DROP TABLE t', 'reverted', []],
    ['that fails', 'DROP TABLE t; SELECT 1/0', 'failed', ['t']],
  ] as const)('D: cleans up by a down in a transaction %s', async (_, down, state, tables) => {
    const api = workspace()
      .project()
      .add('first', {
        transaction: { up: false },
        onFailure: 'revert',
        async up(db) {
          await db.query('CREATE TABLE t (id int)');
          throw new Error('half way');
        },
        down,
      });
    expect((await api.migrate()).failed?.error.message).toBe('half way');
    expect(await workspace().tables()).toEqual(tables);
    expect((await api.history()).at(-1)).toBe(`first revert ${state}`);
    expect((await api.status()).migrations[0]?.state).toBe(state);
  });
});

describeOnServers('D: the directions of a migration of the original kind', (workspace) => {
  it('D: take the boolean for both', async () => {
    const api = workspace()
      .project()
      .write(
        `${nthVersion(1)}_vacuum.js`,
        `module.exports = { version: '${nthVersion(1)}', name: 'vacuum', transaction: false,
           up: (db) => db.query('VACUUM').then(() => null), down: (db) => db.query('VACUUM') };`,
      );
    expect((await api.migrate()).status).toBe('done');
    expect((await api.rollback('vacuum')).status).toBe('done');
  });
});
