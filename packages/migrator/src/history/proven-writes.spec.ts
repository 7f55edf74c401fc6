import { MARK_TRANSACTION } from '../database/transaction-mark';
import { describeHistory } from './testing/describe-history';
import { connectAs } from './testing/connect-as';
import { newEntry } from './testing/entries';

/** A trigger function of the given body, and a trigger that calls it. */
const trigger = (when: string, body: string, table = 'migration_history') =>
  `CREATE FUNCTION :schema.meddle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN ${body} END';
   CREATE ${when} ON :schema.${table} FOR EACH ROW EXECUTE FUNCTION :schema.meddle()`;

const obstacles: readonly (readonly [title: string, sql: string, message: RegExp])[] = [
  [
    'a BEFORE trigger that returns NULL',
    trigger('TRIGGER meddle BEFORE INSERT', 'RETURN NULL;'),
    /was not written: .* has trigger meddle on migration_history/,
  ],
  [
    'a BEFORE trigger that changes the state',
    trigger('TRIGGER meddle BEFORE INSERT', `NEW.state := ''reverted''; RETURN NEW;`),
    /a trigger changed state of it/,
  ],
  [
    'a BEFORE trigger that changes the rollback data and the description',
    trigger(
      'TRIGGER meddle BEFORE INSERT',
      `NEW.rollback_data := ''{}''; NEW.description := NULL; NEW.description := ''x''; RETURN NEW;`,
    ),
    /a trigger changed description, rollback_data of it/,
  ],
  [
    'a BEFORE trigger that changes the time',
    trigger('TRIGGER meddle BEFORE INSERT', `NEW.executed_at := ''2020-01-01''; RETURN NEW;`),
    /a trigger changed executed_at of it/,
  ],
  [
    'a BEFORE trigger that changes the database user',
    trigger('TRIGGER meddle BEFORE INSERT', `NEW.database_user := ''mallory''; RETURN NEW;`),
    /a trigger changed database_user of it/,
  ],
  [
    'an AFTER trigger that deletes the row',
    trigger(
      'TRIGGER meddle AFTER INSERT',
      'DELETE FROM :schema.migration_history WHERE id = NEW.id; RETURN NULL;',
    ),
    /was removed after it was written: .* has trigger meddle on migration_history/,
  ],
  [
    'an AFTER trigger that edits the row',
    trigger(
      'TRIGGER meddle AFTER INSERT',
      'UPDATE :schema.migration_history SET success = false WHERE id = NEW.id; RETURN NULL;',
    ),
    /was changed after it was written: .* has trigger meddle/,
  ],
  [
    'a deferred trigger that deletes the row at COMMIT',
    trigger(
      'CONSTRAINT TRIGGER meddle AFTER INSERT',
      'DELETE FROM :schema.migration_history WHERE id = NEW.id; RETURN NULL;',
    ).replace('FOR EACH ROW', 'DEFERRABLE INITIALLY DEFERRED FOR EACH ROW'),
    /was removed after it was written: .* has trigger meddle/,
  ],
  [
    'a trigger that swallows the witness',
    trigger('TRIGGER meddle BEFORE INSERT', 'RETURN NULL;', 'migration_chain'),
    /a trigger changed hash of it/,
  ],
  [
    'a rule that inserts nothing',
    'CREATE RULE meddle AS ON INSERT TO :schema.migration_history DO INSTEAD NOTHING',
    /a rule rewrites what is inserted/,
  ],
  [
    'a rule that deletes what was inserted',
    'CREATE RULE meddle AS ON INSERT TO :schema.migration_history DO ALSO DELETE FROM :schema.migration_history',
    /a rule rewrites what is inserted/,
  ],
  [
    'a rule that inserts nothing under a condition',
    `CREATE RULE meddle AS ON INSERT TO :schema.migration_history WHERE NEW.state = 'applied' DO INSTEAD NOTHING`,
    /a rule rewrites what is inserted/,
  ],
];

