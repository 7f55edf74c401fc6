import { latestFormat, upgrades } from './formats';
import { describeHistory } from './testing/describe-history';
import { newEntry } from './testing/entries';

describeHistory('preparing a history', (bench) => {
  describe('of another environment', () => {
    const asProduction = { ...bench.prepared, environment: 'production' };
    const mismatch = {
      code: 'ENVIRONMENT_MISMATCH',
      message: expect.stringMatching(
        /stamped 'staging' \(\d{4}-.*, by .*\) and is not used as 'production'/,
      ),
    };
    beforeEach(() => bench.history.prepare(bench.prepared));

    it('is refused, with or without a state, and nothing is written', async () => {
      const state = await bench.history.read('production');
      expect(
        await bench.roundTrips(() =>
          expect(bench.history.prepare(asProduction, state)).rejects.toMatchObject(mismatch),
        ),
      ).toBe(0);
      await expect(bench.history.prepare(asProduction)).rejects.toMatchObject(mismatch);
      expect((await bench.sql('SELECT FROM :schema.migration_database')).rows).toHaveLength(1);
    });

    it('names the command for a restored copy, and asks for no hand-written SQL', async () => {
      const error = await bench.history.prepare(asProduction).catch((caught: unknown) => caught);
      const { hint } = error as { hint: string };
      expect(hint).toContain(
        'ff db repair --project=api --env=production --adopt-environment=staging',
      );
      expect(hint).not.toMatch(/INSERT|UPDATE/);
    });
  });

  describe('the protected mark', () => {
    it('stays when a runner does not ask for it', async () => {
      await bench.history.prepare({ ...bench.prepared, protected: true });
      await bench.history.prepare(bench.prepared);
      expect((await bench.history.read('staging')).stamp?.protected).toBe(true);
    });

    it('is added when a runner asks for it later', async () => {
      await bench.history.prepare(bench.prepared);
      await bench.history.prepare(
        { ...bench.prepared, protected: true },
        await bench.history.read('staging'),
      );
      expect((await bench.history.read('staging')).stamp?.protected).toBe(true);
    });
  });

  describe('of another format', () => {
    const current = latestFormat(upgrades);
    const newer = [...upgrades, { format: current + 1, files: ['002_retired.sql'] }];

    it('is refused when it is newer than this migrator', async () => {
      await bench.historyWith(newer).prepare(bench.prepared);
      const expected = {
        code: 'HISTORY_TOO_NEW',
        message: expect.stringContaining(`has format ${current + 1}`),
      };
      await expect(bench.history.read('staging')).rejects.toMatchObject(expected);
      await expect(bench.history.prepare(bench.prepared)).rejects.toMatchObject(expected);
    });

    it('is refused also when the newer format has lost a column of ours', async () => {
      await bench.historyWith(newer).prepare(bench.prepared);
      await bench.sql('ALTER TABLE :schema.migration_history RENAME COLUMN success TO worked');
      await expect(bench.history.read('staging')).rejects.toMatchObject({
        code: 'HISTORY_TOO_NEW',
      });
    });

    it('is outdated when it is older, and upgraded in place with rows and mark kept', async () => {
      await bench.history.prepare({ ...bench.prepared, protected: true });
      await bench.history.append(newEntry());
      const next = bench.historyWith(newer);
      const state = await next.read('staging');
      expect(state).toMatchObject({
        table: 'outdated',
        format: current,
        entries: [{ attempt: 1 }],
      });
      await next.prepare(bench.prepared, state);
      expect(await next.read('staging')).toMatchObject({
        table: 'current',
        format: current + 1,
        stamp: { protected: true },
        entries: [{ attempt: 1 }],
      });
    });
  });

  it('A5: allows the state retired in a history of format 1, once that is upgraded', async () => {
    const old = bench.historyWith(upgrades.slice(0, 1));
    await old.prepare(bench.prepared);
    const retired = { ...newEntry(), action: 'repair', state: 'retired' } as const;
    await expect(old.append(retired)).rejects.toMatchObject({ message: /state_check/ });
    await bench.history.prepare(bench.prepared);
    await bench.history.append(retired);
    expect((await bench.history.read('staging')).entries).toMatchObject([{ state: 'retired' }]);
  });

  it('does not take over a table that only has its name', async () => {
    await bench.sql('CREATE SCHEMA :schema; CREATE TABLE :schema.migration_history (story text)');
    const expected = {
      code: 'HISTORY_CORRUPT',
      message: expect.stringContaining('is not a migration history'),
    };
    await expect(bench.history.read('staging')).rejects.toMatchObject(expected);
    await expect(bench.history.prepare(bench.prepared)).rejects.toMatchObject(expected);
  });

  it('leaves no transaction open when preparing fails', async () => {
    await bench.history.prepare(bench.prepared);
    await bench.history
      .prepare({ ...bench.prepared, environment: 'production' })
      .catch(() => undefined);
    await bench.sql('CREATE TABLE :schema.still_works ()');
    const { rows } = await bench.session.query(
      `SELECT FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()`,
    );
    expect(rows).toHaveLength(0);
  });
});
