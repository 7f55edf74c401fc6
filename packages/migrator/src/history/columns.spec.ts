import { historyColumns } from './columns';
import { describeHistory } from './testing/describe-history';
import { newEntry } from './testing/entries';

describeHistory('the columns of the history', (bench) => {
  it('are those of the table, with their types, and NULL where it is legal', async () => {
    await bench.history.prepare(bench.prepared);
    const { rows } = await bench.session.query<{ name: string; type: string; nullable: boolean }>(
      `SELECT a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS type, NOT a.attnotnull AS nullable
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1) AND c.relname = 'migration_history'
          AND a.attnum > 0 AND NOT a.attisdropped`,
      [bench.schema],
    );
    const named = (list: readonly { name: string; type: string; nullable: boolean }[]) =>
      list.map(({ name, type, nullable }) => `${name} ${type} ${String(nullable)}`).sort();
    expect(named(historyColumns)).toEqual(named(rows));
  });

  it('may not be NULL, negative or of the wrong type: the row and the column are named', async () => {
    await bench.history.prepare(bench.prepared);
    await bench.history.append(newEntry());
    await bench.sql(`ALTER TABLE :schema.migration_history ALTER COLUMN description DROP NOT NULL;
      UPDATE :schema.migration_history SET description = NULL, execution_time_ms = -1`);
    await expect(bench.history.read('staging')).rejects.toMatchObject({
      code: 'HISTORY_CORRUPT',
      problems: [
        { message: expect.stringMatching(/Row 1 of .*: description is NULL/) },
        { message: expect.stringMatching(/Row 1 of .*: execution_time_ms is -1/) },
      ],
    });
  });
});
