import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  describeOnOldestAndNewest,
  describeOnServers,
  type TestProject,
} from '../testing/workspace';

const noTransaction = { transaction: false } as const;

describeOnOldestAndNewest('A1: a script that is resumed', (workspace) => {
  /** `n` counts how often a statement has run. */
  beforeEach(() =>
    workspace().sql(
      'CREATE TABLE counters (n int); INSERT INTO counters VALUES (0); CREATE TABLE guard (n int)',
    ),
  );
  const counter = async () =>
    (await workspace().sql<{ n: number }>('SELECT n FROM counters'))[0]?.n;
  const letPass = () => workspace().sql('INSERT INTO guard VALUES (1)');
  const failsAt = async (api: TestProject, text: string) => {
    const { failed } = await api.migrate();
    expect(failed?.error.message).toContain(text);
    return failed;
  };
  const succeeds = async (api: TestProject) => {
    expect(await api.migrate()).toMatchObject({ failed: undefined, status: 'done' });
    expect((await api.status()).problems).toEqual([]);
  };

  it('A1: runs the statement behind a guard that skips the finished script', async () => {
    await workspace().sql('CREATE TABLE orders (total int); INSERT INTO orders VALUES (20), (0)');
    const api = workspace()
      .project()
      .add('tax', {
        ...noTransaction,
        async up(db) {
          const { rows } = await db.query(
            `SELECT FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attname = 'tax'`,
          );
          if (rows.length === 0) {
            await db.script(
              'ALTER TABLE orders ADD tax int; CREATE INDEX CONCURRENTLY orders_tax ON orders (tax)',
            );
          }
          await db.script('UPDATE orders SET tax = 100 / total');
        },
      });
    await failsAt(api, 'division by zero');
    await workspace().sql('UPDATE orders SET total = 50 WHERE total = 0');
    await succeeds(api);
    expect(await workspace().sql('SELECT tax FROM orders ORDER BY total')).toEqual([
      { tax: 5 },
      { tax: 2 },
    ]);
  });

  it.each([
    ['in the same call', 'UPDATE counters SET n = n + 1', false],
    ['in a call of their own', 'UPDATE counters SET n = n + 1', true],
  ])(
    'A1: runs a corrected statement when the finished ones before it were deleted, %s',
    async (_, fixed, separate) => {
      const api = workspace().project();
      const finished = 'CREATE TABLE one (id int); CREATE TABLE two (id int)';
      const write = (...scripts: string[]) =>
        api.write(
          '20250101000001_corrected.ts',
          `export default { version: '20250101000001', name: 'corrected', transaction: false,
          async up(db) {
            ${scripts.map((sql) => `await db.script(${JSON.stringify(sql)});`).join('\n')}
          } };`,
        );
      if (separate) write(finished, 'UPDATE counters SET n = n + 1 / 0');
      else write(`${finished}; UPDATE counters SET n = n + 1 / 0`);
      await failsAt(api, 'division by zero');
      write(fixed);
      await succeeds(api);
      expect(await counter()).toBe(1);
    },
  );

  it('A1: never counts a failed script as finished that ran beside another one', async () => {
    const api = workspace()
      .project()
      .add('both', {
        ...noTransaction,
        async up(db) {
          await Promise.all([
            db.script('UPDATE counters SET n = n + 1; UPDATE counters SET n = n + 10'),
            db.script('INSERT INTO guard SELECT 1 / count(*) FROM guard'),
          ]);
        },
      });
    await failsAt(api, 'division by zero');
    expect(await workspace().sql('SELECT n FROM guard')).toEqual([]);
    await letPass();
    await succeeds(api);
    expect(await counter()).toBe(11);
    expect(await workspace().sql('SELECT n FROM guard')).toHaveLength(2);
  });

  it('A1: runs each statement once when a script fails in every attempt at another statement', async () => {
    const api = workspace().project();
    const write = (...statements: string[]) =>
      api.write(
        '20250101000001_steps.ts',
        `export default { version: '20250101000001', name: 'steps', transaction: false,
          up: (db) => db.script(${JSON.stringify(statements.join(';\n'))}) };`,
      );
    const add = (amount: string) => `UPDATE counters SET n = n + ${amount}`;
    write(add('1'), add('1 / 0'), add('100'));
    await failsAt(api, 'division by zero');
    write(add('1'), add('10'), add('100 / 0'));
    await failsAt(api, 'division by zero');
    expect(await counter()).toBe(11);
    write(add('1'), add('10'), add('100'), add('1000'));
    await succeeds(api);
    expect(await counter()).toBe(1111);
    expect((await api.rows('state, finished_statements AS finished')).at(-1)).toEqual({
      state: 'applied',
      finished: 4,
    });
  });

  it.each([
    ['in another order', 'CREATE TABLE two (id int); CREATE TABLE one (id int); SELECT 1'],
    ['without the first one', 'CREATE TABLE two (id int); SELECT 1'],
    [
      'with another one before them',
      'SELECT 2; CREATE TABLE one (id int); CREATE TABLE two (id int)',
    ],
    ['split over two calls', 'CREATE TABLE one (id int)'],
  ])(
    'A1: refuses a script that sends the finished statements %s, and shows both sequences',
    async (_, sql) => {
      const api = workspace()
        .project()
        .add('changed', {
          ...noTransaction,
          up: (db) =>
            db.script('CREATE TABLE one (id int); CREATE TABLE two (id int); SELECT 1 / 0'),
        });
      await failsAt(api, 'division by zero');
      api.write(
        '20250101000001_changed.ts',
        `export default { version: '20250101000001', name: 'changed', transaction: false,
        up: (db) => db.script(${JSON.stringify(sql)}) };`,
      );
      const { failed } = await api.migrate();
      expect(failed?.error.code).toBe('SCRIPT_CHANGED');
      expect(failed?.error.message).toMatch(
        /Finished earlier, 2 of 3 statements[^]*1\. CREATE TABLE one[^]*2\. CREATE TABLE two[^]*This call:[^]*1\. /,
      );
      expect(failed?.error.hint).toContain('--mark-reverted');
      expect(await workspace().tables()).toEqual(['counters', 'guard', 'one', 'two']);
    },
  );

  it('A1: tells identical statements of several calls and of a loop apart', async () => {
    const api = workspace()
      .project()
      .add('same', {
        ...noTransaction,
        async up(db) {
          await db.script('UPDATE counters SET n = n + 1');
          await db.script('UPDATE counters SET n = n + 1');
          for (let round = 0; round < 3; round += 1) {
            await db.script('UPDATE counters SET n = n + 1');
            if (round === 1) await db.script('SELECT 1 / count(*) FROM guard');
          }
        },
      });
    await failsAt(api, 'division by zero');
    expect(await counter()).toBe(4);
    await letPass();
    await succeeds(api);
    expect(await counter()).toBe(5);
  });

  it('A1: runs a statement that a skipped call had sent as well', async () => {
    const api = workspace()
      .project()
      .add('guarded', {
        ...noTransaction,
        async up(db) {
          const { rows } = await db.query<{ n: number }>('SELECT n FROM counters');
          if (rows[0]?.n === 0) {
            await db.script('UPDATE counters SET n = n + 1');
          }
          await db.query('SELECT 1 / count(*) FROM guard');
          await db.script('UPDATE counters SET n = n + 1');
        },
      });
    await failsAt(api, 'division by zero');
    await letPass();
    await succeeds(api);
    expect(await counter()).toBe(2);
  });

  it('A1: goes through the rest of a loop over what is left to do', async () => {
    await workspace().sql(
      'CREATE TABLE a (id int); CREATE TABLE b (id int); CREATE TABLE c (id int)',
    );
    const api = workspace()
      .project()
      .add('loop', {
        ...noTransaction,
        async up(db) {
          for (const table of ['a', 'b', 'c']) {
            const { rows } = await db.query(
              `SELECT FROM pg_attribute WHERE attrelid = '${table}'::regclass AND attname = 'tax'`,
            );
            if (rows.length > 0) continue;
            await db.script(`ALTER TABLE ${table} ADD tax int; INSERT INTO ${table} VALUES (1)`);
            if (table === 'b') await db.query('SELECT 1 / count(*) FROM guard');
          }
        },
      });
    await failsAt(api, 'division by zero');
    await letPass();
    await succeeds(api);
    for (const table of ['a', 'b', 'c']) {
      expect(await workspace().sql(`SELECT id FROM ${table}`)).toEqual([{ id: 1 }]);
    }
  });

  it('A1: refuses an unchanged migration that leaves out a half finished call', async () => {
    const api = workspace()
      .project()
      .add('half', {
        ...noTransaction,
        async up(db) {
          const { rows } = await db.query(`SELECT FROM pg_class WHERE relname = 'half_done'`);
          if (rows.length === 0) {
            await db.script('CREATE TABLE half_done (id int); SELECT 1 / count(*) FROM guard');
          }
        },
      });
    await failsAt(api, 'division by zero');
    await letPass();
    const failed = await failsAt(api, 'finished 1 of 2 statements');
    expect(failed?.error.code).toBe('SCRIPT_CHANGED');
    expect((await api.history()).at(-1)).toBe('half apply failed');
  });

  /** Applies `body`; the index `once_id` on `once`, which has duplicates, cannot be built at first. */
  const unbuildable = async (body: string) => {
    await workspace().sql('CREATE TABLE once (id int); INSERT INTO once VALUES (1), (1)');
    const api = workspace().project();
    const write = (text: string) =>
      api.write(
        '20250101000001_unique.ts',
        `const has = async (db, name, more = '') =>
           (await db.query(\`SELECT FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid WHERE relname = '\${name}' \${more}\`)).rows.length > 0;
         const build = 'CREATE UNIQUE INDEX CONCURRENTLY once_id ON once (id)';
         export default { version: '20250101000001', name: 'unique', transaction: false,
           async up(db) { ${text} } };`,
      );
    write(body);
    await failsAt(api, 'could not create unique index');
    await workspace().sql('DELETE FROM once WHERE ctid = (SELECT max(ctid) FROM once)');
    return { api, write };
  };
  const validity = () =>
    workspace().sql(
      `SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = to_regclass('once_id')`,
    );
  const buildBehindUpdate = `if (!(await has(db, 'once_id'))) await db.script('UPDATE counters SET n = n + 1;' + build);`;
  const buildIfMissing = `if (!(await has(db, 'once_id'))) await db.script(build);`;

  it.each([
    [
      'tests that it is valid',
      `if (!(await has(db, 'once_id', 'AND indisvalid'))) await db.script(build);`,
    ],
    ['is removed', 'await db.script(build);'],
  ])(
    'A1: never takes a failed index for applied behind a guard, and builds it when the guard %s',
    async (_, fixed) => {
      const { api, write } = await unbuildable(buildIfMissing);
      const failed = await failsAt(api, 'CREATE UNIQUE INDEX CONCURRENTLY once_id');
      expect(failed?.error).toMatchObject({
        code: 'SCRIPT_CHANGED',
        message: expect.stringContaining('may have had part of its effect'),
        hint: expect.stringMatching(/indisvalid[^]*--mark-applied or --mark-reverted/),
      });
      expect(await validity()).toEqual([{ valid: false }]);
      write(fixed);
      await succeeds(api);
      expect(await validity()).toEqual([{ valid: true }]);
    },
  );

  it('A1: refuses the skipped index after an edit that does not touch it, and behind a finished statement', async () => {
    const { api, write } = await unbuildable(buildBehindUpdate);
    await failsAt(api, 'Begun earlier, end not recorded, statement 2 of 2');
    write(`${buildBehindUpdate} /* edited */`);
    await failsAt(api, 'may have had part of its effect');
    expect(await counter()).toBe(1);
    await api.repair({ migration: 'unique', action: 'mark-reverted' });
    await workspace().sql('DROP INDEX once_id; INSERT INTO once SELECT * FROM once');
    write(buildIfMissing);
    await failsAt(api, 'could not create unique index');
    write(`${buildIfMissing} /* edited */`);
    await failsAt(api, 'may have had part of its effect');
    await api.repair({ migration: 'unique', action: 'mark-applied' });
    expect((await api.status()).problems).toEqual([]);
  });

  it('A1: goes on with a loop whose failed index is built by its own round', async () => {
    const { api } = await unbuildable(
      `for (const name of ['once_id', 'once_other']) {
         if (!(await has(db, name, 'AND indisvalid'))) await db.script(build.replace('once_id', name));
       }`,
    );
    await succeeds(api);
    expect(
      await workspace().sql(
        `SELECT indexrelid::regclass::text AS name, indisvalid AS valid FROM pg_index WHERE indrelid = 'once'::regclass ORDER BY 1`,
      ),
    ).toEqual([
      { name: 'once_id', valid: true },
      { name: 'once_other', valid: true },
    ]);
  });

  it('A1: refuses a loop that leaves out the round of the failed index and makes another one', async () => {
    const { api } = await unbuildable(
      `for (const name of ['once_id', 'once_other']) {
         if (!(await has(db, name))) await db.script(build.replace('once_id', name));
       }`,
    );
    await failsAt(api, 'CREATE UNIQUE INDEX CONCURRENTLY once_id');
    await failsAt(api, 'CREATE UNIQUE INDEX CONCURRENTLY once_id');
  });

  it('A1: runs a block that the author has corrected, and refuses when it was taken out', async () => {
    const api = workspace().project();
    const write = (...scripts: string[]) =>
      api.write(
        '20250101000001_block.ts',
        `export default { version: '20250101000001', name: 'block', transaction: false,
          async up(db) {
            ${scripts.map((sql) => `await db.script(${JSON.stringify(sql)});`).join('\n')}
          } };`,
      );
    const block = (add: string) => `DO $$ BEGIN UPDATE counters SET n = n + ${add}; END $$`;
    write(block('1 / 0'));
    await failsAt(api, 'division by zero');
    write('UPDATE counters SET n = n + 10');
    await failsAt(api, 'Begun earlier, end not recorded, statement 1 of 1');
    write('UPDATE counters SET n = n + 10', block('1'));
    await succeeds(api);
    expect(await counter()).toBe(11);
  });

  it('A1: lets a corrected block take the place of one whose finished statements were deleted', async () => {
    const api = workspace().project();
    const write = (...scripts: string[]) =>
      api.write(
        '20250101000001_block.ts',
        `export default { version: '20250101000001', name: 'block', transaction: false,
          async up(db) {
            ${scripts.map((sql) => `await db.script(${JSON.stringify(sql)});`).join('\n')}
          } };`,
      );
    const block = (add: string) => `DO $$ BEGIN UPDATE counters SET n = n + ${add}; END $$`;
    write(`CREATE TABLE one (id int); ${block('1 / 0')}`);
    await failsAt(api, 'division by zero');
    write(block('1'), 'UPDATE counters SET n = n + 10 / 0');
    await failsAt(api, 'division by zero');
    write(block('1'), 'UPDATE counters SET n = n + 10');
    await succeeds(api);
    expect(await counter()).toBe(11);
  });

  it('A1: tells a block whose end is not recorded from equal blocks that have finished', async () => {
    const api = workspace()
      .project()
      .add('equal', {
        ...noTransaction,
        async up(db) {
          for (let round = 0; round < 3; round += 1) {
            await db.script(
              'DO $$ BEGIN UPDATE counters SET n = n + 1; IF (SELECT n = 3 FROM counters) THEN PERFORM 1 / count(*) FROM guard; END IF; END $$; UPDATE counters SET n = n + 10',
            );
          }
        },
      });
    await workspace().sql('UPDATE counters SET n = -9');
    await failsAt(api, 'division by zero');
    expect(await counter()).toBe(2);
    await letPass();
    await succeeds(api);
    expect(await counter()).toBe(24);
  });

  it.each(['SELECT 1 / count(*) FROM guard', "SET lock_timeout = 'never'"])(
    'A1: lets a guard skip a call whose first statement failed and left nothing: %s',
    async (statement) => {
      const api = workspace()
        .project()
        .add('nothing', {
          ...noTransaction,
          async up(db) {
            const { rows } = await db.query('SELECT FROM guard');
            if (rows.length === 0) await db.script(statement);
          },
        });
      expect((await api.migrate()).failed).toBeDefined();
      await letPass();
      await succeeds(api);
    },
  );

  it('A1: knows the calls of helpers in other files, which no checksum covers', async () => {
    const api = workspace().project();
    const write = (step: string) => {
      api.write(
        '20250101000001_helped.ts',
        `import { add } from '../helper';
         export default { version: '20250101000001', name: 'helped', transaction: false,
          async up(db) {
            await add(db, 1);
            await add(db, 1);
            await db.script('SELECT 1 / count(*) FROM guard');
            await add(db, 1);
          } };`,
      );
      writeFileSync(join(dirname(dirname(api.pathOf('helped'))), 'helper.ts'), step);
    };
    const helper =
      'export const add = async (db, n) => { await null; await db.script(`UPDATE counters SET n = n + ${n}`); };';
    write(helper);
    await failsAt(api, 'division by zero');
    write(`// longer now\n\n${helper}`);
    await letPass();
    await succeeds(api);
    expect(await counter()).toBe(3);
  });

  it('A1: does what is in its own transaction once, whatever rolls a part of it back', async () => {
    const api = workspace()
      .project()
      .add('own', {
        ...noTransaction,
        async up(db) {
          await db.script('BEGIN; UPDATE counters SET n = n + 1; COMMIT');
          await db.script('BEGIN; UPDATE counters SET n = n + 100; ROLLBACK');
          await db.script('BEGIN; SAVEPOINT s; UPDATE counters SET n = n + 1000');
          await db.query('ROLLBACK TO s');
          await db.script('UPDATE counters SET n = n + 10; COMMIT; UPDATE counters SET n = n + 1');
          await db.script(
            'BEGIN; UPDATE counters SET n = n + 1; SELECT 1 / count(*) FROM guard; COMMIT',
          );
        },
      });
    await failsAt(api, 'division by zero');
    expect(await counter()).toBe(12);
    await letPass();
    await succeeds(api);
    expect(await counter()).toBe(13);
  });

  it('A1: keeps what is committed by a query behind the script', async () => {
    const api = workspace()
      .project()
      .add('own', {
        ...noTransaction,
        async up(db) {
          await db.query('BEGIN');
          await db.script('UPDATE counters SET n = n + 1; UPDATE counters SET n = n + 1');
          await db.query('COMMIT');
          await db.query('SELECT 1 / count(*) FROM guard');
        },
      });
    await failsAt(api, 'division by zero');
    await letPass();
    await succeeds(api);
    expect(await counter()).toBe(2);
  });

  /** Counts in a table of each schema; the second one fails until the guard lets it pass. */
  const perSchema = async (loop: string, check: (schemas: string[]) => Promise<void>) => {
    const schemas = ['a', 'b', 'c'].map((name) => `${workspace().schema}_${name}`);
    for (const schema of schemas) {
      await workspace().sql(`CREATE SCHEMA ${schema}; CREATE TABLE ${schema}.counts (n int)`);
      await workspace().sql(`INSERT INTO ${schema}.counts VALUES (0)`);
    }
    const api = workspace().project();
    api.write(
      '20250101000001_schemas.ts',
      `export default { version: '20250101000001', name: 'schemas', transaction: false,
        async up(db) {
          for (const schema of ${JSON.stringify(schemas)}) {
            ${loop}
            if (schema.endsWith('_b')) await db.query('SELECT 1 / count(*) FROM ${workspace().schema}.guard');
          }
        } };`,
    );
    try {
      await failsAt(api, 'division by zero');
      await letPass();
      await succeeds(api);
      await check(schemas);
    } finally {
      for (const schema of schemas) await workspace().sql(`DROP SCHEMA ${schema} CASCADE`);
    }
  };

  it.each([
    ['SET', 'await db.query(`SET search_path = ${schema}`);'],
    [
      'set_config with parameters',
      `await db.query("SELECT set_config('search_path', $1, false)", [schema]);`,
    ],
    ['a setting in a script', 'await db.script(`SET search_path TO ${schema}`);'],
  ])('A1: tells the same call in another schema apart behind a guard, with %s', (_, set) =>
    perSchema(
      `${set}
       const { rows } = await db.query('SELECT n FROM counts');
       if (rows[0].n === 0) await db.script('UPDATE counts SET n = n + 1');`,
      async (schemas) => {
        for (const schema of schemas) {
          expect(await workspace().sql(`SELECT n FROM ${schema}.counts`)).toEqual([{ n: 1 }]);
        }
      },
    ),
  );

  it('A1: refuses to tell calls apart that differ by another setting only', async () => {
    const api = workspace().project();
    api.write(
      '20250101000001_settings.ts',
      `export default { version: '20250101000001', name: 'settings', transaction: false,
        async up(db) {
          for (const id of [1, 2]) {
            await db.query("SELECT set_config('app.id', $1, false)", [String(id)]);
            const { rows } = await db.query('SELECT n FROM counters WHERE n < $1', [id]);
            if (rows.length > 0) await db.script('UPDATE counters SET n = n + 1');
            if (id === 1) await db.query('SELECT 1 / count(*) FROM guard');
          }
        } };`,
    );
    await failsAt(api, 'division by zero');
    await letPass();
    const failed = await failsAt(api, 'with other settings');
    expect(failed?.error.code).toBe('SCRIPT_CHANGED');
    expect(await counter()).toBe(1);
  });

  it('A1: sends set_config and DISCARD again, which the resumed run does not have', async () => {
    const { schema } = workspace();
    await workspace().sql(`CREATE SCHEMA ${schema}_other`);
    const api = workspace().project();
    api.write(
      '20250101000001_settings.ts',
      `export default { version: '20250101000001', name: 'settings', transaction: false,
        up: (db) => db.script(\`SELECT pg_catalog.set_config('search_path', '${schema}_other', false);
          CREATE TABLE one (id int); DISCARD PLANS;
          SELECT 1 / count(*) FROM ${schema}.guard; CREATE TABLE two (id int)\`) };`,
    );
    await failsAt(api, 'division by zero');
    await letPass();
    await succeeds(api);
    const tables = await workspace().sql(
      `SELECT tablename::text AS name FROM pg_tables WHERE schemaname = '${schema}_other' ORDER BY 1`,
    );
    await workspace().sql(`DROP SCHEMA ${schema}_other CASCADE`);
    expect(tables).toEqual([{ name: 'one' }, { name: 'two' }]);
  });

  it('A1: sends settings of the session again, which the resumed run does not have', async () => {
    const { schema } = workspace();
    await workspace().sql(`CREATE SCHEMA ${schema}_other`);
    const api = workspace().project();
    api.write(
      '20250101000001_settings.ts',
      `export default { version: '20250101000001', name: 'settings', transaction: false,
        up: (db) => db.script(\`SET search_path = ${schema}_other; CREATE TABLE one (id int);
          SELECT 1 / count(*) FROM ${schema}.guard; CREATE TABLE two (id int)\`) };`,
    );
    await failsAt(api, 'division by zero');
    await letPass();
    await succeeds(api);
    const tables = await workspace().sql(
      `SELECT tablename::text AS name FROM pg_tables WHERE schemaname = '${schema}_other' ORDER BY 1`,
    );
    await workspace().sql(`DROP SCHEMA ${schema}_other CASCADE`);
    expect(tables).toEqual([{ name: 'one' }, { name: 'two' }]);
  });

  it('A1: skips what has finished when the corrected migration runs in a transaction', async () => {
    const api = workspace().project();
    const write = (mode: string, sql: string) =>
      api.write(
        '20250101000001_mode.ts',
        `export default { version: '20250101000001', name: 'mode', ${mode}
          up: (db) => db.script(${JSON.stringify(sql)}) };`,
      );
    write('transaction: false,', 'UPDATE counters SET n = n + 1; SELECT 1 / 0');
    await failsAt(api, 'division by zero');
    write('', 'UPDATE counters SET n = n + 1; UPDATE counters SET n = n + 10');
    await succeeds(api);
    expect(await counter()).toBe(11);
  });

  it('A1: undoes a statement whose row cannot be written, and reports deferred constraints as its own', async () => {
    await workspace().sql(
      `CREATE TABLE parent (id int PRIMARY KEY);
       CREATE TABLE child (id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED)`,
    );
    const api = workspace()
      .project()
      .add('deferred', {
        ...noTransaction,
        up: (db) => db.script('UPDATE counters SET n = n + 1; INSERT INTO child VALUES (1)'),
      });
    await failsAt(api, 'violates foreign key constraint');
    expect((await api.rows('attempt, state, finished_statements AS finished')).at(-1)).toEqual({
      attempt: 3,
      state: 'failed',
      finished: 1,
    });
    await workspace().sql('INSERT INTO parent VALUES (1)');
    await succeeds(api);
    expect(await counter()).toBe(1);
  });

  it('A1: refuses to resume what an older version recorded by a mere count', async () => {
    const api = workspace()
      .project()
      .add('old', {
        ...noTransaction,
        up: (db) => db.script('UPDATE counters SET n = n + 1; SELECT 1 / count(*) FROM guard'),
      });
    await failsAt(api, 'division by zero');
    await workspace().sql('UPDATE migration_history SET finished_statement = NULL');
    await letPass();
    await expect(api.migrate()).rejects.toMatchObject({
      code: 'SCRIPT_CHANGED',
      message: expect.stringContaining('an older version'),
    });
    expect(await counter()).toBe(1);
    await api.repair({ migration: 'old', action: 'mark-reverted' });
    await succeeds(api);
    expect(await counter()).toBe(2);
  });

  it('shows no secret of a statement that it records', async () => {
    const api = workspace()
      .project()
      .add('secret', {
        ...noTransaction,
        up: (db) => db.script(`COMMENT ON TABLE guard IS 'password: hunter2'; SELECT 1 / 0`),
      });
    await failsAt(api, 'division by zero');
    const rows = JSON.stringify(await api.rows('finished_statement'));
    expect(rows).toContain('COMMENT ON TABLE guard');
    expect(rows).not.toContain('hunter2');
  });

  it('resumes a revert behind the statements that had finished', async () => {
    const api = workspace()
      .project()
      .add('both', {
        ...noTransaction,
        up: 'SELECT 1',
        down: (db) => db.script('UPDATE counters SET n = n - 1; SELECT 1 / count(*) FROM guard'),
      });
    await api.migrate();
    expect((await api.rollback('both')).failed?.error.message).toContain('division by zero');
    await letPass();
    expect((await api.repair({ migration: 'both', action: 'resume' })).status).toBe('done');
    expect(await counter()).toBe(-1);
    expect((await api.history()).at(-1)).toBe('both revert reverted');
  });
});

