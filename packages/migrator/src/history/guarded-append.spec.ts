import { MARK_TRANSACTION } from '../database/transaction-mark';
import { describeHistory } from './testing/describe-history';
import { newEntry } from './testing/entries';

describeHistory('the history in a transaction', (bench) => {
  describe('inside a transaction of a migration', () => {
    const lockKey = '-4611686018427387905';
    const begin = async (): Promise<void> => {
      await bench.session.query(`BEGIN; ${MARK_TRANSACTION}`);
    };
    const rowCount = async (): Promise<number> =>
      (await bench.sql('SELECT id FROM :schema.migration_history')).rows.length;

    beforeEach(async () => {
      await bench.history.prepare(bench.prepared);
      await bench.session.query(`SELECT pg_advisory_lock(${lockKey})`);
      await begin();
    });
    afterEach(() => bench.session.query('ROLLBACK; SELECT pg_advisory_unlock_all()'));

    const appendGuarded = () => bench.history.appendGuarded(newEntry(), { lockKey });

    it('appends in one round trip while transaction and lock are the same', async () => {
      expect(
        await bench.roundTrips(async () => expect(await appendGuarded()).toBe('appended')),
      ).toBe(1);
      await bench.session.query('COMMIT');
      expect(await rowCount()).toBe(1);
    });

    it('goes away with the change when the transaction is rolled back', async () => {
      await appendGuarded();
      await bench.session.query('ROLLBACK');
      expect(await rowCount()).toBe(0);
    });

    it.each([
      'COMMIT',
      'ROLLBACK',
      'COMMIT; BEGIN',
      'ROLLBACK; BEGIN',
      'COMMIT AND CHAIN',
      'ROLLBACK AND CHAIN',
      'ABORT; START TRANSACTION ISOLATION LEVEL SERIALIZABLE',
    ])('writes nothing after the migration ran %s', async (statement) => {
      await bench.session.query(statement);
      expect(await appendGuarded()).toBe('transactionEscaped');
      expect(await rowCount()).toBe(0);
    });

    it('stays the same transaction over savepoints', async () => {
      await bench.session.query(
        'SAVEPOINT a; CREATE TABLE pg_temp.t (); ROLLBACK TO a; RELEASE a; SAVEPOINT b',
      );
      expect(await appendGuarded()).toBe('appended');
    });

    it.each([
      'RESET ALL',
      'SAVEPOINT a; ROLLBACK TO a; RESET ALL',
      'DISCARD TEMP; DISCARD PLANS; DEALLOCATE ALL',
      'SET CONSTRAINTS ALL IMMEDIATE',
      "DO $$ BEGIN PERFORM 1 / 0; EXCEPTION WHEN division_by_zero THEN EXECUTE 'RESET ALL'; END $$",
      'SELECT FROM pg_catalog.pg_amproc; LOCK TABLE pg_catalog.pg_amproc IN ACCESS SHARE MODE',
    ])('C4: stays the same transaction over %s', async (statement) => {
      await bench.session.query(statement);
      expect(await appendGuarded()).toBe('appended');
    });

    it('writes nothing after the migration dropped the lock', async () => {
      await bench.session.query('SELECT pg_advisory_unlock_all()');
      expect(await appendGuarded()).toBe('lockLost');
      expect(await rowCount()).toBe(0);
    });

    it('says when another runner has written the attempt', async () => {
      await appendGuarded();
      await expect(appendGuarded()).rejects.toMatchObject({ code: 'CONCURRENT_RUN' });
    });

    it('says when a rule on the table swallows rows', async () => {
      await bench.sql(`CREATE FUNCTION :schema.swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
        CREATE TRIGGER swallow BEFORE INSERT ON :schema.migration_history FOR EACH ROW EXECUTE FUNCTION :schema.swallow()`);
      await expect(appendGuarded()).rejects.toMatchObject({ code: 'HISTORY_CORRUPT' });
    });
  });
});
