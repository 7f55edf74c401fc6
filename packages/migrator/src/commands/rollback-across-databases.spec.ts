import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { refusal } from '../source/testing/fixtures';
import { nthVersion } from '../testing/migration-source';
import { describeOnServers, type TestProject, type Workspace } from '../testing/workspace';

/** users in the workspace's schema, and api, which needs it, in a schema of its own: two histories. */
function twoHistories(workspace: Workspace): { users: TestProject; api: TestProject } {
  const users = workspace
    .project('users')
    .add('people', { up: 'CREATE TABLE people (id int PRIMARY KEY)', down: 'DROP TABLE people' });
  const api = workspace.project('api').add('members', {
    dependencies: [`users:${nthVersion(1)}`],
    up: 'CREATE TABLE members (id int)',
    down: 'DROP TABLE members',
  });
  const environments = { development: { url: workspace.url } };
  const schema = `${workspace.schema}_api`;
  writeFileSync(
    join(api.root, 'db.config.json'),
    JSON.stringify({ project: 'api', schema, environments }),
  );
  return { users, api };
}

describeOnServers('a rollback of what a project with a history of its own needs', (workspace) => {
  const schema = () => `${workspace().schema}_api`;
  beforeEach(() => workspace().sql(`CREATE SCHEMA ${schema()}`));
  afterEach(() => workspace().sql(`DROP SCHEMA ${schema()} CASCADE`));

  it('is refused as long as that is applied, naming the command that reverts it', async () => {
    const { users, api } = twoHistories(workspace());
    await users.migrate();
    await api.migrate();

    for (const mode of ['dry-run', 'run'] as const) {
      const refused = await refusal(
        users.rollback({ selection: { kind: 'last', count: 1 }, mode }),
      );
      expect(refused.code).toBe('REQUIRED_BY_OTHERS');
      expect(refused.message).toContain(`api:${nthVersion(1)} (members)`);
      expect(refused.hint).toContain('`nx run api:rollback');
    }
    expect(await workspace().tables()).toEqual(['people']);

    await api.rollback();
    expect((await users.rollback()).status).toBe('done');
  });

  it('is refused as long as one of its tenants has it', async () => {
    const { users, api } = twoHistories(workspace());
    rmSync(join(api.root, 'db.config.json'));
    const tenants = [`${schema()}_a`, schema()];
    const environment = `{ url: '${workspace().url}', tenants: async () => ${JSON.stringify(tenants)} }`;
    const config = `{ project: 'api', environments: { development: ${environment} } }`;
    writeFileSync(join(api.root, 'db.config.mjs'), `export default ${config};`);
    await users.migrate();
    const tenant = await (await api.agent()).tenant(schema());
    await tenant.migrate();

    expect((await refusal(users.rollback())).code).toBe('REQUIRED_BY_OTHERS');

    await tenant.rollback({ selection: { kind: 'last', count: 1 } });
    expect((await users.rollback()).status).toBe('done');
  });

  it('asks no project that has not this environment, or that does not need it', async () => {
    const { users, api } = twoHistories(workspace());
    const unreachable = { url: 'postgres://nobody@127.0.0.1:1/nothing' };
    const configure = ({ root, name }: TestProject, environments: object) =>
      writeFileSync(join(root, 'db.config.json'), JSON.stringify({ project: name, environments }));
    configure(api, { elsewhere: unreachable });
    configure(workspace().project('other').add('own'), { development: unreachable });
    await users.migrate();
    expect((await users.rollback()).status).toBe('done');

    configure(api, { development: { url: { env: 'URL_OF_API' } } });
    await users.migrate();
    const refused = await refusal(users.rollback());
    expect(refused.code).toBe('INVALID_CONNECTION');
    expect(refused.message).toContain('api, which depends on users: ');
  });
});