describeHistory('A7: a row of the history', (bench) => {
  const count = async () =>
    (await bench.sql('SELECT id FROM :schema.migration_history')).rows.length;

  beforeEach(async () => {
    await bench.history.prepare(bench.prepared);
    await bench.history.append(newEntry({ version: '20240101000000' }));
  });

  it.each(obstacles)(
    'A7: is proven to be written despite %s, outside a transaction',
    async (_, sql, message) => {
      await bench.sql(sql);
      await expect(
        bench.history.append(newEntry({ rollbackData: '{"a": 1}' })),
      ).rejects.toMatchObject({ code: 'HISTORY_CORRUPT', message: expect.stringMatching(message) });
    },
  );

  it.each(obstacles)(
    'A7: is proven to be written despite %s, inside a transaction',
    async (_, sql, message) => {
      await bench.sql(sql);
      await bench.session.query('BEGIN');
      await bench.session.query(`${MARK_TRANSACTION}; SELECT pg_try_advisory_xact_lock(7)`);
      const guard = { lockKey: '7' };
      await expect(
        bench.history.appendGuarded(newEntry({ rollbackData: '{"a": 1}' }), guard),
      ).rejects.toMatchObject({ code: 'HISTORY_CORRUPT', message: expect.stringMatching(message) });
      await bench.session.query('ROLLBACK');
      expect(await count()).toBe(1);
    },
  );

  it('A7: is not kept when a trigger changed it on its way', async () => {
    await bench.sql(trigger('TRIGGER meddle BEFORE INSERT', `NEW.attempt := 7; RETURN NEW;`));
    await bench.history.append(newEntry()).catch(() => undefined);
    expect(await count()).toBe(1);
  });

  it('may have triggers that leave it as it is', async () => {
    await bench.sql(`CREATE TABLE :schema.audit (id bigint)`);
    await bench.sql(
      trigger(
        'TRIGGER meddle AFTER INSERT',
        'INSERT INTO :schema.audit VALUES (NEW.id); RETURN NULL;',
      ),
    );
    await bench.history.append(newEntry());
    expect((await bench.sql('SELECT id FROM :schema.audit')).rows).toHaveLength(1);
  });

  it('ignores triggers that are disabled', async () => {
    await bench.sql(trigger('TRIGGER meddle BEFORE INSERT', 'RETURN NULL;'));
    await bench.sql('ALTER TABLE :schema.migration_history DISABLE TRIGGER meddle');
    await bench.history.append(newEntry());
    expect(await count()).toBe(2);
  });

  it('costs one round trip to write where no trigger is', async () => {
    expect(await bench.roundTrips(() => bench.history.append(newEntry()))).toBe(1);
  });

  describe('under row security', () => {
    beforeEach(async () => {
      await bench.sql(`DROP ROLE IF EXISTS ff_secured; CREATE ROLE ff_secured;
        GRANT USAGE ON SCHEMA :schema TO ff_secured;
        GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA :schema TO ff_secured;
        ALTER TABLE :schema.migration_history ENABLE ROW LEVEL SECURITY`);
    });
    afterEach(async () => {
      jest.restoreAllMocks();
      await bench.session.query('RESET ROLE');
      await bench.sql('DROP OWNED BY ff_secured; DROP ROLE ff_secured');
    });

    it.each([
      ['nothing', ''],
      [
        'writing only',
        'CREATE POLICY w ON :schema.migration_history FOR INSERT TO ff_secured WITH CHECK (true)',
      ],
    ])('A7: is refused where the policies allow %s', async (_, policy) => {
      if (policy !== '') await bench.sql(policy);
      connectAs(bench.session, 'ff_secured');
      await bench.session.query('SET ROLE ff_secured');
      await expect(bench.history.append(newEntry())).rejects.toMatchObject({
        code: 'HISTORY_CORRUPT',
        message: expect.stringContaining('a row security policy refuses it'),
      });
    });

    it('A7: makes reading fail, since rows could be hidden', async () => {
      connectAs(bench.session, 'ff_secured');
      await bench.session.query('SET ROLE ff_secured');
      await expect(bench.history.read('staging')).rejects.toMatchObject({
        code: 'HISTORY_CORRUPT',
        message: expect.stringContaining('can hide rows'),
      });
    });

    it('is no obstacle for the owner, whom the policies do not bind', async () => {
      await bench.history.append(newEntry());
      expect((await bench.history.read('staging')).entries).toHaveLength(2);
    });
  });
});
