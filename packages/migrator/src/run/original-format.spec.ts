import { describeOnEveryDatabase } from '../testing/workspace';

const ORIGINAL = `module.exports = {
  version: '20250917102200',
  name: 'create_user_profiles',
  description: 'Add user profile management tables',
  dependencies: [],

  async up(db, agent) {
    agent.logger.info('Creating user_profiles in ' + agent.environment);
    if (db.dbType !== 'postgresql') throw new Error('Unsupported: ' + db.dbType);
    await db.query('CREATE TABLE user_profiles (id serial PRIMARY KEY, name text, visits int)');
    const { rows, rowCount } = await db.query('SELECT $1::text AS name', ['Ada']);
    const [ada] = await db.insert('user_profiles', { name: rows[0].name, visits: rowCount });
    await db.insert('user_profiles', [{ name: 'Bob', visits: 0 }, { name: null, visits: 0 }]);
    await db.update('user_profiles', { visits: 7 }, { id: ada.id });
    await db.delete('user_profiles', { name: null });
    const all = await db.select('user_profiles');
    const [bob] = await db.select('user_profiles', { name: 'Bob' });
    return { tables_created: ['user_profiles'], count: all.length, bob: bob.name };
  },

  async down(db, agent, rollbackData) {
    agent.logger.warn(JSON.stringify(rollbackData));
    for (const table of rollbackData.tables_created) await db.query('DROP TABLE IF EXISTS ' + table);
  },

  async validate(db) {
    const { rows } = await db.query("SELECT to_regclass('user_profiles') IS NOT NULL AS there");
    return rows[0].there;
  },
};
`;

describeOnEveryDatabase('a migration of the original agent', (workspace) => {
  it('runs and is reverted unchanged', async () => {
    const api = workspace()
      .project()
      .write('2025-09-17T10-22-00_create_user_profiles.js', ORIGINAL);

    expect(await api.migrate()).toMatchObject({
      failed: undefined,
      done: [{ id: 'api:20250917102200' }],
    });
    expect(await workspace().sql('SELECT name, visits FROM user_profiles ORDER BY id')).toEqual([
      { name: 'Ada', visits: 7 },
      { name: 'Bob', visits: 0 },
    ]);
    expect((await api.rollback('create_user_profiles')).status).toBe('done');

    expect(await workspace().tables()).toEqual([]);
    const told = api.events.flatMap((event) =>
      event.type === 'migration-log' ? [event.message] : [],
    );
    expect(told).toEqual([
      'Creating user_profiles in development',
      '{"bob":"Bob","count":2,"tables_created":["user_profiles"]}',
    ]);
  });

  it('says what is wrong with the rows it is given', async () => {
    const api = workspace()
      .project()
      .add('rows', {
        async up(db) {
          await db.query('CREATE TABLE t (a int, b int)');
          await db.insert('t', [{ a: 1, b: 2 }, { a: 3 }]);
        },
      });
    const { failed } = await api.migrate();
    expect(failed?.error).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('row 2 has a'),
    });
    await api.add('rows', { up: (db) => db.delete('t', {}) }).migrate();
    expect((await api.status()).migrations[0]?.entry?.error?.code).toBe('INVALID_ARGUMENT');
  });

  it('may hold names that need quoting, and more rows than one statement can take', async () => {
    const api = workspace()
      .project()
      .add('rows', {
        async up(db) {
          await db.query('CREATE TABLE "Odd ""Name" ("a b" int, "select" int)');
          const rows = Array.from({ length: 40_000 }, (_, n) => ({ 'a b': n, select: null }));
          await db.insert('Odd "Name', rows);
          return { count: (await db.select('Odd "Name', { select: null })).length };
        },
      });
    await api.migrate();
    expect(await api.rows('rollback_data')).toEqual([{ rollback_data: { count: 40_000 } }]);
  });
});
