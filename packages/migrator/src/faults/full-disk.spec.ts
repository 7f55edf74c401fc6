import { startServer, type EmbeddedServer } from '../testing/embedded-server';
import { canMount, mountSmallDisk, type SmallDisk } from '../testing/faults/full-disk';
import { latestStates, tableNames } from '../testing/faults/look';
import { createProject, tableMigration } from '../testing/faults/project';
import { createTestDatabase, describeEachPostgres } from '../testing/postgres';

jest.setTimeout(60_000);

const mountable = canMount();
const title = `a full disk (53100)${mountable ? '' : ' (skipped: no disk in memory can be mounted here; it takes Linux and root)'}`;

describeEachPostgres(title, ({ major }) => {
  const test = mountable ? it : it.skip;
  let server: EmbeddedServer | undefined;
  let disk: SmallDisk | undefined;
  afterEach(async () => {
    await server?.stop();
    disk?.remove();
  });

  test('rolls back, says so, and goes on when there is room again', async () => {
    server = await startServer(major);
    disk = mountSmallDisk(server, '6m');
    const database = await createTestDatabase(server);
    await database.query(`CREATE TABLESPACE small LOCATION '${disk.folder}'`);
    await database.query(
      `CREATE TABLE ballast TABLESPACE small AS SELECT repeat('x', 500) AS t FROM generate_series(1, 6000)`,
    );
    const project = createProject({
      url: database.url,
      migrations: [
        tableMigration('20250101000000', 'users'),
        {
          version: '20250102000000',
          name: 'big',
          up: [
            'CREATE TABLE big (t text) TABLESPACE small',
            `INSERT INTO big SELECT repeat('x', 500) FROM generate_series(1, 6000)`,
          ],
        },
      ],
    });
    const failed = await (await project.agent()).migrate();
    expect(failed).toMatchObject({ status: 'failed', done: [{ name: 'users' }] });
    expect(failed.failed?.error.message).toContain('53100');
    expect(failed.failed?.error.hint).toContain('disk is full');
    expect(await tableNames(database)).toEqual(['ballast', 'users']);
    expect(await latestStates(database)).toEqual({ users: 'applied', big: 'failed' });

    await database.query('DROP TABLE ballast; CHECKPOINT');
    expect(await (await project.agent()).migrate()).toMatchObject({ status: 'done' });
    project.remove();
  });
});
