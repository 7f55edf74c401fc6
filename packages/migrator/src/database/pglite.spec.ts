import { fork, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { databaseFixture, type DatabaseFixture } from '../testing/databases';
import { createPgliteFolder } from '../testing/pglite';
import { lockFolder } from './folder-lock';

describe('The extensions of PGlite', () => {
  let fixture: DatabaseFixture;

  beforeAll(async () => {
    const { url, remove } = await createPgliteFolder();
    fixture = await databaseFixture(url, remove);
  });
  afterEach(() => fixture.closeSessions());
  afterAll(() => fixture?.drop());

  it('work with a plain CREATE EXTENSION, also when the database is opened again', async () => {
    const first = await fixture.open();
    await first.query(`
      CREATE EXTENSION pg_trgm;
      CREATE TABLE words (word text);
      CREATE INDEX ON words USING gin (word gin_trgm_ops);
      INSERT INTO words VALUES ('hello');
    `);
    await first.close();
    const second = await fixture.open();
    const { rows } = await second.query(`SELECT word FROM words WHERE word % 'helo'`);
    expect(rows).toEqual([{ word: 'hello' }]);
  });

  it('work each', async () => {
    const session = await fixture.open();
    await session.query('CREATE EXTENSION IF NOT EXISTS pg_trgm');
    const { rows } = await session.query<{ name: string }>(
      `SELECT name FROM pg_available_extensions ORDER BY name`,
    );
    const refused: string[] = [];
    for (const { name } of rows) {
      await session
        .query(`CREATE EXTENSION IF NOT EXISTS "${name}" CASCADE`)
        .catch((error: Error) => refused.push(`${name}: ${error.message}`));
    }
    expect(rows.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['btree_gist', 'citext', 'hstore', 'ltree', 'pgcrypto', 'uuid-ossp']),
    );
    expect(refused).toEqual([]);
  });

  it('that it lacks are an error that names those it has, and the way to a server', async () => {
    const session = await fixture.open();
    await expect(session.query('CREATE EXTENSION postgis')).rejects.toMatchObject({
      code: 'EXTENSION_NOT_AVAILABLE',
      message: expect.stringMatching(/postgis .*citext, .*pg_trgm, .*uuid-ossp/),
      hint: expect.stringContaining('postgres://'),
    });
    expect((await session.query('SELECT 1 AS fine')).rows).toEqual([{ fine: 1 }]);
  });
});

describe('A new embedded database', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'flashfusion-pglite-new-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('does not exist by being looked at, and does once it was opened', async () => {
    const data = join(folder, 'deep', 'in', 'here');
    const fixture = await databaseFixture(`pglite:${data}`);
    expect(await fixture.database.exists()).toBe(false);
    expect(readdirSync(folder)).toEqual([]);
    await fixture.open();
    await fixture.drop();
    expect(await fixture.database.exists()).toBe(true);
    expect(readdirSync(dirname(data))).toEqual(['here']);
  });

  it('in a folder that holds something else is an error that names it', async () => {
    const data = join(folder, 'file');
    writeFileSync(data, 'not a folder');
    const fixture = await databaseFixture(`pglite:${data}`);
    await expect(fixture.open()).rejects.toMatchObject({
      code: 'CONNECTION_FAILED',
      message: expect.stringContaining(data),
    });
    expect(existsSync(`${data}.lock`)).toBe(false);
  });
});

describe('A database in memory', () => {
  it('lasts as long as the process, and has one session at a time', async () => {
    const first = await databaseFixture('pglite:memory:shared');
    const second = await databaseFixture('pglite:memory:shared');
    expect(await first.database.exists()).toBe(false);
    const session = await first.open();
    await session.query('CREATE TABLE kept (id int); BEGIN; SET search_path = nowhere');
    await expect(second.open({ waitMs: 50 })).rejects.toMatchObject({ code: 'LOCK_HELD' });
    const waiting = second.open();
    await session.query('COMMIT');
    await session.close();
    const { rows } = await (await waiting).query(`SELECT to_regclass('kept')::text AS kept`);
    expect(rows).toEqual([{ kept: 'kept' }]);
    await second.drop();
    const other = await databaseFixture('pglite:memory:other');
    expect(await other.database.exists()).toBe(false);
  });
});

