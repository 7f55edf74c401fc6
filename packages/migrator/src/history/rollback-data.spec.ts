import { describeHistory } from './testing/describe-history';
import { failedEntry, newEntry } from './testing/entries';

describeHistory('the history', (bench) => {
  describe('rollback data', () => {
    beforeEach(() => bench.history.prepare(bench.prepared));
    const latestData = async (): Promise<unknown> =>
      bench.history.rollbackData((await bench.history.read('staging')).entries[0]?.rowId ?? '');

    it.each(['{"tables_created": ["a"], "n": 1.5}', 'null', '"text"', '[]'])(
      'comes back as it was stored: %s',
      async (rollbackData) => {
        await bench.history.append(newEntry({ rollbackData }));
        expect(await latestData()).toEqual(JSON.parse(rollbackData));
      },
    );

    it('is undefined where the migration returned none', async () => {
      await bench.history.append(
        newEntry({ rollbackData: '{"old": true}', state: 'failed', success: false }),
      );
      await bench.history.append(newEntry({ attempt: 2 }));
      expect(await latestData()).toBeUndefined();
    });

    it('is still found behind a failed revert and a repair', async () => {
      await bench.history.append(newEntry({ rollbackData: '{"a": 1}' }));
      await bench.history.append(failedEntry({ action: 'revert', state: 'applied', attempt: 2 }));
      await bench.history.append(newEntry({ action: 'repair', attempt: 3 }));
      expect(await latestData()).toEqual({ a: 1 });
    });

    it('is what an interrupted migration had saved, once it is marked as applied', async () => {
      await bench.history.append(
        newEntry({ state: 'running', success: false, rollbackData: '{"a": 1}' }),
      );
      await bench.history.append(newEntry({ action: 'repair', attempt: 2 }));
      expect(await latestData()).toEqual({ a: 1 });
    });

    it('of what was reverted is not used again', async () => {
      await bench.history.append(newEntry({ rollbackData: '{"a": 1}' }));
      await bench.history.append(newEntry({ action: 'revert', state: 'reverted', attempt: 2 }));
      await bench.history.append(newEntry({ state: 'running', success: false, attempt: 3 }));
      expect(await latestData()).toBeUndefined();
    });

    it('of a row that was deleted is an error', async () => {
      await expect(bench.history.rollbackData('4711')).rejects.toMatchObject({
        code: 'HISTORY_CORRUPT',
      });
    });
  });
});