describeOnServers('a script without a transaction', (workspace) => {
  it('C4: begins a transaction with settings that must come first', async () => {
    const api = workspace()
      .project()
      .add('serializable', {
        ...noTransaction,
        up: (db) =>
          db.script(`BEGIN; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;
            CREATE TABLE levels AS SELECT current_setting('transaction_isolation') AS level;
            COMMIT`),
      });
    expect(await api.migrate()).toMatchObject({ failed: undefined, status: 'done' });
    expect(await workspace().sql('SELECT level FROM levels')).toEqual([{ level: 'serializable' }]);
  });

  it('records with the rights of the login user and leaves the role of the migration as it is', async () => {
    const { schema } = workspace();
    const [role, user] = [`${schema}_role`, `${schema}_user`];
    await workspace().sql(
      `CREATE ROLE ${role}; CREATE ROLE ${user}; GRANT ${role} TO ${user};
       GRANT ALL ON SCHEMA ${schema} TO ${role}, ${user};
       CREATE TABLE seen (at int, login text, role text); GRANT INSERT ON seen TO ${role}, ${user}`,
    );
    const look = (at: number) => `INSERT INTO seen VALUES (${at}, session_user, current_user)`;
    const api = workspace().project();
    api.write(
      '20250101000001_roles.ts',
      `export default { version: '20250101000001', name: 'roles', transaction: false,
        async up(db, agent) {
          await db.script(\`SET SESSION AUTHORIZATION ${user}; SET ROLE ${role}; ${look(1)}; DO 'BEGIN END'; ${look(2)};
            BEGIN; ${look(3)}; SET LOCAL ROLE ${user}; ${look(4)}; COMMIT; ${look(5)}\`);
          await agent.saveRollbackData({ saved: true });
          await db.script(\`${look(6)}\`);
        } };`,
    );
    const result = await api.migrate();
    const seen = await workspace().sql('SELECT at, login, role FROM seen ORDER BY at');
    const users = await workspace().sql('SELECT DISTINCT database_user FROM migration_history');
    await workspace().sql(`DROP OWNED BY ${role}, ${user}; DROP ROLE ${role}, ${user}`);
    expect(result).toMatchObject({ failed: undefined, status: 'done' });
    expect(seen).toEqual(
      [1, 2, 3, 4, 5, 6].map((at) => ({ at, login: user, role: at === 4 ? user : role })),
    );
    expect(users).toHaveLength(1);
    expect(users).not.toContainEqual({ database_user: user });
  });
});
