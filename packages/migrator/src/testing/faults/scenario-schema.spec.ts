import fc from 'fast-check';
import { createTestDatabase, describeEachPostgres, type TestDatabase } from '../postgres';
import { CONNECTION_FAULTS, scenarios, type Scenario } from './scenario';
import { findContradictions, setupSql } from './scenario-schema';

describe('random scenarios', () => {
  const drawn = fc.sample(scenarios(CONNECTION_FAULTS), { seed: 1, numRuns: 300 });
  const all = drawn.flatMap(({ graph, steps }) => [
    ...graph.map(({ shape, mode }) => `${shape.kind} ${mode}`),
    ...graph.map(({ leak }) => `leak ${String(leak)}`),
    ...steps.map(({ command }) => command.kind),
  ]);

  it.each([
    ...['guarded', 'corrected', 'saved'].flatMap((kind) =>
      ['transaction', 'no-transaction'].map((mode) => `${kind} ${mode}`),
    ),
    ...['leak role', 'leak search-path', 'leak replication-role', 'leak time-zone'],
    ...['rename', 'race', 'correct', 'resume', 'rollback'],
  ])('contain: %s', (what) => {
    expect(all).toContain(what);
  });

  it('let no migration of the prerequisite project depend on the other project', () => {
    for (const { graph } of drawn) {
      for (const { project, dependencies } of graph) {
        for (const dependency of dependencies) {
          expect(['shop', project]).toContain(graph[dependency]?.project);
        }
      }
    }
  });
});

describeEachPostgres('what a scenario finds in a database whose history is empty', (server) => {
  const scenario: Scenario = {
    graph: [
      {
        project: 'shop',
        dependencies: [],
        mode: 'no-transaction',
        shape: { kind: 'saved' },
        leak: undefined,
      },
    ],
    steps: [],
  };
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase(server);
    await database.query(setupSql(scenario));
  });
  afterAll(() => database.drop());

  it('is nothing as long as nothing ran', async () => {
    expect(await findContradictions(database, scenario)).toEqual([]);
  });

  it.each([
    ['CREATE TABLE m_0_a (id int)', 'not recorded: public.m_0_a.id'],
    [
      'CREATE TABLE soak.m_0_b (id int); ALTER TABLE soak.m_0_b OWNER TO pg_monitor',
      'not recorded: soak.m_0_b.id owned by pg_monitor',
    ],
    ['UPDATE soak.counters SET n = n + 2', 'not recorded: counter 0 = 2'],
    [
      'SET session_replication_role = replica; UPDATE soak.counters SET n = n + 1; RESET session_replication_role',
      'not recorded: counter 0 without its trigger',
    ],
    [
      "SET TimeZone = 'Asia/Tokyo'; UPDATE soak.counters SET n = n; RESET TimeZone",
      'not recorded: session of 0: postgres postgres Asia/Tokyo',
    ],
    ['UPDATE soak.notes SET note = NULL WHERE id = 3', 'lost: note 3 of 0'],
  ])('is a contradiction after: %s', async (sql, sentence) => {
    await database.query(sql);
    expect(await findContradictions(database, scenario)).toContainEqual(
      expect.stringContaining(sentence),
    );
  });
});
