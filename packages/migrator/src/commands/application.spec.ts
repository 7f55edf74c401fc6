import { Client, Pool } from 'pg';
import type { ClientPool, DatabaseService } from '../config/settings';
import { refusal } from '../source/testing/fixtures';
import { nthVersion } from '../testing/migration-source';
import { describeOnServers, Workspace } from '../testing/workspace';

describeOnServers('an application that passes its own connection', (workspace) => {
  let pool: Pool;
  let client: Client;

  beforeEach(async () => {
    const connectionString = workspace().url;
    pool = new Pool({ connectionString, max: 3 });
    // Dropping the database ends its idle connections.
    pool.on('error', () => undefined);
    client = new Client({ connectionString });
    await client.connect();
  });
  afterEach(() => Promise.all([pool.end(), client.end()]));

  /** Two projects whose configurations name no url, in the schema of the test. */
  function projects(connection: ClientPool | DatabaseService) {
    const kind =
      'connect' in connection
        ? { kind: 'pool' as const, pool: connection }
        : { kind: 'service' as const, service: connection };
    const own = new Workspace(kind, workspace().schema);
    const users = own
      .project('users')
      .add('people', { up: 'CREATE TABLE people (id int PRIMARY KEY)', down: 'DROP TABLE people' });
    const api = own.project('api').add('members', {
      up: 'CREATE TABLE members (person int REFERENCES people)',
      down: 'DROP TABLE members',
      dependencies: [`users:${nthVersion(1)}`],
    });
    const changes = { connection };
    return { own, users, api, changes };
  }

  it('as a pool: one client does all of a run and comes back', async () => {
    const { own, users, api, changes } = projects(pool);
    expect((await refusal(api.migrate({}, changes))).code).toBe('PREREQUISITE_NOT_APPLIED');
    expect(await users.migrate({}, changes)).toMatchObject({
      failed: undefined,
      target: { source: 'application' },
    });
    expect((await api.migrate({}, changes)).status).toBe('done');
    expect((await refusal(users.rollback('people', changes))).code).toBe('REQUIRED_BY_OTHERS');
    expect(await api.rollback('members', changes)).toMatchObject({
      failed: undefined,
      status: 'done',
    });
    expect(await workspace().tables()).toEqual(['people']);
    expect({ idle: pool.idleCount, all: pool.totalCount }).toEqual({
      idle: pool.totalCount,
      all: pool.totalCount,
    });
    own.removeFiles();
  });

  it('as a service on one client, whose settings are as before', async () => {
    await client.query("SET search_path = pg_catalog; SET statement_timeout = '7s'");
    const service: DatabaseService = {
      query: (sql, params) => client.query(sql, params && [...params]),
    };
    const { own, users, changes } = projects(service);
    users.add('fails', 'CREATE TABLE half (id int); SELECT 1/0');

    const result = await users.migrate({}, changes);

    expect(result).toMatchObject({ done: [{ name: 'people' }], failed: { name: 'fails' } });
    expect(await workspace().tables()).toEqual(['people']);
    const { rows } = await client.query(
      "SELECT current_setting('search_path') AS path, current_setting('statement_timeout') AS timeout",
    );
    expect(rows).toEqual([{ path: 'pg_catalog', timeout: '7s' }]);
    own.removeFiles();
  });

  it('is not disturbed by the watch over long migrations', async () => {
    const service: DatabaseService = {
      query: (sql, params) => client.query(sql, params && [...params]),
    };
    const only = new Pool({ connectionString: workspace().url, max: 1 });
    // Dropping the database ends its idle connections.
    only.on('error', () => undefined);
    for (const [name, connection] of Object.entries({ service, only })) {
      const { own, users, changes } = projects(connection);
      users.add(name, {
        up: (db) => db.script('SELECT pg_sleep(2.5); CREATE TABLE long (id int)'),
      });
      expect(await users.migrate({}, changes)).toMatchObject({ failed: undefined, status: 'done' });
      expect(users.events).toContainEqual(expect.objectContaining({ type: 'migration-progress' }));
      own.removeFiles();
      await workspace().sql('DROP TABLE people, long, migration_history, migration_database');
    }
    await only.end();
  });

  it('as a service on a pool is refused: lock, change and history have to be in one session', async () => {
    const service: DatabaseService = {
      query: (sql, params) => pool.query(sql, params && [...params]),
    };
    const { own, users, changes } = projects(service);
    expect((await refusal(users.migrate({}, changes))).code).toBe('POOLED_CONNECTION');
    expect(await workspace().tables('all')).toEqual([]);
    own.removeFiles();
  });
});
