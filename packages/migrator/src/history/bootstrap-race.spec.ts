import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Session } from '../database/database';
import { History } from './history';
import { servers, type OwnDatabase } from './testing/databases';

const options = { environment: 'staging', protected: false, project: 'api' };
const original = readFileSync(join(__dirname, 'fixtures', '000_original_agent.sql'), 'utf8');

const each =
  servers.length > 0
    ? describe.each(servers)
    : describe.skip.each([
        { name: 'no server in this run', create: () => Promise.reject(new Error('no server')) },
      ]);

each('eight runners that prepare at once on $name', ({ create: createDatabase }) => {
  let database: OwnDatabase;
  let sessions: Session[];
  let owner: Session;

  beforeAll(async () => {
    database = await createDatabase();
    owner = await database.open();
    sessions = await Promise.all(Array.from({ length: 8 }, () => database.open()));
  });
  afterAll(async () => {
    await Promise.all([owner, ...sessions].map((session) => session.close()));
    await database.drop();
  });
  afterEach(() => owner.query('DROP SCHEMA IF EXISTS race CASCADE'));

  const prepareAll = (environmentOf: (runner: number) => string) =>
    Promise.allSettled(
      sessions.map((session, runner) =>
        new History(session, 'race').prepare({ ...options, environment: environmentOf(runner) }),
      ),
    );
  const stamps = async (): Promise<string[]> => {
    const { rows } = await owner.query<{ note: string }>(
      'SELECT note FROM race.migration_database',
    );
    return rows.map(({ note }) => note);
  };

  it('create the tables once and never fail, fifty times over', async () => {
    for (let round = 0; round < 50; round += 1) {
      const outcomes = await prepareAll(() => 'staging');
      expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual([]);
      expect(await stamps()).toEqual(['created']);
      await owner.query('DROP SCHEMA race CASCADE');
    }
  });

  it("upgrade the original agent's table once and never fail", async () => {
    for (let round = 0; round < 10; round += 1) {
      await owner.query(
        `CREATE SCHEMA race; SET search_path = race; ${original}; RESET search_path`,
      );
      const outcomes = await prepareAll(() => 'staging');
      expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual([]);
      expect(await stamps()).toEqual(['upgraded from the original agent']);
      await owner.query('DROP SCHEMA race CASCADE');
    }
  });

  it('of two environments: one gets the database, the other is refused', async () => {
    const outcomes = await prepareAll((runner) => (runner % 2 === 0 ? 'staging' : 'production'));
    const refused = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [(outcome.reason as { code: string }).code] : [],
    );
    expect(refused).toEqual(Array.from({ length: 4 }, () => 'ENVIRONMENT_MISMATCH'));
    expect(await stamps()).toEqual(['created']);
  });
});