describe('The lock of a folder', () => {
  let parent: string;
  let folder: string;
  const children: ChildProcess[] = [];

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'flashfusion-folder-lock-'));
    folder = join(parent, 'data');
    await mkdir(folder);
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await rm(parent, { recursive: true, force: true });
  });

  const take = (waitMs: number) => lockFolder(folder, { waitMs, name: '.data/development' });

  /** A process that holds the folder and says so. */
  async function holder(): Promise<ChildProcess> {
    const script = join(parent, 'holder.cjs');
    const lockfile = require.resolve('proper-lockfile');
    writeFileSync(
      script,
      `const fs = require('node:fs');
       require(${JSON.stringify(lockfile)}).lock(${JSON.stringify(folder)}, { realpath: false }).then(() => {
         fs.writeFileSync(${JSON.stringify(`${folder}.lock-owner`)},
           JSON.stringify({ pid: process.pid, host: require('node:os').hostname(), started: Math.round(performance.timeOrigin) }));
         process.send('held');
       });
       setInterval(() => {}, 1000);`,
    );
    const child = fork(script, { execArgv: [] });
    children.push(child);
    await new Promise((resolve) => child.once('message', resolve));
    return child;
  }

  it('stands beside the folder and leaves nothing behind', async () => {
    const lock = await take(0);
    expect(readdirSync(folder)).toEqual([]);
    expect(readdirSync(parent).sort()).toEqual(['data', 'data.lock', 'data.lock-owner']);
    await lock.release();
    await lock.release();
    expect(readdirSync(parent)).toEqual(['data']);
  });

  it('names the process that holds it', async () => {
    const { pid } = await holder();
    await expect(take(0)).rejects.toMatchObject({
      code: 'LOCK_HELD',
      message: expect.stringMatching(`\\.data/development is in use by process ${pid} on`),
    });
  });

  it('is waited for in turn', async () => {
    const inside: number[] = [];
    let now = 0;
    await Promise.all(
      [1, 2, 3, 4].map(async () => {
        const lock = await take(60_000);
        inside.push(++now);
        await new Promise((resolve) => setImmediate(resolve));
        now -= 1;
        await lock.release();
      }),
    );
    expect(inside).toEqual([1, 1, 1, 1]);
  });

  it('of a process that was killed is taken over at once', async () => {
    const child = await holder();
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await exited;
    expect(existsSync(`${folder}.lock`)).toBe(true);
    await (await take(0)).release();
  });

  it('of a process that lives is not taken over, however long it gave no sign', async () => {
    await holder();
    const longAgo = new Date(Date.now() - 60 * 60_000);
    utimesSync(`${folder}.lock`, longAgo, longAgo);
    await expect(take(300)).rejects.toMatchObject({ code: 'LOCK_HELD' });
  });

  it('of an earlier process with our own id is taken over', async () => {
    await mkdir(`${folder}.lock`);
    const owner = { pid: process.pid, host: hostname(), started: 1 };
    writeFileSync(`${folder}.lock-owner`, JSON.stringify(owner));
    await (await take(0)).release();
  });

  it('of another machine counts for ten minutes without a sign of life', async () => {
    await mkdir(`${folder}.lock`);
    const owner = { pid: 1, host: 'elsewhere', started: 1 };
    writeFileSync(`${folder}.lock-owner`, JSON.stringify(owner));
    await expect(take(0)).rejects.toMatchObject({ code: 'LOCK_HELD' });
    const longAgo = new Date(Date.now() - 11 * 60_000);
    utimesSync(`${folder}.lock`, longAgo, longAgo);
    await (await take(0)).release();
  });

  it('is the same by whichever link one comes', async () => {
    const link = join(parent, 'link');
    symlinkSync(folder, link);
    const lock = await take(0);
    await expect(lockFolder(link, { waitMs: 0, name: 'link' })).rejects.toMatchObject({
      code: 'LOCK_HELD',
    });
    await lock.release();
  });
});
