import { describeHistory } from './testing/describe-history';
import { newEntry } from './testing/entries';

describeHistory('a history that was', (bench) => {
  describe('changed by hand', () => {
    beforeEach(async () => {
      await bench.history.prepare(bench.prepared);
      await bench.sql(`ALTER TABLE :schema.migration_history DROP CONSTRAINT migration_history_action_check,
        DROP CONSTRAINT migration_history_state_check, DROP CONSTRAINT migration_history_dependencies_check`);
      for (const attempt of [1, 2, 3]) await bench.history.append(newEntry({ attempt }));
    });
    const edit = (change: string) =>
      bench.sql(`UPDATE :schema.migration_history SET ${change} WHERE id = 3`);

    it.each([
      [
        `state = 'done'`,
        `Row 3 of .*: state is 'done', which is none of applied, retired, reverted, failed, running.`,
      ],
      [
        `action = 'fake'`,
        `Row 3 of .*: action is 'fake', which is none of apply, revert, baseline, repair.`,
      ],
      [
        `dependencies = '{"a": 1}'`,
        `Row 3 of .*: dependencies is not an array of texts but {"a":1}.`,
      ],
      [`dependencies = '[1]'`, `Row 3 of .*: dependencies is not an array of texts but \\[1\\].`],
    ])('is refused: %s', async (change, message) => {
      await edit(change);
      await expect(bench.history.read('staging')).rejects.toMatchObject({
        code: 'HISTORY_CORRUPT',
        message: expect.stringMatching(message),
      });
    });

    it.each([
      [[1], 'attempt 1 was deleted; found: row 2 \\(attempt 2\\), row 3 \\(attempt 3\\)'],
      [[2], 'attempt 2 was deleted; found: row 1 \\(attempt 1\\), row 3 \\(attempt 3\\)'],
      [[1, 2], 'attempt 1, 2 was deleted; found: row 3 \\(attempt 3\\)'],
    ])('is refused when rows %s were deleted', async (ids, message) => {
      await bench.sql(`DELETE FROM :schema.migration_history WHERE id IN (${ids.join(', ')})`);
      await expect(bench.history.read('staging')).rejects.toMatchObject({
        code: 'HISTORY_CORRUPT',
        message: expect.stringMatching(message),
      });
    });

    it('names all damage at once, or reports it beside what can be read', async () => {
      await edit(`state = 'done', action = 'fake'`);
      await bench.sql('DELETE FROM :schema.migration_history WHERE id = 1');
      await bench.history.append(newEntry({ project: 'users' }));
      await expect(bench.history.read('staging')).rejects.toMatchObject({
        problems: { length: 3 },
      });
      const state = await bench.history.read('staging', { damage: 'report' });
      expect(state.damage).toHaveLength(3);
      expect(state.entries.map((entry) => entry.id)).toEqual([
        'api:20250917102200',
        'users:20250917102200',
      ]);
    });

    it('is settled by a repair row', async () => {
      await edit(`state = 'done'`);
      await bench.sql('DELETE FROM :schema.migration_history WHERE id = 1');
      await bench.history.append(newEntry({ action: 'repair', attempt: 4 }));
      await bench.history.append(newEntry({ action: 'revert', state: 'reverted', attempt: 5 }));
      expect((await bench.history.read('staging')).entries[0]?.attempt).toBe(5);
    });

    it.each(['migration_history', 'migration_database'])(
      'is refused when %s was dropped',
      async (table) => {
        await bench.sql(`DROP TABLE :schema.${table}`);
        const expected = {
          code: 'HISTORY_CORRUPT',
          message: expect.stringContaining(`${table} is gone`),
        };
        await expect(bench.history.read('staging')).rejects.toMatchObject(expected);
        await expect(bench.history.prepare(bench.prepared)).rejects.toMatchObject(expected);
      },
    );

    it('is refused when the stamp was deleted, until it is restored as protected', async () => {
      await bench.sql('DELETE FROM :schema.migration_database');
      const error = await bench.history.read('staging').catch((caught: unknown) => caught);
      expect(error).toMatchObject({
        code: 'HISTORY_CORRUPT',
        hint: expect.stringMatching(/ff db repair .*--adopt-environment=/),
      });
      expect((error as { hint: string }).hint).not.toContain('INSERT');
      await expect(bench.history.restoreStamp('production')).rejects.toMatchObject({
        code: 'ENVIRONMENT_MISMATCH',
      });
      await bench.history.restoreStamp('staging');
      expect(await bench.history.read('staging')).toMatchObject({
        table: 'current',
        stamp: { environment: 'staging', protected: true },
      });
    });
  });
});
