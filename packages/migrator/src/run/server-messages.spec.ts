import type { RunResult } from './result';
import { MessageLog } from './message-log';
import type { RunEvent } from './events';
import { describeOnEveryDatabase, type TestProject } from '../testing/workspace';

const LONG = 'orders_by_customer_and_region_and_warehouse_and_created_at_with_tax';

describeOnEveryDatabase('E3: messages of the server', (workspace) => {
  const shown = (project: TestProject) =>
    project.events.flatMap((event) =>
      event.type === 'migration-message'
        ? `${event.message.severity} ${event.message.message}`
        : [],
    );
  const kept = (outcome: RunResult['done'][number] | undefined) =>
    outcome?.messages?.kept.map(({ severity, message }) => `${severity} ${message}`);

  it('E3: reports a warning with its SQLSTATE, detail, hint and place', async () => {
    const project = workspace()
      .project()
      .add('warns', {
        up: (db) =>
          db.script(
            `DO $$ BEGIN RAISE WARNING 'careful' USING DETAIL = 'more', HINT = 'less', ERRCODE = '01007'; END $$`,
          ),
      });
    const { done } = await project.migrate();
    expect(done[0]?.messages).toEqual({
      counts: { WARNING: 1 },
      kept: [
        {
          severity: 'WARNING',
          sqlState: '01007',
          message: 'careful',
          detail: 'more',
          hint: 'less',
          where: expect.stringContaining('inline_code_block'),
        },
      ],
      omitted: 0,
    });
    expect(shown(project)).toEqual(['WARNING careful']);
  });

  it('E3: reports a table that is there already, and what does not exist', async () => {
    const project = workspace()
      .project()
      .add('create', 'CREATE TABLE t (id int); CREATE TABLE IF NOT EXISTS t (id int)')
      .add('drop', 'DROP TABLE IF EXISTS u');
    const { done } = await project.migrate();
    expect(done.map(kept)).toEqual([
      ['NOTICE relation "t" already exists, skipping'],
      ['NOTICE table "u" does not exist, skipping'],
    ]);
  });

  it('E3: never reports messages of the runner itself', async () => {
    const project = workspace()
      .project()
      .add('quiet', { transaction: false, up: (db) => db.script('CREATE TABLE t (id int)') })
      .add('quieter', 'CREATE TABLE u (id int)');
    const { done } = await project.migrate();
    expect(done.map(({ messages }) => messages)).toEqual([undefined, undefined]);
    expect(shown(project)).toEqual([]);
  });

  it('E3: reports messages of validate and of down', async () => {
    const project = workspace()
      .project()
      .add('checked', {
        up: 'CREATE TABLE t (id int)',
        validate: async (db) => {
          await db.query(`DO $$ BEGIN RAISE WARNING 'empty'; END $$`);
          return true;
        },
        down: 'DROP TABLE IF EXISTS u; DROP TABLE t',
      });
    expect(kept((await project.migrate()).done[0])).toEqual(['WARNING empty']);
    const reverted = await project.rollback('checked');
    expect(kept(reverted.done[0])).toEqual(['NOTICE table "u" does not exist, skipping']);
  });

  it('E3: keeps the warnings that came before a failure', async () => {
    const project = workspace()
      .project()
      .add('fails', {
        up: async (db) => {
          await db.query(`DO $$ BEGIN RAISE WARNING 'before'; END $$`);
          await db.query('SELECT 1/0');
        },
      });
    const { failed } = await project.migrate();
    expect(kept(failed)).toEqual(['WARNING before']);
  });

  it('E3: keeps the messages of a migration without a transaction and of its revert', async () => {
    const project = workspace()
      .project()
      .add('fails', {
        transaction: false,
        onFailure: 'revert',
        up: (db) => db.script(`DO $$ BEGIN RAISE WARNING 'up'; END $$; SELECT 1/0`),
        down: (db) => db.script(`DO $$ BEGIN RAISE WARNING 'down'; END $$`),
      });
    const { failed } = await project.migrate();
    expect(kept(failed)).toEqual(['WARNING up', 'WARNING down']);
  });

  it('E3: reports what a deferred trigger says at COMMIT', async () => {
    const project = workspace()
      .project()
      .add(
        'deferred',
        `CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'at the end'; RETURN NULL; END $$;
         CREATE TABLE t (id int);
         CREATE CONSTRAINT TRIGGER w AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION warn();
         INSERT INTO t VALUES (1)`,
      );
    expect(kept((await project.migrate()).done[0])).toEqual(['WARNING at the end']);
  });

  it('E3: counts all messages, keeps a bounded amount, and hides no warning behind notices', async () => {
    const project = workspace()
      .project()
      .add(
        'floods',
        `DO $$ BEGIN FOR i IN 1..3000 LOOP RAISE NOTICE 'row %', i; END LOOP; RAISE WARNING 'careful'; END $$`,
      );
    const { done } = await project.migrate();
    const messages = done[0]?.messages;
    expect(messages?.counts).toEqual({ NOTICE: 3000, WARNING: 1 });
    expect(messages?.kept).toHaveLength(101);
    expect(messages?.omitted).toBe(2900);
    expect(shown(project)).toHaveLength(101);
    expect(shown(project).at(-1)).toBe('WARNING careful');
  });

  it('E3: keeps a bounded amount of text', async () => {
    const project = workspace()
      .project()
      .add(
        'floods',
        `DO $$ BEGIN FOR i IN 1..50 LOOP RAISE NOTICE '%', repeat('x', 100000); END LOOP; END $$`,
      );
    const { done } = await project.migrate();
    expect(done[0]?.messages?.counts).toEqual({ NOTICE: 50 });
    expect(JSON.stringify(done).length).toBeLessThan(30_000);
  });

  it('E3: honors client_min_messages until the end of the migration that sets it', async () => {
    const drop = 'DROP TABLE IF EXISTS u';
    const project = workspace()
      .project()
      .add('quiet', `SET client_min_messages = warning; ${drop}`)
      .add('loud', drop);
    const { done } = await project.migrate();
    expect(done.map(kept)).toEqual([undefined, ['NOTICE table "u" does not exist, skipping']]);
  });

  it('E3: attributes messages to their migration in a single transaction', async () => {
    const project = workspace()
      .project()
      .add('one', `DO $$ BEGIN RAISE NOTICE 'first'; END $$`)
      .add('two', `DO $$ BEGIN RAISE NOTICE 'second'; END $$`);
    const { done } = await project.migrate({ transaction: 'single' });
    expect(done.map(kept)).toEqual([['NOTICE first'], ['NOTICE second']]);
  });
});

