import { describeOnServers } from '../testing/workspace';

describeOnServers('an index that is built concurrently', (workspace) => {
  const emails = (...values: string[]) =>
    workspace().sql(
      `CREATE TABLE users (email text); INSERT INTO users VALUES ${values.map((value) => `('${value}')`).join()}`,
    );
  const index = 'CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS users_email ON users (email)';
  const validity = () =>
    workspace().sql(
      `SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = '${workspace().schema}.users_email'::regclass`,
    );

  it('is built, though a limit is set for statements', async () => {
    await emails('a', 'b');
    const api = workspace()
      .project()
      .add('index', { transaction: false, statementTimeout: '1s', up: index });
    expect(await api.migrate()).toMatchObject({ failed: undefined, status: 'done' });
    expect(await validity()).toEqual([{ valid: true }]);
  });

  it('is named when it was left invalid, and dropped and built anew by the next run', async () => {
    await emails('a', 'a');
    const api = workspace().project().add('index', { transaction: false, up: index });

    const { failed } = await api.migrate();
    const { schema } = workspace();
    expect(failed?.error.message).toContain('could not create unique index');
    expect(failed?.error.message).toContain(
      `It left an invalid index: ${schema}.users_email on ${schema}.users`,
    );
    expect(failed?.error.hint).toContain(`DROP INDEX CONCURRENTLY ${schema}.users_email;`);
    const [, row] = await api.rows<{ message: string }>('error_message AS message');
    expect(row?.message).toContain(`${schema}.users_email`);
    expect(await validity()).toEqual([{ valid: false }]);

    // As long as nothing is mended each attempt leaves one of its own, and says so.
    const again = await api.migrate();
    expect(again.failed?.error.message).toContain(
      `It left an invalid index: ${schema}.users_email`,
    );

    await workspace().sql('TRUNCATE users');
    expect(await api.migrate()).toMatchObject({ failed: undefined, status: 'done' });
    expect(await validity()).toEqual([{ valid: true }]);
    expect(api.events).toContainEqual(
      expect.objectContaining({
        message: expect.stringContaining('users_email, to build it anew'),
      }),
    );
  });

  it('is not blamed for what somebody else had left before', async () => {
    await emails('a', 'a');
    await workspace()
      .sql('CREATE UNIQUE INDEX CONCURRENTLY theirs ON users (email)')
      .catch(() => undefined);
    const api = workspace()
      .project()
      .add('ours', { transaction: false, up: 'CREATE INDEX CONCURRENTLY ours ON users (email)' });
    expect(await api.migrate()).toMatchObject({ failed: undefined, status: 'done' });

    api.add('more', {
      transaction: false,
      up: 'CREATE INDEX CONCURRENTLY more ON users (nothing)',
    });
    const { failed } = await api.migrate();
    expect(failed?.error.message).toMatch(
      /"nothing" does not exist[^]*It left no invalid index\.$/,
    );
  });

  it('walk: is not blamed for what another tenant leaves on its own table meanwhile', async () => {
    await emails('a', 'b');
    await workspace().sql(
      `CREATE TABLE others (email text); INSERT INTO others VALUES ('a'), ('a')`,
    );
    const api = workspace()
      .project()
      .add('index', {
        transaction: false,
        // The function runs in a file of its own, so the two sessions meet in the database.
        up: async (db) => {
          await db.query('CREATE TABLE started ()');
          for (let left = false; !left;) {
            const { rows } = await db.query<{ left: boolean }>(
              `SELECT to_regclass('theirs_failed') IS NOT NULL AS left FROM pg_sleep(0.01)`,
            );
            left = rows[0]?.left === true;
          }
          await db.query('CREATE UNIQUE INDEX CONCURRENTLY users_email ON users (email)');
        },
      });
    const running = api.migrate();
    for (let started = false; !started;) {
      const [row] = await workspace().sql<{ started: boolean }>(
        `SELECT to_regclass('${workspace().schema}.started') IS NOT NULL AS started FROM pg_sleep(0.01)`,
      );
      started = row?.started === true;
    }
    await workspace()
      .sql('CREATE UNIQUE INDEX CONCURRENTLY their_index ON others (email)')
      .catch(() => undefined);
    await workspace().sql('CREATE TABLE theirs_failed ()');
    expect(await running).toMatchObject({ failed: undefined, status: 'done' });
    expect(await validity()).toEqual([{ valid: true }]);
  });

  it('is an error, with the index’s name, when a migration swallows that it failed', async () => {
    await emails('a', 'a');
    const api = workspace()
      .project()
      .add('index', {
        transaction: false,
        up: (db) =>
          db
            .query('CREATE UNIQUE INDEX CONCURRENTLY users_email ON users (email)')
            .catch(() => undefined),
      });
    const { failed } = await api.migrate();
    expect(failed?.error).toMatchObject({
      code: 'INVALID_INDEX',
      message: expect.stringContaining(
        `${workspace().schema}.users_email on ${workspace().schema}.users`,
      ),
    });
    expect((await api.history()).at(-1)).toBe('index apply failed');
  });
});
