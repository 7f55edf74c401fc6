import { databaseFixture, type DatabaseFixture } from '../testing/databases';
import { until } from '../testing/faults/until';
import { createTestDatabase, describeEachPostgres, type TestDatabase } from '../testing/postgres';
import type { LockHolder } from '../run/events';
import type { Session } from './database';
import { acquireLock, databaseLockKey, lockHeldSql, lockKey } from './lock';

const KEY = lockKey({ schema: 'public', project: 'api' });
const LONG = 60_000;

describe('The key of a lock', () => {
  it('is the same for everyone and for all time', () => {
    expect(KEY).toBe('1054666111759878571');
  });

  it('differs in each part, and in where a part ends', () => {
    const parts = { schema: 'public', project: 'api' };
    const keys = [
      parts,
      { ...parts, schema: 'app' },
      { ...parts, project: 'web' },
      { schema: 'publica', project: 'pi' },
    ].map(lockKey);
    expect(new Set([...keys, databaseLockKey()]).size).toBe(keys.length + 1);
  });

  it('is a signed 64-bit number', () => {
    for (const project of ['a', 'b', 'c', 'd', 'e', 'f']) {
      const key = BigInt(lockKey({ schema: 's', project }));
      expect(BigInt.asIntN(64, key)).toBe(key);
    }
  });
});

describeEachPostgres('Two runners', (server) => {
  let database: TestDatabase;
  let fixture: DatabaseFixture;
  let first: Session;
  let second: Session;

  beforeAll(async () => {
    database = await createTestDatabase(server);
    fixture = await databaseFixture(database.url, database.drop);
  });
  beforeEach(async () => {
    first = await fixture.open({ applicationName: 'flashfusion first' });
    second = await fixture.open({ applicationName: 'flashfusion second' });
  });
  afterEach(() => fixture.closeSessions());
  afterAll(() => fixture?.drop());

  const take = (session: Session, waitMs: number) =>
    acquireLock(session, { key: KEY, waitMs, project: 'api' });

  it('cannot hold the lock both, and the second one is told who holds it', async () => {
    await take(first, 0);
    const error: unknown = await take(second, 0).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'LOCK_HELD' });
    const { message } = error as Error;
    expect(message).toContain('api');
    expect(message).toContain(String(first.server.backendPid));
    expect(message).toContain('flashfusion first');
    expect(message).toContain('postgres');
    expect(message).toMatch(/since \d{4}-\d\d-\d\dT/);
  });

  it('wait for each other, and the waiter hears for whom', async () => {
    await take(first, 0);
    const heard: (LockHolder | undefined)[] = [];
    const waiting = acquireLock(second, {
      key: KEY,
      waitMs: LONG,
      project: 'api',
      onWaiting: (holder) => heard.push(holder),
    });
    await until('the waiter heard of the holder', async () => heard.length > 0);
    const { backendPid } = first.server;
    await first.close();
    await waiting;
    expect(heard).toEqual([
      expect.objectContaining({
        pid: backendPid,
        applicationName: 'flashfusion first',
      }),
    ]);
  });

  it('give up after the time they were given', async () => {
    await take(first, 0);
    await expect(take(second, 300)).rejects.toMatchObject({ code: 'LOCK_HELD' });
  });

  it('get the lock of a runner that died', async () => {
    await take(first, 0);
    const waiting = take(second, LONG);
    await database.query('SELECT pg_terminate_backend($1)', [first.server.backendPid]);
    await waiting;
    expect(first.closed).toBe(true);
  });

  it('stop waiting when they are cancelled', async () => {
    await take(first, 0);
    const cancel = new AbortController();
    const waiting = acquireLock(second, {
      key: KEY,
      waitMs: LONG,
      project: 'api',
      signal: cancel.signal,
      onWaiting: () => cancel.abort(),
    });
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('of different projects do not wait', async () => {
    await take(first, 0);
    const key = lockKey({ schema: 'public', project: 'web' });
    await acquireLock(second, { key, waitMs: 0, project: 'web' });
  });

  it('hold the lock only on the backend that took it', async () => {
    await take(first, 0);
    const held = `SELECT ${lockHeldSql(KEY)} AS held`;
    expect((await first.query(held)).rows).toEqual([{ held: true }]);
    expect((await second.query(held)).rows).toEqual([{ held: false }]);
  });

  it('race for it many times, and one at a time is inside', async () => {
    const sessions = await Promise.all(Array.from({ length: 6 }, () => fixture.open()));
    let inside = 0;
    const crowds: number[] = [];
    await Promise.all(
      sessions.map(async (session) => {
        await take(session, LONG);
        crowds.push(++inside);
        await session.query('SELECT pg_sleep(0.01)');
        inside -= 1;
        await session.close();
      }),
    );
    expect(crowds).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it('do not deadlock when one builds an index concurrently', async () => {
    await database.query('CREATE TABLE busy (id int)');
    await take(first, 0);
    // The index build waits for this transaction, and meanwhile the second runner waits for the lock.
    const blocker = await fixture.open();
    await blocker.query('BEGIN; LOCK TABLE busy IN ROW EXCLUSIVE MODE');
    const building = first.query('CREATE INDEX CONCURRENTLY busy_id ON busy (id)');
    const heard: unknown[] = [];
    const waiting = acquireLock(second, {
      key: KEY,
      waitMs: LONG,
      project: 'api',
      onWaiting: (holder) => heard.push(holder),
    });
    await until('the second runner waits', async () => heard.length > 0);
    await until('the index waits for the transaction', async () => {
      const [row] = await database.query<{ waits: boolean }>(
        'SELECT cardinality(pg_blocking_pids($1)) > 0 AS waits',
        [first.server.backendPid],
      );
      return row?.waits;
    });
    await blocker.query('COMMIT');
    await building;
    await first.close();
    await waiting;
    const [index] = await database.query(
      `SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = 'busy_id'::regclass`,
    );
    expect(index).toEqual({ valid: true });
  });
});
