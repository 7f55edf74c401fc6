import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Pool } from 'pg';
import type { DatabaseService } from '../config/settings';
import { refusal } from '../source/testing/fixtures';
import { nthVersion } from '../testing/migration-source';
import { createPgliteFolder } from '../testing/pglite';
import { describeOnServers, Workspace, type AgentChanges } from '../testing/workspace';

/** A second session would wait in vain: rather fail at once. */
const AT_ONCE: AgentChanges = { overrides: { lockWait: 0 } };

/** api in the workspace's schema needs users in one of its own, in the same database. */
function twoSchemas(workspace: Workspace, schemaOfUsers: string, url = workspace.url) {
  const users = workspace.project('users').add('people', 'CREATE TABLE people (id int)');
  const api = workspace
    .project('api')
    .add('members', { dependencies: [`users:${nthVersion(1)}`], up: 'CREATE TABLE members ()' });
  const environments = { development: url === '' ? {} : { url } };
  const config = { project: 'users', schema: schemaOfUsers, environments };
  writeFileSync(join(users.root, 'db.config.json'), JSON.stringify(config));
  return { users, api };
}

/** Looks, is refused, and goes on once users is migrated, each in one session at a time. */
async function oneSessionIsEnough(
  { users, api }: ReturnType<typeof twoSchemas>,
  changes = AT_ONCE,
) {
  expect((await refusal(api.migrate({}, changes))).code).toBe('PREREQUISITE_NOT_APPLIED');
  expect((await users.migrate({}, changes)).status).toBe('done');
  expect((await api.migrate({ mode: 'dry-run' }, changes)).plan.waitsFor).toEqual([]);
  expect((await api.status(changes)).problems).toEqual([]);
  const result = await api.migrate({}, changes);
  expect(result).toMatchObject({ status: 'done', done: [{ name: 'members' }] });
}

describe('two projects in two schemas of one embedded database', () => {
  it('in a folder share its one session, however the folder is spelled', async () => {
    const { url, remove } = await createPgliteFolder();
    const workspace = new Workspace({ kind: 'url', url, source: 'test' }, 'public');
    try {
      const elseSpelled = url.replace(/\/data$/, '/./other/../data');
      expect(elseSpelled).not.toBe(url);
      await workspace.sql('CREATE SCHEMA users');
      await oneSessionIsEnough(twoSchemas(workspace, 'users', elseSpelled));
    } finally {
      workspace.removeFiles();
      await remove();
    }
  });

  it('in one schema share it too, however the folder is spelled', async () => {
    const { url, remove } = await createPgliteFolder();
    const workspace = new Workspace({ kind: 'url', url, source: 'test' }, 'public');
    try {
      await oneSessionIsEnough(twoSchemas(workspace, 'public', url.replace(/\/data$/, '/./data')));
    } finally {
      workspace.removeFiles();
      await remove();
    }
  });

  it('in memory share its one session', async () => {
    const url = `pglite:memory:${randomUUID()}`;
    const workspace = new Workspace({ kind: 'url', url, source: 'test' }, 'public');
    try {
      await workspace.sql('CREATE SCHEMA users');
      await oneSessionIsEnough(twoSchemas(workspace, 'users'));
    } finally {
      workspace.removeFiles();
    }
  });
});

describeOnServers('two projects in two schemas of one database', (workspace) => {
  const schema = () => `${workspace().schema}_users`;
  beforeEach(() => workspace().sql(`CREATE SCHEMA ${schema()}`));
  afterEach(() => workspace().sql(`DROP SCHEMA ${schema()} CASCADE`));

  it('by url', async () => {
    await oneSessionIsEnough(twoSchemas(workspace(), schema()));
  });

  it('on a pool of one client', async () => {
    const pool = new Pool({ connectionString: workspace().url, max: 1 });
    const own = new Workspace({ kind: 'pool', pool }, workspace().schema);
    await oneSessionIsEnough(twoSchemas(own, schema()), { ...AT_ONCE, connection: pool });
    await pool.end();
    own.removeFiles();
  });

  it('on a service, whose lock is kept while it looks', async () => {
    const client = new Client({ connectionString: workspace().url });
    await client.connect();
    const service: DatabaseService = {
      query: (sql, params) => client.query(sql, params && [...params]),
    };
    const own = new Workspace({ kind: 'service', service }, workspace().schema);
    await oneSessionIsEnough(twoSchemas(own, schema()), { ...AT_ONCE, connection: service });
    await client.end();
    own.removeFiles();
  });
});
