import fc from 'fast-check';
import { startFaultProxy, type FaultProxy } from '../testing/faults/fault-proxy';
import { playScenario } from '../testing/faults/play-scenario';
import { CONNECTION_FAULTS, HISTORY_FAULTS, scenarios } from '../testing/faults/scenario';
import { createTestDatabase, describeEachPostgres, testServers } from '../testing/postgres';

jest.setTimeout(120_000);

/** Milliseconds for each server, after which no further scenario is begun: half a minute for all of them. */
const ENOUGH = 25_000 / Math.max(1, testServers().length);

describeEachPostgres('random graphs, random histories, random crash points', (server) => {
  let proxy: FaultProxy;
  beforeAll(async () => {
    proxy = await startFaultProxy(server.port);
  });
  afterAll(() => proxy.stop());

  it('the schema is that of the migrations which the history says are applied', async () => {
    const struck: Record<string, number> = {};
    const deadline = performance.now() + ENOUGH;
    await fc.assert(
      fc.asyncProperty(scenarios([...CONNECTION_FAULTS, ...HISTORY_FAULTS]), async (scenario) => {
        // Not fast-check's own limit, which would leave a scenario running behind the test.
        if (performance.now() > deadline) return;
        const database = await createTestDatabase(server);
        try {
          const { faults, lost } = await playScenario(scenario, { proxy, database });
          for (const kind of faults) struck[kind] = (struck[kind] ?? 0) + 1;
          expect(lost).toEqual([]);
        } finally {
          await database.drop();
        }
      }),
      { numRuns: 40, endOnFailure: true },
    );
    // A test of faults that never strike would prove nothing.
    expect(Object.keys(struck).length).toBeGreaterThan(1);
  });
});
