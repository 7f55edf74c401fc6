import { fork, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { lockFolder } from './folder-lock';
import { FolderQueue } from './folder-queue';

const BUILT = join(__dirname, '../../dist/database/folder-lock.js');

describe('G9: processes that wait for an embedded database', () => {
  let parent: string;
  let folder: string;
  const children: ChildProcess[] = [];

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'flashfusion-folder-queue-'));
    folder = join(parent, 'data');
    await mkdir(folder);
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await rm(parent, { recursive: true, force: true });
  });

  const queueFolder = () => `${folder}.lock-queue`;
  const tickets = () => (existsSync(queueFolder()) ? readdirSync(queueFolder()).sort() : []);
  const take = (waitMs: number) => lockFolder(folder, { waitMs, name: '.data/development' });
  const until = async (condition: () => boolean) => {
    while (!condition()) await pause(5);
  };

  /** Processes that wait for the folder once they are told to, write their number and release it. */
  async function waiters(amount: number): Promise<ChildProcess[]> {
    const script = join(parent, 'waiter.cjs');
    writeFileSync(
      script,
      `const { lockFolder } = require(${JSON.stringify(BUILT)});
       const { appendFileSync } = require('node:fs');
       process.once('message', async ({ number, waitMs }) => {
         try {
           const lock = await lockFolder(${JSON.stringify(folder)}, { waitMs, name: 'data' });
           appendFileSync(${JSON.stringify(join(parent, 'log'))}, number + ' ');
           await new Promise((resolve) => setTimeout(resolve, 50));
           await lock.release();
         } catch (error) {
           appendFileSync(${JSON.stringify(join(parent, 'log'))}, error.code + ' ');
         }
         process.disconnect();
       });
       process.send('ready');`,
    );
    const started = Array.from({ length: amount }, () => fork(script, { execArgv: [] }));
    children.push(...started);
    await Promise.all(
      started.map((child) => new Promise((resolve) => child.once('message', resolve))),
    );
    return started;
  }

  /** Sends the processes to the folder, each after the one before has its place. */
  async function queueUp(processes: readonly ChildProcess[]): Promise<void> {
    for (const [index, child] of processes.entries()) {
      child.send({ number: index, waitMs: 60_000 });
      await until(() => tickets().length === index + 1);
    }
  }

  const ended = (processes: readonly ChildProcess[]) =>
    Promise.all(processes.map((child) => new Promise((resolve) => child.once('exit', resolve))));
  const log = () => readFileSync(join(parent, 'log'), 'utf8').trim();

  it('G9: 60 processes get it in the order in which they came, also one whose lockWait is shorter than the queue', async () => {
    const held = await take(0);
    const processes = await waiters(60);
    await queueUp(processes.slice(0, 59));
    // 59 processes keep the folder for 50 ms each, which is more than this one waits for one of them.
    processes[59]?.send({ number: 59, waitMs: 2_500 });
    await until(() => tickets().length === 60);
    const end = ended(processes);
    await held.release();
    await end;
    expect(log().split(' ').map(Number)).toEqual(processes.map((_, index) => index));
    expect(readdirSync(parent).sort()).toEqual(['data', 'log', 'waiter.cjs']);
  }, 120_000);

  it('G9: a process that waits as long as lockWait for one holder is refused, and others that give up change nothing', async () => {
    const held = await take(0);
    const results = await Promise.allSettled([take(200), take(200), take(200)]);
    for (const result of results) {
      expect(result).toMatchObject({
        status: 'rejected',
        reason: {
          code: 'LOCK_HELD',
          message: expect.stringMatching(/still after 0\.2 s of waiting\. Nothing/) as string,
        },
      });
    }
    expect(tickets()).toEqual([]);
    await held.release();
  });

  it('G9: a process that does not wait never overtakes those that do', async () => {
    const held = await take(0);
    const patient = take(60_000);
    await until(() => tickets().length === 1);
    await held.release();
    await expect(take(0)).rejects.toMatchObject({ code: 'LOCK_HELD' });
    await (await patient).release();
    await (await take(0)).release();
  });

  it('G9: the next process follows when the one before it is killed while it waits', async () => {
    const held = await take(0);
    const processes = await waiters(2);
    await queueUp(processes);
    const killed = ended(processes.slice(0, 1));
    processes[0]?.kill('SIGKILL');
    await killed;
    const end = ended(processes.slice(1));
    await held.release();
    await end;
    expect(log()).toBe('1');
    expect(tickets()).toEqual([]);
  });

  it('G9: the next process follows when the holder is killed', async () => {
    const processes = await waiters(3);
    const held = await take(0);
    await queueUp(processes);
    // What a kill leaves behind: the lock of a process that is gone.
    const owner = JSON.parse(readFileSync(`${folder}.lock-owner`, 'utf8')) as object;
    const end = ended(processes);
    writeFileSync(`${folder}.lock-owner`, JSON.stringify({ ...owner, pid: 2 ** 22 + 1 }));
    await end;
    expect(log()).toBe('0 1 2');
    expect(held.isLost()).toBe(false);
  });

  it('G9: finds a place also while the last one that waited removes the queue', async () => {
    const come = async () => {
      for (let visit = 0; visit < 100; visit += 1) {
        const queue = new FolderQueue(queueFolder());
        await queue.position();
        await queue.leave();
      }
    };
    await Promise.all(Array.from({ length: 8 }, come));
    expect(tickets()).toEqual([]);
  });

  it('G9: keeps its place if its ticket or the whole queue is deleted', async () => {
    const held = await take(0);
    const first = take(60_000);
    await until(() => tickets().length === 1);
    const [before = ''] = tickets();
    const order: string[] = [];
    const second = take(60_000).then((lock) => (order.push('second'), lock.release()));
    await until(() => tickets().length === 2);
    await rm(queueFolder(), { recursive: true });
    await until(() => tickets().includes(before));
    await held.release();
    await first.then((lock) => (order.push('first'), lock.release()));
    await second;
    expect(order).toEqual(['first', 'second']);
  });

  describe('tickets of processes that give no sign of life', () => {
    const hex = (text: string) => Buffer.from(text).toString('hex');
    const ticket = async (pid: number, host: string, ageMs: number) => {
      await mkdir(queueFolder(), { recursive: true });
      const path = join(queueFolder(), `000000000000001.0badcafe.${pid}.1.${hex(host)}`);
      writeFileSync(path, '.');
      const time = new Date(Date.now() - ageMs);
      utimesSync(path, time, time);
      return path;
    };
    const place = async () => {
      const queue = new FolderQueue(queueFolder());
      const position = await queue.position();
      await queue.leave();
      return position;
    };

    it('G9: of another machine count for half a minute, and stay for ten', async () => {
      await ticket(1, 'elsewhere', 0);
      expect(await place()).toBe(1);
      const path = await ticket(1, 'elsewhere', 60_000);
      expect(await place()).toBe(0);
      expect(existsSync(path)).toBe(true);
      await ticket(1, 'elsewhere', 11 * 60_000);
      expect(await place()).toBe(0);
      expect(existsSync(path)).toBe(false);
    });

    it('G9: of a process id that another process has got since are passed over', async () => {
      const { hostname } = await import('node:os');
      const path = await ticket(process.ppid, hostname(), 60_000);
      expect(await place()).toBe(0);
      expect(existsSync(path)).toBe(true);
    });

    it('G9: of an earlier process with our own id are removed', async () => {
      const { hostname } = await import('node:os');
      const path = await ticket(process.pid, hostname(), 0);
      expect(await place()).toBe(0);
      expect(existsSync(path)).toBe(false);
    });

    it('G9: files that are no tickets keep nobody waiting', async () => {
      await mkdir(queueFolder());
      writeFileSync(join(queueFolder(), '.DS_Store'), '');
      await (await take(0)).release();
      expect(await place()).toBe(0);
    });
  });
});