describeOnEveryDatabase('E3: truncated names', (workspace) => {
  const one = `${LONG}_one`;
  const two = `${LONG}_two`;

  it('E3: refuses two names that become one, before anything runs', async () => {
    const project = workspace()
      .project()
      .add('good', 'CREATE TABLE t (a int, b int)')
      .add(
        'indexes',
        `CREATE INDEX IF NOT EXISTS ${one} ON t (a); CREATE INDEX IF NOT EXISTS ${two} ON t (b)`,
      );
    const refused = project.migrate();
    await expect(refused).rejects.toMatchObject({ code: 'IDENTIFIER_TOO_LONG' });
    await expect(refused).rejects.toThrow(one);
    expect(await project.history()).toEqual([]);
    expect(await workspace().tables()).toEqual([]);
  });

  it('E3: sends no computed statement with a long name, whatever it names', async () => {
    const project = workspace().project();
    project.write(
      '20250101000001_computed.ts',
      `const name = '${LONG}_'.concat('x');
       const statements = [
         'CREATE TABLE NAME (a int)', 'CREATE TABLE "NAME" (a int)', 'CREATE TABLE t (NAME int)', 'SELECT 1 AS NAME',
         'SAVEPOINT NAME', 'DECLARE NAME CURSOR FOR SELECT 1', 'PREPARE NAME AS SELECT 1', 'LISTEN NAME',
         'SET search_path = NAME', 'SET LOCAL search_path TO public, "NAME"', 'CREATE ROLE NAME',
         "CREATE TYPE NAME AS ENUM ('a')", 'CREATE TABLE t (a int CONSTRAINT NAME CHECK (a > 0))',
       ];
       const refused = async (run) => run().then(() => 'sent', (error) => error.code);
       export default { version: '20250101000001', name: 'computed', up: async (db, agent) => {
         await db.query('SET LOCAL client_min_messages = error');
         for (const sql of statements) {
           const outcome = await refused(() => db.query(sql.replace('NAME', name)));
           if (outcome !== '42622') agent.logger.warn(sql + ': ' + outcome);
         }
         for (const method of ['insert', 'select', 'update', 'delete']) {
           await db.query('CREATE TABLE ' + name.slice(0, 63) + method[0] + ' (a int)').catch(() => undefined);
           const outcome = await refused(() => db[method](name, { a: 1 }, { a: 1 }));
           if (outcome !== '42622' && outcome !== 'IDENTIFIER_TOO_LONG') agent.logger.warn(method + ': ' + outcome);
         }
         await db.query('CREATE INDEX ' + name + ' ON t (a)');
       } };`,
    );
    const { failed } = await project.migrate();
    const logged = project.events.flatMap((event) =>
      event.type === 'migration-log' ? event.message : [],
    );
    expect(logged).toEqual([]);
    expect(failed?.error.code).toBe('IDENTIFIER_TOO_LONG');
    expect(failed?.error.message).toContain(`${LONG}_x`);
    expect(failed?.error.message).toContain('^');
    expect(await project.history()).toEqual(['computed apply failed']);
    expect(await workspace().tables()).toEqual([]);
  });

  it('E3: fails on a name that a function truncates, also if the migration catches the error', async () => {
    const project = workspace()
      .project()
      .add('catches', {
        up: async (db) => {
          const sql =
            'CREATE TABLE orders_by_customer_and_region_and_warehouse_and_created_at_with_tax (a int)';
          await db.query(`DO $$ BEGIN EXECUTE '${sql}'; END $$`).catch(() => undefined);
        },
      });
    const { failed } = await project.migrate();
    expect(failed?.error.code).toBe('IDENTIFIER_TOO_LONG');
    expect(failed?.error.message).toContain(LONG);
    expect(await project.history()).toEqual(['catches apply failed']);
    expect(await workspace().tables()).toEqual([]);
  });

  it('E3: fails on a truncated name without a transaction, and keeps the statements before it', async () => {
    const project = workspace()
      .project()
      .add('script', {
        transaction: false,
        up: async (db) => {
          const name = 'orders_by_customer_and_region_and_warehouse_and_created_at_with_tax';
          await db.script(
            `CREATE FUNCTION create_it() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'CREATE TABLE ${name} (a int)'; END $$`,
          );
          await db.script('CREATE TABLE before (a int); SELECT create_it()');
        },
      });
    const { failed } = await project.migrate();
    expect(failed?.error.code).toBe('IDENTIFIER_TOO_LONG');
    expect(await workspace().tables()).toEqual(['before']);
    expect((await project.status()).migrations.map(({ state }) => state)).toEqual(['failed']);
  });

  it('E3: accepts long texts that are no names', async () => {
    const project = workspace()
      .project()
      .add('texts', {
        up: async (db) => {
          const long = 'x'.repeat(80);
          await db.script(
            `SET application_name = '${long}'; SELECT '${long}' AS a; -- ${long}
             CREATE TABLE t (a text DEFAULT '${long}'); COMMENT ON TABLE t IS $$${long}$$;
             DO $$ BEGIN RAISE NOTICE '${long}' USING ERRCODE = '42622'; END $$`,
          );
          await db.query(`SELECT set_config('application_name', $1, false)`, [long]);
        },
      });
    expect((await project.migrate()).status).toBe('done');
  });

  it('E3: reverts what an older version applied with truncated names', async () => {
    const project = workspace()
      .project()
      .add('older', { up: `CREATE TABLE ${one} (a int)`, down: `DROP TABLE ${one}` });
    await workspace().sql(`CREATE TABLE ${one} (a int)`);
    await project.baseline({ to: 'older' });
    expect((await project.rollback('older')).status).toBe('done');
    expect(await workspace().tables()).toEqual([]);
  });

  it('E3: refuses a revert with a long name that its up does not have', async () => {
    const project = workspace()
      .project()
      .add('short', { up: 'CREATE TABLE t (a int)', down: `DROP TABLE IF EXISTS ${one}` });
    await project.migrate();
    await expect(project.rollback('short')).rejects.toMatchObject({ code: 'IDENTIFIER_TOO_LONG' });
  });
});

describe('MessageLog', () => {
  const severities = (notices: readonly { severity: string; code: string }[]) => {
    const log = new MessageLog('api:20250101000001');
    const events: RunEvent[] = [];
    for (const notice of notices)
      log.add({ ...notice, message: 'x' }, (event) => events.push(event));
    return log.summary()?.kept.map(({ severity }) => severity);
  };

  it('E3: reads the severity of a server that speaks another language', () => {
    expect(
      severities([
        { severity: 'WARNUNG', code: '25P01' },
        { severity: 'ATTENTION', code: '01000' },
        { severity: 'something', code: '01000' },
        { severity: 'HINWEIS', code: '00000' },
        { severity: 'DEBUG2', code: '00000' },
      ]),
    ).toEqual(['WARNING', 'WARNING', 'WARNING', 'NOTICE', 'DEBUG']);
  });
});
