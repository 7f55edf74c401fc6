import { nthVersion } from '../testing/migration-source';
import { describeOnEveryDatabase } from '../testing/workspace';

const STATEMENTS = `
  CREATE TABLE first (id int);
  CREATE TABLE second (id int);
  SELECT 1 / count(*) FROM guard;
  CREATE TABLE third (id int)`;

describeOnEveryDatabase('a migration without a transaction', (workspace) => {
  /** Its third statement fails while `guard` is empty. */
  const scripted = () => {
    const api = workspace().project();
    return api.write(
      `${nthVersion(1)}_script.ts`,
      `export default { version: '${nthVersion(1)}', name: 'script', transaction: false,
        up: (db) => db.script(${JSON.stringify(STATEMENTS)}) };`,
    );
  };

  it('is recorded as running first, then statement by statement, then as applied', async () => {
    await workspace().sql('CREATE TABLE guard AS SELECT 1');
    const api = scripted();

    expect(await api.migrate()).toMatchObject({ failed: undefined, status: 'done' });

    expect(await api.rows('attempt, state, success, finished_statements AS finished')).toEqual([
      { attempt: 1, state: 'running', success: false, finished: 0 },
      { attempt: 2, state: 'running', success: false, finished: 1 },
      { attempt: 3, state: 'running', success: false, finished: 2 },
      { attempt: 4, state: 'running', success: false, finished: 3 },
      { attempt: 5, state: 'running', success: false, finished: 4 },
      { attempt: 6, state: 'applied', success: true, finished: 4 },
    ]);
  });

  it('keeps what finished when a statement fails, and goes on behind it the next time', async () => {
    await workspace().sql('CREATE TABLE guard (n int)');
    const api = scripted().add('next', { version: nthVersion(2) });

    const { failed, notReached } = await api.migrate();

    expect(failed?.error.message).toContain('division by zero');
    expect(failed?.guidance.length).toBeGreaterThan(0);
    expect(notReached).toEqual([`api:${nthVersion(2)}`]);
    expect(await workspace().tables()).toEqual(['first', 'guard', 'second']);
    expect((await api.rows('state, finished_statements AS finished')).at(-1)).toEqual({
      state: 'failed',
      finished: 2,
    });

    await workspace().sql('INSERT INTO guard VALUES (1)');
    expect(await api.migrate()).toMatchObject({ failed: undefined, status: 'done' });
    expect(await workspace().tables()).toEqual(['first', 'guard', 'second', 'third']);
  });

  it('may run what no transaction can', async () => {
    const api = workspace()
      .project()
      .add('vacuum', { transaction: false, up: (db) => db.query('VACUUM') });
    expect(await api.migrate()).toMatchObject({ failed: undefined, status: 'done' });
  });

  it('may add an enum value and use it', async () => {
    await workspace().sql("CREATE TYPE mood AS ENUM ('calm')");
    const api = workspace()
      .project()
      .add('bright', {
        transaction: false,
        async up(db) {
          await db.query("ALTER TYPE mood ADD VALUE 'bright'");
          await db.query("CREATE TABLE moods AS SELECT 'bright'::mood AS mood");
        },
      });
    expect(await api.migrate()).toMatchObject({ failed: undefined, status: 'done' });
  });

  it('may hold several concurrent indexes, a new enum value and its first use in one script', async () => {
    await workspace().sql("CREATE TYPE mood AS ENUM ('calm')");
    const api = workspace()
      .project()
      .add('all_at_once', {
        transaction: false,
        up: (db) =>
          db.script(`
            CREATE TABLE notes (mood mood, body text DEFAULT 'a;b');
            CREATE INDEX CONCURRENTLY notes_mood ON notes (mood);
            CREATE INDEX CONCURRENTLY notes_body ON notes (body); -- one; at a time
            ALTER TYPE mood ADD VALUE 'bright';
            INSERT INTO notes (mood) VALUES ('bright');`),
      });
    expect(await api.migrate()).toMatchObject({ failed: undefined, status: 'done' });
    const { schema } = workspace();
    expect(await workspace().sql(`SELECT mood::text, body FROM ${schema}.notes`)).toEqual([
      { mood: 'bright', body: 'a;b' },
    ]);
  });

  it('runs its down by itself where it asks for that, with the data saved before the failure', async () => {
    const api = workspace()
      .project()
      .add('tidy', {
        transaction: false,
        onFailure: 'revert',
        async up(db, agent) {
          await db.query('CREATE TABLE half (id int)');
          await agent.saveRollbackData({ table: 'half' });
          await db.query('SELECT 1/0');
        },
        down: (db, _, data: { table: string }) => db.query(`DROP TABLE ${data.table}`),
      });

    expect((await api.migrate()).failed?.error.message).toContain('division by zero');

    expect(await workspace().tables()).toEqual([]);
    expect((await api.history()).at(-1)).toBe('tidy revert reverted');
    expect((await api.status()).problems).toEqual([]);
  });

  it('never runs its down by itself otherwise', async () => {
    const api = workspace()
      .project()
      .add('half', {
        transaction: false,
        async up(db) {
          await db.query('CREATE TABLE half (id int)');
          await db.query('SELECT 1/0');
        },
        down: 'DROP TABLE half',
      });
    await api.migrate();
    expect(await workspace().tables()).toEqual(['half']);
  });

  it('is undone by its down without a transaction, with the same rows', async () => {
    const api = workspace()
      .project()
      .add('both', {
        transaction: false,
        up: (db) => db.script('CREATE TABLE one (id int); CREATE TABLE two (id int)'),
        down: (db) => db.script('DROP TABLE two; DROP TABLE one'),
      });
    await api.migrate();

    expect(await api.rollback('both')).toMatchObject({ failed: undefined, status: 'done' });
    expect(await workspace().tables()).toEqual([]);
    expect((await api.history()).slice(-4)).toEqual([
      'both revert running',
      'both revert running',
      'both revert running',
      'both revert reverted',
    ]);
  });

  it('whose validate fails is recorded as failed, with all that it did still there', async () => {
    const api = workspace()
      .project()
      .add('checked', {
        transaction: false,
        up: 'CREATE TABLE one (id int)',
        validate: () => false,
      });
    expect((await api.migrate()).failed?.error.code).toBe('VALIDATION_FAILED');
    expect(await workspace().tables()).toEqual(['one']);
    expect(await api.history()).toEqual(['checked apply running', 'checked apply failed']);
  });

  it('that leaves a transaction open, or fails in its own one, is recorded as failed', async () => {
    const api = workspace().project();
    const begin = { transaction: false as const };
    await api.add('opens', { ...begin, up: 'BEGIN; CREATE TABLE one (id int)' }).migrate();
    expect(await api.rows('state, error_code')).toEqual([
      { state: 'running', error_code: null },
      { state: 'failed', error_code: 'TRANSACTION_CONTROL' },
    ]);
    await api
      .add('opens', { ...begin, up: 'BEGIN; CREATE TABLE one (id int); SELECT 1/0' })
      .migrate();
    expect((await api.history()).at(-1)).toBe('opens apply failed');
    expect(await workspace().tables()).toEqual([]);
    await api.add('opens', { ...begin, up: 'BEGIN; CREATE TABLE one (id int); COMMIT' }).migrate();
    expect((await api.history()).at(-1)).toBe('opens apply applied');
    expect(await workspace().tables()).toEqual(['one']);
  });

  it('counts what a transaction of its own holds only once that is committed', async () => {
    await workspace().sql('CREATE TABLE guard (n int)');
    const api = workspace()
      .project()
      .add('own', {
        transaction: false,
        async up(db, agent) {
          await db.script('CREATE TABLE one (id int); BEGIN; CREATE TABLE two (id int)');
          await agent.saveRollbackData({ tables: ['one', 'two'] });
          await db.script('SELECT 1 / count(*) FROM guard; COMMIT');
        },
      });
    const rows = () => api.rows('attempt, state, finished_statements AS finished');

    await api.migrate();
    expect(await rows()).toEqual([
      { attempt: 1, state: 'running', finished: 0 },
      { attempt: 2, state: 'running', finished: 1 },
      { attempt: 3, state: 'failed', finished: 1 },
    ]);

    await workspace().sql('INSERT INTO guard VALUES (1)');
    expect(await api.migrate()).toMatchObject({ failed: undefined, status: 'done' });
    expect((await rows()).at(-1)).toEqual({ attempt: 9, state: 'applied', finished: 5 });
    expect(await workspace().tables()).toEqual(['guard', 'one', 'two']);
  });

  it('does not hand its settings on to the next one', async () => {
    const api = workspace()
      .project()
      .add('settings', {
        transaction: false,
        up: (db) => db.query('SET search_path = pg_catalog'),
      });
    api.add('next', { transaction: false, up: 'CREATE TABLE next (id int)' });
    expect(await api.migrate()).toMatchObject({ failed: undefined, status: 'done' });
    expect(await workspace().tables()).toEqual(['next']);
  });
});
