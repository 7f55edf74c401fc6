import { describeOnOldestAndNewest, type TestProject, type Workspace } from '../testing/workspace';

/** The table of the original agent, in which rows have no project. */
const ORIGINAL = `CREATE TABLE migration_history (id serial PRIMARY KEY, migration_name text, version text, description text,
  checksum text, executed_at timestamptz DEFAULT now(), execution_time_ms int, success boolean, rollback_data jsonb,
  environment text, agent_version text)`;

const FILES = [
  ['20250101000001', 'people', `'20250101000001'`],
  ['20250101000002', 'teams', 'NULL'],
  ['20250101000003', 'pets', `'2025-01-01T00-00-03'`],
] as const;

async function original(workspace: Workspace): Promise<void> {
  await workspace.sql(ORIGINAL);
  for (const [, name, version] of FILES) {
    await workspace.sql(
      `CREATE TABLE ${name} (id int);
       INSERT INTO migration_history (migration_name, version, success, environment, rollback_data)
       VALUES ('${name}', ${version}, true, 'development', '{"table": "${name}"}')`,
    );
  }
}

function project(workspace: Workspace, renamed: Readonly<Record<string, unknown>>) {
  const made = workspace.project('billing').configure(renamed);
  for (const [version, name] of FILES) {
    made.add(name, { version, up: `CREATE TABLE ${name} (id int)`, down: `DROP TABLE ${name}` });
  }
  return made;
}

const RENAMED = { project: '@acme/billing', renamedFrom: ['billing'] };

/** Settles the row without a version, as its hint says. */
async function settle(project: TestProject): Promise<void> {
  await project.repair({ migration: '20250101000002', action: 'mark-applied' });
  await project.repair({ migration: '0-unversioned-1', action: 'mark-retired' });
}

describeOnOldestAndNewest('the original agent’s history of a renamed project', (workspace) => {
  it('A3: is upgraded under the new name', async () => {
    await original(workspace());
    const api = project(workspace(), RENAMED);
    expect((await api.status()).formerNames).toEqual([]);
    await settle(api);
    expect(await api.status()).toMatchObject({ counts: { applied: 4, pending: 0 }, problems: [] });
    api.add('late', { version: '20250102000000', up: 'CREATE TABLE late (id int)' });
    expect((await api.migrate()).done.map(({ name }) => name)).toEqual(['late']);
    await api.rollback('20250101000003');
    expect(await workspace().tables()).toEqual(['late', 'people', 'teams']);
  });

  it.each(['before', 'after'])(
    'A3: is carried over if it was upgraded before the rename, its row without a version settled %s',
    async (when) => {
      await original(workspace());
      const api = project(workspace(), {});
      await (when === 'before'
        ? settle(api)
        : api.repair({ migration: '20250101000002', action: 'mark-applied' }));
      api.configure(RENAMED);
      const names = [{ from: 'billing', migrations: 4 }];
      expect((await api.status()).formerNames).toEqual(names);
      if (when === 'after') {
        const { problems } = await api.status();
        expect(problems.map(({ where }) => where)).toEqual(['@acme/billing:0-unversioned-1']);
        await api.repair({ migration: '0-unversioned-1', action: 'mark-retired' });
      }
      api.add('late', { version: '20250102000000', up: 'CREATE TABLE late (id int)' });
      expect((await api.migrate()).done.map(({ name }) => name)).toEqual(['late']);
      expect(await api.status()).toMatchObject({
        counts: { applied: 5, pending: 0, drifted: 0 },
        formerNames: [],
        problems: [],
      });
      await api.rollback('pets');
      expect(await workspace().tables()).toEqual(['late', 'people', 'teams']);
    },
  );

  it('A3: is known by the old identities of its migrations', async () => {
    await original(workspace());
    const api = project(workspace(), {});
    await settle(api);
    api.configure(RENAMED);
    await api.rollback('billing:20250101000003');
    expect(await workspace().tables()).toEqual(['people', 'teams']);
  });
});
