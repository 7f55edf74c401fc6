import { historyColumns } from './columns';
import { describeHistory } from './testing/describe-history';
import { failedEntry, newEntry } from './testing/entries';

/** Another value than that of the rows below, for each column. */
const edits: Readonly<Record<(typeof historyColumns)[number]['type'], string>> = {
  text: `'edited'`,
  bigint: '987654',
  integer: '987',
  boolean: 'NOT success',
  jsonb: `'["x:1"]'`,
  'timestamp with time zone': `executed_at + interval '1 microsecond'`,
};

describeHistory('A7: the chain of a project', (bench) => {
  const first = '20250101000000';
  const second = '20250102000000';
  beforeEach(async () => {
    await bench.history.prepare(bench.prepared);
    await bench.history.append(newEntry({ version: first, rollbackData: '{"a": null}' }));
    await bench.history.append(failedEntry({ version: second }));
    await bench.history.append(newEntry({ project: 'users', version: first }));
    await bench.history.append(newEntry({ version: second, attempt: 2 }));
  });
  const faults = async () =>
    (await bench.history.verify('staging', 'api')).map(({ message }) =>
      message.replace(/ in "History.*?migration_history/, ''),
    );

  it('A7: fits the rows as they were written, whatever the settings of the session are', async () => {
    await bench.session.query(
      `SET TimeZone = 'Asia/Tokyo'; SET DateStyle = 'German'; SET IntervalStyle = 'sql_standard'`,
    );
    expect(await faults()).toEqual([]);
    await bench.session.query('RESET TimeZone; RESET DateStyle; RESET IntervalStyle');
    expect(await faults()).toEqual([]);
    expect(await bench.roundTrips(() => bench.history.verify('staging', 'api'))).toBe(1);
  });

  it.each(historyColumns.filter(({ name }) => name !== 'id').map(({ name, type }) => [name, type]))(
    'A7: names the row whose %s was edited',
    async (name, type) => {
      await bench.sql(`ALTER TABLE :schema.migration_history DROP CONSTRAINT migration_history_action_check,
        DROP CONSTRAINT migration_history_state_check, DROP CONSTRAINT migration_history_finished_statement_check`);
      await bench.sql(`UPDATE :schema.migration_history SET ${name} = ${edits[type]} WHERE id = 2`);
      const found = await faults();
      expect(found[0]).toMatch(/^api:20250102000000: row 2 \(attempt 1\) was edited/);
      expect(found).toHaveLength(1);
    },
  );

  it('A7: sees a NULL within rollback data', async () => {
    await bench.sql(`UPDATE :schema.migration_history SET rollback_data = '{}' WHERE id = 1`);
    expect(await faults()).toEqual([
      expect.stringMatching(/^api:20250101000000: row 1 .* was edited/),
    ]);
  });

  it.each([
    [
      'the newest row',
      'DELETE FROM :schema.migration_history WHERE id = 4',
      [/20250102000000: row 4 \(attempt 2\) was deleted/],
    ],
    [
      'a row in between',
      'DELETE FROM :schema.migration_history WHERE id = 2',
      [/20250102000000: row 2 \(attempt 1\) was deleted/],
    ],
    [
      'all rows',
      'DELETE FROM :schema.migration_history',
      [/row 1 .* was deleted/, /row 2 .* was deleted/, /row 4 .* was deleted/],
    ],
    [
      'a row and its witness',
      'DELETE FROM :schema.migration_history WHERE id = 2; DELETE FROM :schema.migration_chain WHERE row_id = 2',
      [/row 4 \(attempt 2\) does not follow the row before it/],
    ],
    [
      'a witness',
      'DELETE FROM :schema.migration_chain WHERE row_id = 2',
      [/row 2 \(attempt 1\) was not written by the migrator/, /row 4 .* does not follow/],
    ],
    [
      'the number of a row',
      'UPDATE :schema.migration_chain SET row_id = 99 WHERE row_id = 4',
      [/row 4 .* was not written/, /row 99 .* was deleted/],
    ],
    [
      'a hash',
      `UPDATE :schema.migration_chain SET hash = 'x' WHERE row_id = 1`,
      [/row 1 .* was edited/, /row 2 .* does not follow/],
    ],
    [
      'the project of a row',
      `UPDATE :schema.migration_history SET project = 'users' WHERE id = 1`,
      [/20250101000000: row 1 .* was edited/],
    ].map((part) => part),
  ] as [string, string, RegExp[]][])(
    'A7: names what does not fit after a change of %s',
    async (_, sql, expected) => {
      if (sql.includes(`project = 'users'`))
        await bench.sql('DELETE FROM :schema.migration_history WHERE id = 3');
      await bench.sql(sql);
      expect(await faults()).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
    },
  );

  it('A7: names a row that was inserted by hand', async () => {
    await bench.sql(`INSERT INTO :schema.migration_history (migration_name, version, checksum, success, environment,
        agent_version, project, action, state, attempt, run_id, checksum_algorithm)
      SELECT migration_name, version, checksum, success, environment, agent_version, project, 'repair', state, 3, run_id, checksum_algorithm
      FROM :schema.migration_history WHERE id = 4`);
    expect(await faults()).toEqual([
      expect.stringMatching(/row 5 \(attempt 3\) was not written by the migrator/),
    ]);
  });

  it('A7: finds a deleted newest row also behind rows of other migrations, while reading', async () => {
    await bench.history.append(newEntry({ version: '20250103000000' }));
    await bench.sql('DELETE FROM :schema.migration_history WHERE id = 4');
    await expect(bench.history.read('staging')).rejects.toMatchObject({
      code: 'HISTORY_CORRUPT',
      message: expect.stringContaining('api:20250102000000 in'),
      where: 'api:20250102000000',
    });
  });

  it('is verified for each project and environment alone', async () => {
    await bench.history.append(newEntry({ environment: 'preview' }));
    await bench.sql('UPDATE :schema.migration_history SET host = NULL WHERE id IN (3, 5)');
    expect(await faults()).toEqual([]);
    expect(await bench.history.verify('staging', 'users')).toHaveLength(1);
    expect(await bench.history.verify('preview', 'api')).toHaveLength(1);
  });

  it('is settled by a repair row of the migration, and only of that one', async () => {
    await bench.sql(
      `UPDATE :schema.migration_history SET description = 'edited' WHERE id IN (1, 2)`,
    );
    await bench.history.append(newEntry({ version: second, action: 'repair', attempt: 3 }));
    expect(await faults()).toEqual([expect.stringMatching(/^api:20250101000000: row 1 /)]);
    await bench.history.append(newEntry({ version: first, action: 'repair', attempt: 2 }));
    expect(await faults()).toEqual([]);
  });
});
