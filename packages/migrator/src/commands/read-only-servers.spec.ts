import { Pool } from 'pg';
import { createDatabase } from '../database/create-database';
import { formatError } from '../report/format-error';
import { refusal } from '../source/testing/fixtures';
import { OPEN } from '../testing/databases';
import { startServer, type EmbeddedServer } from '../testing/embedded-server';
import { testServer, testServers } from '../testing/postgres';
import { describeOnServers, Workspace } from '../testing/workspace';

const suite = testServers().length > 0 ? describe : describe.skip;

suite('D5: a hot standby', () => {
  let server: EmbeddedServer;
  let workspace: Workspace;

  beforeAll(async () => {
    server = await startServer(testServer().major);
    workspace = new Workspace({ kind: 'url', url: server.url, source: 'test' }, 'public');
    await workspace
      .project()
      .add('one', { up: 'CREATE TABLE one (id int)', down: 'DROP TABLE one' })
      .migrate();
    workspace.project().add('two', 'CREATE TABLE two (id int)');
    await server.restartAsStandby();
  });
  afterAll(async () => {
    workspace?.removeFiles();
    await server?.stop();
  });

  it.each([
    ['migrate', () => workspace.project().migrate()],
    ['rollback', () => workspace.project().rollback('one')],
    ['repair', () => workspace.project().repair()],
    ['baseline', () => workspace.project().baseline({ to: 'two' })],
  ])('D5: %s is refused before anything else is done', async (_, command) => {
    const error = await refusal(command());
    expect(error).toMatchObject({ code: 'READ_ONLY_SERVER' });
    expect(error.message).toContain(`127.0.0.1:${server.port}`);
    expect(error.message).toContain('standby');
    expect(error.hint).toContain('target_session_attrs=read-write');
    expect(formatError(error)).not.toContain('canary');
  });

  it('D5: status and a dry run work', async () => {
    const { counts } = await workspace.project().status();
    expect(counts).toMatchObject({ applied: 1, pending: 1 });
    const { status, plan } = await workspace.project().migrate({ mode: 'dry-run' });
    expect([status, plan.steps.map(({ migration }) => migration.name)]).toEqual([
      'planned',
      ['two'],
    ]);
  });

  it('D5: a pool and a service of the application are refused, too', async () => {
    const pool = new Pool({ connectionString: server.url, max: 1 });
    const around = { workspaceRoot: '/', protected: false };
    const database = await createDatabase({ kind: 'pool', pool }, around);
    await expect(database.open(OPEN)).rejects.toMatchObject({ code: 'READ_ONLY_SERVER' });
    const client = await pool.connect();
    const query = (sql: string, params?: readonly unknown[]) =>
      client.query(sql, params === undefined ? undefined : [...params]);
    const service = await createDatabase({ kind: 'service', service: { query } }, around);
    await expect(service.open(OPEN)).rejects.toMatchObject({ code: 'READ_ONLY_SERVER' });
    client.release();
    await pool.end();
  });
});

describeOnServers('D5: a database that is read-only by its settings', (workspace) => {
  const set = async (what: string) => {
    const database = new URL(workspace().url).pathname.slice(1);
    const pool = new Pool({ connectionString: workspace().url, max: 1 });
    await pool.query('SET default_transaction_read_only = off');
    await pool.query(what.replace('DATABASE_NAME', database));
    await pool.end();
  };
  const reset = () => set('ALTER DATABASE DATABASE_NAME RESET default_transaction_read_only');
  const project = () => workspace().project().add('one', 'CREATE TABLE one (id int)');

  it('D5: is not overridden by migrate, and status works', async () => {
    await set('ALTER DATABASE DATABASE_NAME SET default_transaction_read_only = on');
    try {
      const error = await refusal(project().migrate());
      expect(error).toMatchObject({ code: 'READ_ONLY_SERVER' });
      expect(error.message).toContain('default_transaction_read_only');
      expect((await project().status()).counts).toMatchObject({ applied: 0, pending: 1 });
    } finally {
      await reset();
    }
    expect((await project().migrate()).status).toBe('done');
  });

  it('D5: is written by a user who is allowed to', async () => {
    await set('ALTER DATABASE DATABASE_NAME SET default_transaction_read_only = on');
    await set(
      'ALTER ROLE postgres IN DATABASE DATABASE_NAME SET default_transaction_read_only = off',
    );
    try {
      expect((await project().migrate()).status).toBe('done');
    } finally {
      await set(
        'ALTER ROLE postgres IN DATABASE DATABASE_NAME RESET default_transaction_read_only',
      );
      await reset();
    }
  });
});
