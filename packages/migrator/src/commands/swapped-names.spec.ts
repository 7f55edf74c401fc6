import { createDatabase } from '../database/create-database';
import { acquireLock, lockKey } from '../database/lock';
import { refusal } from '../source/testing/fixtures';
import { OPEN } from '../testing/databases';
import { until } from '../testing/faults/until';
import { nthVersion } from '../testing/migration-source';
import { describeOnOldestAndNewest, describeOnServers, type Workspace } from '../testing/workspace';

const V = nthVersion;

function table(version: number, name: string) {
  return { version: V(version), up: `CREATE TABLE ${name} (id int)`, down: `DROP TABLE ${name}` };
}

/** Two projects that have run a migration each and then exchange their names. */
async function swapped(workspace: Workspace, versions: readonly [number, number] = [1, 2]) {
  const first = workspace.project('users').add('people', table(versions[0], 'people'));
  const second = workspace.project('orders').add('carts', table(versions[1], 'carts'));
  await first.migrate();
  await second.migrate();
  first.configure({ project: 'orders', renamedFrom: ['users'] });
  second.configure({ project: 'users', renamedFrom: ['orders'] });
  return { first, second };
}

describeOnOldestAndNewest('two projects that exchange their names', (workspace) => {
  it('A3: keep their histories', async () => {
    const { first, second } = await swapped(workspace());
    for (const project of [first, second]) {
      expect(await project.status()).toMatchObject({
        counts: { applied: 1, pending: 0, drifted: 0 },
        formerNames: [{ migrations: 1 }],
        problems: [],
      });
    }
    first.add('pets', table(3, 'pets'));
    second.add('bills', table(4, 'bills'));
    expect((await first.migrate()).done.map(({ name }) => name)).toEqual(['pets']);
    expect((await second.migrate()).done.map(({ name }) => name)).toEqual(['bills']);
    for (const project of [first, second]) {
      expect((await project.migrate()).status).toBe('nothing-to-do');
      expect(await project.status()).toMatchObject({
        counts: { applied: 2, pending: 0, drifted: 0 },
        formerNames: [],
        problems: [],
      });
    }
    await first.rollback('people');
    await second.rollback('carts');
    expect(await workspace().tables()).toEqual(['bills', 'pets']);
  });

  it('A3: are refused if a version is in both', async () => {
    const { first, second } = await swapped(workspace(), [1, 1]);
    for (const project of [
      first.add('pets', table(3, 'pets')),
      second.add('bills', table(4, 'bills')),
    ]) {
      expect((await refusal(project.migrate())).code).toBe('PROJECT_NAME_CONFLICT');
    }
    expect(await workspace().tables()).toEqual(['carts', 'people']);
  });
});

describeOnServers('the locks of two projects that exchange their names', (workspace) => {
  it('A3: never wait for each other', async () => {
    const { first, second } = await swapped(workspace());
    first.add('pets', table(3, 'pets'));
    second.add('bills', table(4, 'bills'));
    const { connection, root, schema } = workspace();
    const database = await createDatabase(connection, { workspaceRoot: root, protected: false });
    const session = await database.open(OPEN);
    // Both runners wait for the lock that both take first, so that they start at the same time.
    const key =
      [lockKey({ schema, project: 'users' }), lockKey({ schema, project: 'orders' })].sort()[0] ??
      '';
    await acquireLock(session, { key, waitMs: 0, project: 'test' });
    const runs = Promise.all([first, second].map((project) => project.migrate()));
    const waits = () =>
      [first, second].every(({ events }) =>
        events.some(({ type }) => type === 'waiting-for-runner'),
      );
    await until('both runners wait', () => Promise.resolve(waits()));
    await session.close();
    expect((await runs).map(({ done }) => done.length)).toEqual([1, 1]);
  });

  it('A3: let both run, many times at once', async () => {
    const { first, second } = await swapped(workspace());
    for (const count of [3, 5, 7]) {
      first.add(`first_${count}`, table(count, `first_${count}`));
      second.add(`second_${count}`, table(count + 1, `second_${count}`));
      const runs = await Promise.all([first, second].map((project) => project.migrate()));
      expect(runs.map(({ done }) => done.length)).toEqual([1, 1]);
    }
  });
});
