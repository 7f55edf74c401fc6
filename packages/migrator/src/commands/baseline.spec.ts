import { refusal } from '../source/testing/fixtures';
import { nthVersion } from '../testing/migration-source';
import { describeOnEveryDatabase } from '../testing/workspace';

describeOnEveryDatabase('a baseline', (workspace) => {
  const grown = async () => {
    await workspace().sql('CREATE TABLE one (id int); CREATE TABLE two (id int)');
    const api = workspace().project();
    for (const name of ['one', 'two', 'three']) {
      api.add(name, {
        description: `Makes ${name}`,
        up: `CREATE TABLE ${name} (id int)`,
        down: `DROP TABLE ${name}`,
      });
    }
    return api;
  };

  it('marks what a grown database has, so that only the rest is applied', async () => {
    const api = await grown();

    const { status, marked } = await api.baseline({ to: 'two' });

    expect({ status, marked }).toEqual({
      status: 'done',
      marked: [
        { id: `api:${nthVersion(1)}`, name: 'one' },
        { id: `api:${nthVersion(2)}`, name: 'two' },
      ],
    });
    expect((await api.migrate()).done.map(({ name }) => name)).toEqual(['three']);
    expect(await api.history()).toEqual([
      'one baseline applied',
      'two baseline applied',
      'three apply applied',
    ]);
    expect((await api.status()).migrations[0]).toMatchObject({
      state: 'applied',
      description: 'Makes one',
    });
  });

  it('can be rolled back behind, since its migrations count as applied', async () => {
    const api = await grown();
    await api.baseline({ to: nthVersion(2) });
    expect(await api.rollback('two')).toMatchObject({ failed: undefined, status: 'done' });
    expect(await workspace().tables()).toEqual(['one']);
  });

  it('leaves no rollback data, which a `down` that asks for it is told', async () => {
    await workspace().sql('CREATE TABLE one (id int)');
    const api = workspace().project();
    api.add('one', {
      up: () => ({ table: 'one' }),
      down: (db, _agent, data: { table: string }) => db.query(`DROP TABLE ${data.table}`),
    });
    await api.baseline({ to: 'one' });

    const { failed } = await api.rollback('one');

    expect(failed?.error.message).toContain("reading 'table'");
    expect(failed?.error.hint).toMatch(/No rollback data is stored.*baseline/);
    expect(await workspace().tables()).toEqual(['one']);
  });

  it('tells in a dry run what it would mark, and touches nothing', async () => {
    const api = await grown();
    expect((await api.baseline({ to: 'two', mode: 'dry-run' })).marked).toHaveLength(2);
    expect(await workspace().tables('all')).toEqual(['one', 'two']);
  });

  it('is refused where there is a history, or where nobody knows the migration', async () => {
    const api = await grown();
    expect(await refusal(api.baseline({ to: 'tow' }))).toMatchObject({
      code: 'UNKNOWN_MIGRATION',
      hint: expect.stringContaining('two'),
    });
    expect(await workspace().tables('all')).toEqual(['one', 'two']);
    await api.baseline({ to: 'one' });
    expect((await refusal(api.baseline({ to: 'two' }))).code).toBe('HISTORY_NOT_EMPTY');
    expect(await api.history()).toHaveLength(1);
  });
});
