import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startFaultProxy, type FaultProxy } from '../testing/faults/fault-proxy';
import { closeGate } from '../testing/faults/gate';
import { backendIsGone, historyRows } from '../testing/faults/look';
import { ffOn, startFfOn } from '../testing/faults/process';
import { createProject, type TestProject } from '../testing/faults/project';
import { createTestDatabase, describeEachPostgres, type TestDatabase } from '../testing/postgres';

jest.setTimeout(60_000);

describeEachPostgres('a script whose runner is killed (SIGKILL)', (server) => {
  let database: TestDatabase;
  let proxy: FaultProxy;
  let project: TestProject;
  beforeEach(async () => {
    database = await createTestDatabase(server);
    proxy = await startFaultProxy(server.port);
    project = createProject({ url: proxy.through(database.url), migrations: [] });
    await database.query(
      `CREATE TABLE notes (id int, note text); INSERT INTO notes VALUES (1, 'one'), (2, 'two');
       CREATE TABLE counters (n int); INSERT INTO counters VALUES (0)`,
    );
  });
  afterEach(async () => {
    project.remove();
    await proxy.stop();
    await database.drop();
  });
  const write = (body: string) =>
    writeFileSync(
      join(project.root, 'migrations', '20250101000000_steps.js'),
      `module.exports = { version: '20250101000000', name: 'steps', description: '', transaction: false, ${body} };`,
    );

  it.each([
    ['before the row', /INSERT INTO .*migration_history.*"position"/s],
    ['before COMMIT', /^COMMIT$/],
  ])('A1: runs a statement once that cannot be repeated, killed %s', async (_, point) => {
    write(`async up(db) {
      await db.script('UPDATE counters SET n = n + 1; UPDATE counters SET n = n + 10');
    }`);
    const running: { process?: ReturnType<typeof startFfOn> } = {};
    let sent = false;
    proxy.arm({
      at: (sql) => {
        sent ||= sql.includes('n + 10');
        return sent && point.test(sql);
      },
      action: { kind: 'cut-before', act: async () => running.process?.kill() },
    });
    running.process = startFfOn(project, 'migrate');
    await running.process.finished;
    expect(proxy.struck).toHaveLength(1);
    expect((await historyRows(database)).at(-1)).toMatchObject({
      state: 'running',
      finished_statements: 1,
    });
    expect(await ffOn(project, 'repair', 'steps', '--resume')).toMatchObject({ exitCode: 0 });
    expect(await database.query('SELECT n FROM counters')).toEqual([{ n: 11 }]);
  });

  it.each([
    ['a block', `DO $$ BEGIN CREATE TABLE done (id int); END $$`, 'done'],
    ['a concurrent build', 'CREATE INDEX CONCURRENTLY done ON notes (id)', 'done'],
  ])(
    'A1: refuses to leave out the rest of a call behind %s that was killed before its row',
    async (_, statement, effect) => {
      const script = `await db.script(${JSON.stringify(`${statement}; UPDATE counters SET n = n + 1`)});`;
      write(`async up(db) {
        const { rows } = await db.query("SELECT FROM pg_class WHERE relname = '${effect}'");
        if (rows.length === 0) ${script}
      }`);
      const running: { process?: ReturnType<typeof startFfOn> } = {};
      let sent = false;
      proxy.arm({
        at: (sql) => {
          const after = sent && /INSERT INTO .*migration_history/s.test(sql);
          sent ||= sql.startsWith(statement.slice(0, 20));
          return after;
        },
        action: { kind: 'cut-before', act: async () => running.process?.kill() },
      });
      running.process = startFfOn(project, 'migrate');
      await running.process.finished;
      expect(proxy.struck).toHaveLength(1);
      const resumed = await ffOn(project, 'repair', 'steps', '--resume');
      expect(resumed.exitCode).not.toBe(0);
      expect(resumed.stderr).toContain('may have had part of its effect');
      expect(await database.query('SELECT n FROM counters')).toEqual([{ n: 0 }]);
      // The condition tests the end of the call now, and the block may be run again.
      write(`async up(db) {
        const { rows } = await db.query('SELECT FROM counters WHERE n = 1');
        if (rows.length === 0) ${script.replace('TABLE done', 'TABLE IF NOT EXISTS done').replace('CONCURRENTLY done', 'CONCURRENTLY IF NOT EXISTS done')}
      }`);
      expect(await ffOn(project, 'migrate')).toMatchObject({ exitCode: 0 });
      expect(await database.query('SELECT n FROM counters')).toEqual([{ n: 1 }]);
    },
  );

  it('A2: restores all notes that were saved before the kill', async () => {
    const gate = await closeGate(database);
    write(`async up(db, agent) {
      const { rows } = await db.query('SELECT id, note FROM notes WHERE note IS NOT NULL ORDER BY id');
      await agent.saveRollbackData(rows);
      await db.query('UPDATE notes SET note = NULL');
      await db.query('${gate.sql}');
    },
    async down(db, agent, rows) {
      for (const { id, note } of rows) await db.update('notes', { note }, { id });
    }`);
    const killed = startFfOn(project, 'migrate');
    const backend = await gate.reached();
    await killed.kill();
    await backendIsGone(database, backend);
    await gate.open();
    expect(await ffOn(project, 'repair', 'steps', '--resume')).toMatchObject({ exitCode: 0 });
    expect(await ffOn(project, 'rollback', 'steps')).toMatchObject({ exitCode: 0 });
    expect(await database.query('SELECT id, note FROM notes ORDER BY id')).toEqual([
      { id: 1, note: 'one' },
      { id: 2, note: 'two' },
    ]);
  });
});
