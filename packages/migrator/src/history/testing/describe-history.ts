import type { QueryResult, Session } from '../../database/database';
import type { Upgrade } from '../formats';
import { History, type PrepareOptions } from '../history';
import { databases, type OwnDatabase } from './databases';

/** What a suite about the history works with; each test has a schema of its own, with a name that needs quoting. */
export interface Bench {
  readonly session: Session;
  readonly history: History;
  readonly schema: string;
  /** What most tests prepare the history with. */
  readonly prepared: PrepareOptions;
  /** Another history on the same schema, with other formats. */
  historyWith(steps: readonly Upgrade[]): History;
  /** Runs SQL; `:schema` stands for the quoted schema. */
  sql<Row = Record<string, unknown>>(text: string): Promise<QueryResult<Row>>;
  /** How many round trips something costs. */
  roundTrips(body: () => Promise<unknown>): Promise<number>;
}

/** Runs a suite on the embedded database and on every server of this test run. */
export function describeHistory(title: string, suite: (bench: Bench) => void): void {
  describe.each(databases)(`${title}, on $name`, ({ create }) => {
    let database: OwnDatabase;
    let session: Session;
    let schema = '';
    let count = 0;
    const quoted = (): string => `"${schema.replaceAll('"', '""')}"`;

    beforeAll(async () => {
      database = await create();
      session = await database.open();
    });
    afterAll(async () => {
      await session.close();
      await database.drop();
    });
    beforeEach(() => {
      count += 1;
      schema = `History "${count}" $$`;
    });
    afterEach(() => session.query(`DROP SCHEMA IF EXISTS ${quoted()} CASCADE`));

    suite({
      get session() {
        return session;
      },
      get history() {
        return new History(session, schema);
      },
      get schema() {
        return schema;
      },
      prepared: { environment: 'staging', protected: false, project: 'api' },
      historyWith: (steps) => new History(session, schema, steps),
      sql: (text) => session.query(text.replaceAll(':schema', quoted)),
      async roundTrips(body) {
        const spy = jest.spyOn(session, 'query');
        try {
          await body();
          return spy.mock.calls.length;
        } finally {
          spy.mockRestore();
        }
      },
    });
  });
}
