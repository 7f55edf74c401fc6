import { latestFormat, upgrades } from './formats';
import { rememberSecret } from '../text/redact';
import { describeHistory } from './testing/describe-history';
import { failedEntry, newEntry } from './testing/entries';

describeHistory('the history', (bench) => {
  describe('before anything was applied', () => {
    it('is absent, and looking creates nothing', async () => {
      expect(await bench.history.read('staging')).toEqual({
        entries: [],
        renamedFrom: undefined,
        stamp: undefined,
        elsewhere: [],
        format: undefined,
        table: 'absent',
        environments: [],
        damage: [],
      });
      expect(await bench.history.recent('staging', 'api', 5)).toEqual([]);
      expect(await bench.history.attemptsOf('run-1')).toEqual([]);
      const { rows } = await bench.session.query('SELECT FROM pg_namespace WHERE nspname = $1', [
        bench.schema,
      ]);
      expect(rows).toHaveLength(0);
    });

    it('is absent also in a read-only session', async () => {
      await bench.session.query('SET default_transaction_read_only = on');
      expect((await bench.history.read('staging')).table).toBe('absent');
      await bench.session.query('SET default_transaction_read_only = off');
    });

    it('is created with its schema, stamped, and empty', async () => {
      await bench.history.prepare({ ...bench.prepared, protected: true });
      const state = await bench.history.read('staging');
      expect(state).toMatchObject({
        table: 'current',
        format: latestFormat(upgrades),
        entries: [],
      });
      expect(state.stamp).toMatchObject({
        environment: 'staging',
        protected: true,
        since: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        by: bench.session.server.user,
      });
    });

    it('describes every table and column with a comment', async () => {
      await bench.history.prepare(bench.prepared);
      const { rows } = await bench.session.query<{ name: string }>(
        `SELECT c.relname || '.' || a.attname AS name
          FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped
          WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1) AND c.relkind = 'r'
            AND (a.attnum > 0 AND col_description(c.oid, a.attnum) IS NULL OR obj_description(c.oid, 'pg_class') IS NULL)`,
        [bench.schema],
      );
      expect(rows).toEqual([]);
    });
  });

  describe('once prepared', () => {
    beforeEach(() => bench.history.prepare(bench.prepared));

    it('is read in one round trip, and preparing it again asks nothing', async () => {
      await bench.history.append(newEntry());
      expect(await bench.roundTrips(() => bench.history.read('staging'))).toBe(1);
      const state = await bench.history.read('staging');
      expect(await bench.roundTrips(() => bench.history.prepare(bench.prepared, state))).toBe(0);
    });

    it('can be bench.prepared again without knowing its state', async () => {
      await bench.history.prepare(bench.prepared);
      const { rows } = await bench.sql('SELECT note FROM :schema.migration_database');
      expect(rows).toEqual([{ note: 'created' }]);
    });

    it('gives a row back as it was appended, with clock and user of the server', async () => {
      const entry = failedEntry({ finishedStatements: 3 });
      await bench.history.append(entry);
      const [row] = await bench.history.recent('staging', 'api', 1);
      const { rollbackData: _, ...rest } = entry;
      expect(row).toEqual({
        ...rest,
        rowId: '1',
        checksumAlgorithm: 'sha256',
        executedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        databaseUser: bench.session.server.user,
        agentVersion: expect.stringMatching(/^\d+\.\d+\.\d+/),
      });
    });

    it('reads times in UTC whatever time zone the session is in', async () => {
      await bench.history.append(newEntry());
      const inUtc = (await bench.history.read('staging')).entries[0]?.executedAt;
      await bench.session.query(`SET TimeZone = 'Asia/Tokyo'; SET DateStyle = 'German'`);
      expect((await bench.history.read('staging')).entries[0]?.executedAt).toBe(inUtc);
      await bench.session.query('RESET TimeZone; RESET DateStyle');
    });

    it('shows the latest row of each migration, of all projects, of one environment', async () => {
      await bench.history.append(failedEntry());
      await bench.history.append(newEntry({ attempt: 2 }));
      await bench.history.append(newEntry({ project: 'users', version: '20250101000000' }));
      await bench.history.append(newEntry({ version: '20250101000000' }));
      await bench.history.append(newEntry({ environment: 'preview', version: '20260101000000' }));
      const { entries, environments } = await bench.history.read('staging');
      expect(entries.map(({ id, attempt, state }) => [id, attempt, state])).toEqual([
        ['api:20250101000000', 1, 'applied'],
        ['api:20250917102200', 2, 'applied'],
        ['users:20250101000000', 1, 'applied'],
      ]);
      expect(environments).toEqual(['preview', 'staging']);
    });

    it('leaves stacks out of the state but keeps them for recent runs and for a run', async () => {
      await bench.history.append(failedEntry());
      expect((await bench.history.read('staging')).entries[0]?.error?.stack).toBeUndefined();
      expect((await bench.history.recent('staging', 'api', 1))[0]?.error?.stack).toContain(
        'a.ts:3:1',
      );
      expect((await bench.history.attemptsOf('run-1'))[0]?.error?.stack).toContain('a.ts:3:1');
    });

    it('gives the newest rows of a project first, and all rows of a run in order', async () => {
      await bench.history.append(failedEntry());
      await bench.history.append(newEntry({ attempt: 2, runId: 'run-2' }));
      await bench.history.append(newEntry({ project: 'users', runId: 'run-2' }));
      expect((await bench.history.recent('staging', 'api', 1)).map((row) => row.attempt)).toEqual([
        2,
      ]);
      expect((await bench.history.recent('staging', 'api', 9)).map((row) => row.attempt)).toEqual([
        2, 1,
      ]);
      const run = await bench.history.attemptsOf('run-2');
      expect(run.map((row) => row.project)).toEqual(['api', 'users']);
    });

    it('orders rows by number where the numbers differ in length', async () => {
      for (let attempt = 1; attempt <= 12; attempt += 1) {
        await bench.history.append(newEntry({ attempt, runId: 'run-9' }));
      }
      const attempts = Array.from({ length: 12 }, (_, index) => index + 1);
      const run = await bench.history.attemptsOf('run-9');
      expect(run.map((row) => row.attempt)).toEqual(attempts);
      const recent = await bench.history.recent('staging', 'api', 3);
      expect(recent.map((row) => row.attempt)).toEqual([12, 11, 10]);
    });

    it('holds the state of thousands of migrations', async () => {
      await bench.sql(`INSERT INTO :schema.migration_history (migration_name, version, checksum, success, environment,
          agent_version, project, action, state, attempt, run_id, checksum_algorithm)
        SELECT 'm', 20250101000000 + n, 'c', true, 'staging', '1', 'api', 'apply', 'applied', a, 'r', 'sha256'
        FROM generate_series(1, 3000) n, generate_series(1, 2) a; ANALYZE :schema.migration_history`);
      const { entries } = await bench.history.read('staging');
      expect(entries).toHaveLength(3000);
      expect(entries.every((entry) => entry.attempt === 2)).toBe(true);
    });

    it('takes text that would break SQL or JSON', async () => {
      const description = `it's "a" \\ $1 \n {} ü 🐘 :"schema"`;
      await bench.history.append(newEntry({ description }));
      expect((await bench.history.read('staging')).entries[0]?.description).toBe(description);
    });

    it('refuses a second row with the same attempt', async () => {
      await bench.history.append(newEntry());
      await expect(bench.history.append(newEntry())).rejects.toMatchObject({
        code: 'CONCURRENT_RUN',
        message: expect.stringContaining('Attempt 1 of api:20250917102200'),
      });
    });

    it('stores no secret and no NUL character of an error', async () => {
      rememberSecret('canary-pässword');
      const text = 'cannot reach postgres://ff:canary-pässword@db/x \0 canary-p%C3%A4ssword';
      await bench.history.append(failedEntry({ error: { code: 'E', message: text, stack: text } }));
      const { rows } = await bench.sql(
        'SELECT row_to_json(h)::text AS row FROM :schema.migration_history h',
      );
      expect(JSON.stringify(rows)).not.toContain('canary');
      expect(JSON.stringify(rows)).toContain('cannot reach');
    });

    it('cuts an error message without end', async () => {
      const message = 'x'.repeat(1_000_000);
      await bench.history.append(failedEntry({ error: { code: 'E', message, stack: message } }));
      expect((await bench.history.read('staging')).entries[0]?.error?.message).toMatch(
        /^x{20000}… \(980000 more characters\)$/,
      );
    });

    it('refuses rows with an action, state or attempt that cannot be', async () => {
      for (const change of [{ action: 'x' }, { state: 'x' }, { attempt: 0 }] as object[]) {
        await expect(bench.history.append(newEntry(change))).rejects.toMatchObject({
          code: '23514',
        });
      }
    });
  });
});
