import { History } from './history';
import { describeHistory } from './testing/describe-history';
import { newEntry } from './testing/entries';

const format1 = [
  { format: 1, files: ['001_create.sql', '001_constraints.sql', '001_comments.sql'] },
];

describeHistory('A7: a history of format 1', (bench) => {
  beforeEach(async () => {
    await bench.historyWith(format1).prepare(bench.prepared);
    await bench.sql(`INSERT INTO :schema.migration_history (migration_name, version, checksum, success, environment,
        agent_version, project, action, state, attempt, run_id, checksum_algorithm)
      SELECT 'm', 20250101000000 + n, 'c', true, 'staging', '1', p, 'apply', 'applied', 1, 'r', 'sha256'
      FROM generate_series(1, 40) n, (VALUES ('api'), ('users')) v (p)`);
  });
  const witnesses = async () =>
    (
      await bench.sql<{ row_id: string; project: string; previous: string | null; hash: string }>(
        'SELECT row_id::text AS row_id, project, previous, hash FROM :schema.migration_chain ORDER BY project, migration_chain.row_id',
      )
    ).rows;

  it('is read as it is before the upgrade', async () => {
    const state = await bench.history.read('staging');
    expect(state).toMatchObject({ table: 'outdated', format: 1, entries: { length: 80 } });
    expect(await bench.history.recent('staging', 'api', 3)).toHaveLength(3);
  });

  it('gets a chain for each project, which new rows continue', async () => {
    await bench.history.prepare(bench.prepared);
    await bench.history.append(newEntry());
    const api = (await witnesses()).filter(({ project }) => project === 'api');
    expect(api).toHaveLength(41);
    expect(api.map(({ previous }) => previous)).toEqual([
      null,
      ...api.slice(0, -1).map(({ hash }) => hash),
    ]);
    expect(new Set(api.map(({ hash }) => hash)).size).toBe(41);
  });

  it('gets the same hashes whatever the settings of the session are', async () => {
    await bench.history.prepare(bench.prepared);
    const before = await witnesses();
    await bench.sql(`DROP TABLE :schema.migration_chain;
      ALTER TABLE :schema.migration_history DROP COLUMN finished_statement, ADD COLUMN finished_digest text;
      DELETE FROM :schema.migration_database WHERE format > 1`);
    await bench.session.query(
      `SET TimeZone = 'Asia/Tokyo'; SET DateStyle = 'German'; SET IntervalStyle = 'sql_standard'; SET extra_float_digits = -5`,
    );
    await bench.history.prepare(bench.prepared);
    await bench.session.query(
      'RESET TimeZone; RESET DateStyle; RESET IntervalStyle; RESET extra_float_digits',
    );
    expect(await witnesses()).toEqual(before);
  });

  it('lets those append witnesses who may append rows, and no more', async () => {
    await bench.sql(`CREATE ROLE ff_writer; CREATE ROLE ff_reader; GRANT USAGE ON SCHEMA :schema TO ff_writer, ff_reader;
      GRANT SELECT, INSERT (version), UPDATE, DELETE ON :schema.migration_history TO ff_writer;
      GRANT SELECT ON :schema.migration_history, :schema.migration_database TO ff_reader`);
    await bench.history.prepare(bench.prepared);
    const { rows } = await bench.session.query(
      `SELECT r::text AS role, has_table_privilege(r, c.oid, 'SELECT') AS reads, has_table_privilege(r, c.oid, 'INSERT') AS appends,
          has_table_privilege(r, c.oid, 'UPDATE') OR has_table_privilege(r, c.oid, 'DELETE') AS changes
        FROM pg_class c, unnest(ARRAY['ff_reader', 'ff_writer']) r
        WHERE c.relname = 'migration_chain' AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1) ORDER BY 1`,
      [bench.schema],
    );
    await bench.sql('DROP OWNED BY ff_writer, ff_reader; DROP ROLE ff_writer, ff_reader');
    expect(rows).toEqual([
      { role: 'ff_reader', reads: true, appends: false, changes: false },
      { role: 'ff_writer', reads: true, appends: true, changes: false },
    ]);
  });

  it('is damaged when its witnesses were dropped', async () => {
    await bench.history.prepare(bench.prepared);
    await bench.sql('DROP TABLE :schema.migration_chain');
    await expect(bench.history.read('staging')).rejects.toMatchObject({
      code: 'HISTORY_CORRUPT',
      message: expect.stringContaining('migration_chain is gone'),
    });
  });

  it('starts anew when history and stamp were dropped together', async () => {
    await bench.history.prepare(bench.prepared);
    await bench.sql('DROP TABLE :schema.migration_history, :schema.migration_database');
    const again = new History(bench.session, bench.schema);
    await again.prepare(bench.prepared);
    await again.append(newEntry());
    expect((await again.read('staging')).entries).toHaveLength(1);
  });
});
