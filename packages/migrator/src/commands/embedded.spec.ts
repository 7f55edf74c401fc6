import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createPgliteFolder } from '../testing/pglite';
import { Workspace } from '../testing/workspace';

describe('the embedded database in a folder', () => {
  let remove: () => Promise<void>;
  let workspace: Workspace;

  beforeEach(async () => {
    const folder = await createPgliteFolder();
    remove = folder.remove;
    workspace = new Workspace({ kind: 'url', url: folder.url, source: 'test' }, 'public');
  });
  afterEach(async () => {
    workspace.removeFiles();
    await remove();
  });

  it('is migrated, and nothing is left of what fails half way until it is mended', async () => {
    const api = workspace.project().add('users', 'CREATE TABLE users (id int)');
    api.add('teams', 'CREATE TABLE teams (id int); ALTER TABLE user_accounts ADD team int');

    const { failed } = await api.migrate();
    expect(failed?.error.message).toContain('SQLSTATE 42P01');
    expect(await workspace.tables()).toEqual(['users']);
    expect(await api.history()).toEqual(['users apply applied', 'teams apply failed']);

    api.add('teams', 'CREATE TABLE teams (id int); ALTER TABLE users ADD team int');
    expect(await api.migrate()).toMatchObject({ failed: undefined, status: 'done' });
    expect(await workspace.tables()).toEqual(['teams', 'users']);
    expect((await api.migrate()).status).toBe('nothing-to-do');
  });

  it('is rolled back with the data that was stored', async () => {
    const api = workspace.project().add('users', {
      up: async (db) => {
        await db.query('CREATE TABLE users (id int)');
        return { sql: 'DROP TABLE users' };
      },
      down: (db, _, { sql }: { sql: string }) => db.query(sql),
    });
    await api.migrate();
    expect(await api.rollback('users')).toMatchObject({ failed: undefined, status: 'done' });
    expect(await workspace.tables()).toEqual([]);
  });

  it('is not migrated by two at once: the second one waits and finds nothing to do', async () => {
    const api = workspace.project().add('users', 'CREATE TABLE users (id int)');
    const results = await Promise.all([api.migrate(), api.migrate()]);
    expect(results.map(({ status }) => status).sort()).toEqual(['done', 'nothing-to-do']);
  });

  it('builds an index concurrently, and says when that left it invalid', async () => {
    const api = workspace
      .project()
      .add('users', 'CREATE TABLE users AS SELECT 1 AS id FROM generate_series(1, 2)');
    api.add('index', {
      transaction: false,
      up: 'CREATE UNIQUE INDEX CONCURRENTLY users_id ON users (id)',
    });
    expect((await api.migrate()).failed).toMatchObject({ name: 'index' });

    await workspace.sql('DELETE FROM users WHERE ctid = (SELECT max(ctid) FROM users)');
    expect(await api.migrate()).toMatchObject({ failed: undefined, status: 'done' });
    expect(
      await workspace.sql(
        "SELECT indisvalid FROM pg_index WHERE indexrelid = 'users_id'::regclass",
      ),
    ).toEqual([{ indisvalid: true }]);
  });
});

describe('an embedded database that is not there yet', () => {
  it('is not made by looking: no folder, no lock', async () => {
    const workspace = new Workspace(
      { kind: 'url', url: 'pglite:data/dry', source: 'test' },
      'public',
    );
    const api = workspace.project().add('one', 'CREATE TABLE one (id int)');
    try {
      expect((await api.migrate({ mode: 'dry-run' })).plan.steps).toHaveLength(1);
      expect((await api.status()).counts).toMatchObject({ applied: 0, pending: 1 });
      expect(existsSync(join(workspace.root, 'data'))).toBe(false);
    } finally {
      workspace.removeFiles();
    }
  });
});
