import { MARK_TRANSACTION } from '../database/transaction-mark';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Session } from '../database/database';
import { History } from './history';
import { databases, type OwnDatabase } from './testing/databases';
import { connectAs } from './testing/connect-as';
import { newEntry } from './testing/entries';

const options = { environment: 'staging', protected: false, project: 'api' };

describe.each(databases)('roles on $name', ({ create: createDatabase }) => {
  let database: OwnDatabase;
  let session: Session;
  let history: History;

  beforeAll(async () => {
    database = await createDatabase();
    session = await database.open();
    history = new History(session, 'audited');
    await session.query('CREATE ROLE ff_migrator; CREATE ROLE ff_auditor; CREATE ROLE ff_stranger');
    await history.prepare(options);
    await history.append(newEntry({ rollbackData: '{"a": 1}' }));
    const grants = readFileSync(join(__dirname, 'sql', 'roles.sql'), 'utf8');
    await session.query(
      grants
        .replaceAll(':"schema"', 'audited')
        .replaceAll(':"migrator"', 'ff_migrator')
        .replaceAll(':"auditor"', 'ff_auditor'),
    );
  });
  afterEach(() => {
    jest.restoreAllMocks();
    return session.query('RESET ROLE');
  });
  afterAll(async () => {
    await session.query(`DROP SCHEMA IF EXISTS audited CASCADE; DROP SCHEMA IF EXISTS private CASCADE;
      DROP ROLE ff_migrator, ff_auditor, ff_stranger`);
    await session.close();
    await database.drop();
  });

  const as = (role: string) => {
    connectAs(session, role);
    return session.query(`SET ROLE ${role}`);
  };
  const denied = { code: 'PERMISSION_DENIED', hint: expect.stringContaining('SELECT and INSERT') };
  const changes = [
    'UPDATE audited.migration_history SET success = false',
    'DELETE FROM audited.migration_history',
    'TRUNCATE audited.migration_history',
    'ALTER TABLE audited.migration_history ADD COLUMN x integer',
    'DROP TABLE audited.migration_history',
    "UPDATE audited.migration_chain SET hash = ''",
    'DELETE FROM audited.migration_chain',
    'TRUNCATE audited.migration_chain',
    'UPDATE audited.migration_database SET protected = false',
    'DELETE FROM audited.migration_database',
    'TRUNCATE audited.migration_database',
  ];

  it('let a migrator do all that a run does', async () => {
    await as('ff_migrator');
    const state = await history.read('staging');
    await history.prepare(options, state);
    await history.append(newEntry({ attempt: 2 }));
    await session.query('BEGIN');
    await session.query(`${MARK_TRANSACTION}; SELECT pg_try_advisory_xact_lock(5)`);
    const guard = { lockKey: '5' };
    expect(await history.appendGuarded(newEntry({ attempt: 3 }), guard)).toBe('appended');
    await session.query('COMMIT');
    expect(await history.recent('staging', 'api', 9)).toHaveLength(3);
    expect(await history.attemptsOf('run-1')).toHaveLength(3);
    expect(await history.rollbackData('1')).toEqual({ a: 1 });
  });

  it('let a migrator mark the database as protected', async () => {
    await as('ff_migrator');
    await history.prepare({ ...options, protected: true });
    expect((await history.read('staging')).stamp?.protected).toBe(true);
  });

  it.each(changes)('keep a migrator from %s', async (sql) => {
    await as('ff_migrator');
    await expect(session.query(sql)).rejects.toMatchObject({ code: '42501' });
  });

  it.each(['executed_at', 'database_user', 'id'])(
    "keep a migrator from writing the server's %s",
    async (column) => {
      await as('ff_migrator');
      const value = column === 'executed_at' ? 'now()' : column === 'id' ? '99' : `'somebody else'`;
      await expect(
        session.query(
          `INSERT INTO audited.migration_history (${column}) OVERRIDING SYSTEM VALUE VALUES (${value})`,
        ),
      ).rejects.toMatchObject({ code: '42501' });
    },
  );

  it('let an auditor read and nothing else', async () => {
    await as('ff_auditor');
    expect((await history.read('staging')).entries).toHaveLength(1);
    await expect(history.append(newEntry({ attempt: 9 }))).rejects.toMatchObject(denied);
    for (const sql of changes)
      await expect(session.query(sql)).rejects.toMatchObject({ code: '42501' });
  });

  it('keep a stranger out, saying what to grant', async () => {
    await as('ff_stranger');
    await expect(history.read('staging')).rejects.toMatchObject(denied);
  });

  it('say what is needed when the user may not create the tables', async () => {
    await session.query('CREATE SCHEMA private');
    await as('ff_stranger');
    for (const schema of ['private', 'not_there']) {
      await expect(new History(session, schema).prepare(options)).rejects.toMatchObject(denied);
    }
  });
});
