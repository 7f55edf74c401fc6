import { describeOnOldestAndNewest, type TestProject } from '../testing/workspace';

const noTransaction = { transaction: false } as const;

describeOnOldestAndNewest('A2: saved rollback data', (workspace) => {
  beforeEach(() =>
    workspace().sql(
      `CREATE TABLE guard (n int); CREATE TABLE notes (id int, note text);
       INSERT INTO notes VALUES (1, 'one'), (2, 'two'), (3, NULL)`,
    ),
  );
  const letPass = () => workspace().sql('INSERT INTO guard VALUES (1)');
  const notes = () => workspace().sql('SELECT id, note FROM notes ORDER BY id');
  const fails = async (api: TestProject) => {
    const { failed } = await api.migrate();
    expect(failed).toBeDefined();
    return failed;
  };
  const succeeds = async (api: TestProject) =>
    expect(await api.migrate()).toMatchObject({ failed: undefined, status: 'done' });
  /** What the next revert would get. */
  const stored = async (api: TestProject) =>
    (await api.rows<{ data: unknown }>('rollback_data AS data')).at(-1)?.data;

  it('A2: restores what the first attempt saved, though the second one found nothing to save', async () => {
    const api = workspace()
      .project()
      .add('clear', {
        ...noTransaction,
        async up(db, agent) {
          const { rows } = await db.query('SELECT id, note FROM notes WHERE note IS NOT NULL');
          await agent.saveRollbackData({ rows });
          await db.query('UPDATE notes SET note = NULL');
          await db.query('SELECT 1 / count(*) FROM guard');
        },
        async down(db, _, data: { rows: { id: number; note: string }[] }) {
          for (const { id, note } of data.rows) await db.update('notes', { note }, { id });
        },
      });
    const before = await notes();
    await fails(api);
    await fails(api);
    await letPass();
    await succeeds(api);
    expect(await api.rollback('clear')).toMatchObject({ failed: undefined, status: 'done' });
    expect(await notes()).toEqual(before);
  });

  it('A2: keeps what an earlier attempt saved when the later one returns data or saves none', async () => {
    const api = workspace().project();
    const write = (body: string) =>
      api.write(
        '20250101000001_kept.ts',
        `export default { version: '20250101000001', name: 'kept', transaction: false,
          async up(db, agent) { ${body} }, down() {} };`,
      );
    write(`await agent.saveRollbackData({ rows: [1, 2] }); throw new Error('first')`);
    await fails(api);
    write(`throw new Error('second')`);
    await fails(api);
    write(`return { rows: [2, 3], more: true }`);
    await succeeds(api);
    expect(await stored(api)).toEqual({ rows: [1, 2, 3], more: true });
    await api.rollback('kept');
    // A revert has used it: the next apply starts from nothing.
    write(`return { seen: agent.savedRollbackData === undefined }`);
    await succeeds(api);
    expect(await stored(api)).toEqual({ seen: true });
  });

  it('A2: lets the last call of one attempt win, and shows earlier attempts to the migration', async () => {
    const api = workspace()
      .project()
      .add('last', {
        ...noTransaction,
        async up(db, agent) {
          const before = agent.savedRollbackData as { tries: number[] } | undefined;
          await agent.saveRollbackData({ discarded: true });
          await agent.saveRollbackData({ tries: [(before?.tries.length ?? 0) + 1] });
          await db.query('SELECT 1 / count(*) FROM guard');
        },
      });
    await fails(api);
    await fails(api);
    await letPass();
    await succeeds(api);
    expect(await stored(api)).toEqual({ tries: [1, 2, 3] });
  });

  it.each([
    ['saved', 'await agent.saveRollbackData({ of: { total: 2 } })'],
    ['returned', 'return { of: { total: 2 } }'],
  ])(
    'A2: refuses an attempt whose %s data contradicts an earlier one, and names the path',
    async (_, body) => {
      const api = workspace().project();
      const write = (up: string) =>
        api.write(
          '20250101000001_conflict.ts',
          `export default { version: '20250101000001', name: 'conflict', transaction: false,
          async up(db, agent) { ${up} }, down() {} };`,
        );
      write(`await agent.saveRollbackData({ of: { total: 1 } }); throw new Error('first')`);
      await fails(api);
      write(body);
      const failed = await fails(api);
      expect(failed?.error).toMatchObject({
        code: 'ROLLBACK_DATA_CONFLICT',
        message: expect.stringContaining(
          'rollbackData.of.total was 1 in an earlier attempt and is 2',
        ),
      });
      await api.repair({ migration: 'conflict', action: 'mark-applied' });
      api.events.length = 0;
      api.write(
        '20250101000001_conflict.ts',
        `export default { version: '20250101000001', name: 'conflict', transaction: false,
        up() {}, down: (db, agent, data) => agent.logger.info(JSON.stringify(data)) };`,
      );
      await api.repair({ migration: 'conflict', action: 'accept-checksum' });
      await api.rollback('conflict');
      expect(api.events).toContainEqual(expect.objectContaining({ message: '{"of":{"total":1}}' }));
    },
  );

  it('A2: commits data with the transaction of the migration, and drops it with its rollback', async () => {
    const api = workspace()
      .project()
      .add('own', {
        ...noTransaction,
        async up(db, agent) {
          await db.query('BEGIN');
          await agent.saveRollbackData({ kept: 1 });
          await db.query('COMMIT');
          await db.query('BEGIN');
          await agent.saveRollbackData({ dropped: 1 });
          await db.query('ROLLBACK');
          await db.query('SELECT 1 / count(*) FROM guard');
        },
      });
    await fails(api);
    expect(await api.rows('attempt, state, rollback_data AS data')).toEqual([
      { attempt: 1, state: 'running', data: null },
      { attempt: 2, state: 'running', data: { kept: 1 } },
      { attempt: 3, state: 'failed', data: null },
    ]);
    await letPass();
    await succeeds(api);
    expect(await stored(api)).toEqual({ kept: 1 });
    expect((await api.status()).problems).toEqual([]);
  });

  it('A2: gives the automatic revert what all attempts saved', async () => {
    const api = workspace().project();
    const write = (rows: string, down: string) =>
      api.write(
        '20250101000001_tidy.ts',
        `export default { version: '20250101000001', name: 'tidy', transaction: false, ${down}
          async up(db, agent) { await agent.saveRollbackData({ rows: ${rows} }); throw new Error('no'); },
          down: (db, agent, data) => agent.logger.info(JSON.stringify(data)) };`,
      );
    write('[1]', '');
    await fails(api);
    write('[2]', `onFailure: 'revert',`);
    await fails(api);
    expect(api.events).toContainEqual(expect.objectContaining({ message: '{"rows":[1,2]}' }));
    expect((await api.history()).at(-1)).toBe('tidy revert reverted');
  });

  it('keeps saved data of a migration in a transaction, where nothing is returned', async () => {
    const api = workspace()
      .project()
      .add('ordinary', { up: (_, agent) => agent.saveRollbackData({ kept: true }) });
    await succeeds(api);
    expect(await stored(api)).toEqual({ kept: true });
  });

  it('A2: keeps it when the corrected migration runs in a transaction', async () => {
    const api = workspace().project();
    const write = (mode: string, body: string) =>
      api.write(
        '20250101000001_mode.ts',
        `export default { version: '20250101000001', name: 'mode', ${mode} async up(db, agent) { ${body} } };`,
      );
    write('transaction: false,', `await agent.saveRollbackData({ a: 1 }); throw new Error('no');`);
    await fails(api);
    write('', 'await agent.saveRollbackData({ b: 2 });');
    await succeeds(api);
    expect(await stored(api)).toEqual({ a: 1, b: 2 });
  });

  it('saves beside a script, and as it was when it was passed', async () => {
    const api = workspace()
      .project()
      .add('beside', {
        ...noTransaction,
        async up(db, agent) {
          const data = { rows: [1] };
          const script = db.script('INSERT INTO guard VALUES (1); INSERT INTO guard VALUES (2)');
          const saved = agent.saveRollbackData(data);
          data.rows.push(2);
          await Promise.all([script, saved, db.query('SELECT 1')]);
        },
      });
    await succeeds(api);
    expect(await stored(api)).toEqual({ rows: [1] });
  });
});
