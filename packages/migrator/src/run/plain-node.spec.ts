import { nthVersion } from '../testing/migration-source';
import { migrateScript, plainNode } from '../testing/plain-node';
import { describeOnServers } from '../testing/workspace';

describeOnServers('the built engine in plain Node', (workspace) => {
  it('points at the line of the TypeScript source, in the error and in the history', async () => {
    const api = workspace()
      .project()
      .write(
        `${nthVersion(1)}_add_teams.ts`,
        `type Db = { query(sql: string): Promise<unknown> };

export default {
  version: '${nthVersion(1)}',
  name: 'add_teams',
  async up(db: Db) {
    await db.query('CREATE TABLE teams (id int)');
    await db.query('SELECT nonsense');
  },
};`,
      );

    const { exitCode, output } = await plainNode(migrateScript(api.root)).ended;

    const place = `${api.pathOf('add_teams')}:8:`;
    expect(exitCode).toBe(1);
    expect(output).toContain(place);
    const [row] = await api.rows<{ stack: string }>('error_stack AS stack');
    expect(row?.stack).toContain(place);
  });

  it('runs each of a hundred migrations once while eight processes race', async () => {
    const api = workspace().project().add('table', 'CREATE TABLE ran (n int)');
    for (let n = 1; n < 100; n += 1) api.add(`step_${n}`, `INSERT INTO ran VALUES (${n})`);

    const racers = Array.from({ length: 8 }, () => plainNode(migrateScript(api.root)).ended);
    const outputs = (await Promise.all(racers)).map(({ output }) => output.trim());

    expect(outputs.filter((output) => output === 'done')).toHaveLength(1);
    expect(outputs.filter((output) => !/^(done|nothing-to-do|LOCK_HELD)$/.test(output))).toEqual(
      [],
    );
    const [ran] = await workspace().sql(
      'SELECT count(*)::int AS all, count(DISTINCT n)::int AS different FROM ran',
    );
    expect(ran).toEqual({ all: 99, different: 99 });
    const history = await api.history();
    expect(history).toHaveLength(100);
    expect(history.every((row) => row.endsWith('apply applied'))).toBe(true);
  }, 180_000);
});
