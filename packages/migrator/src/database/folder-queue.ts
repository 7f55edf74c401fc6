import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { isRunning, thisProcess, type ProcessIdentity } from './running-process';

/** Milliseconds between two signs of life of a waiting process. */
const SIGN_OF_LIFE = 5_000;

/**
 * Milliseconds without a sign of life after which a waiting process is passed over. It keeps its place, because its thread may only be
 * busy. A ticket of a dead process whose id was reused is passed over as well.
 */
const PASSED_OVER = 30_000;

/** How often the folder may disappear in a row. A path that cannot be made gives the same error each time. */
const ATTEMPTS = 100;

/** Milliseconds without a sign of life after which a ticket is removed. */
const ABANDONED = 10 * 60_000;

/**
 * The processes that wait for a folder, in the order in which they came. Each has a ticket: a file in a folder beside the data,
 * whose name says everything, so that no reader finds half of it. The folder exists only while processes wait.
 */
export class FolderQueue {
  private ticket: string | undefined;
  private signAt = 0;

  /** @param folder absolute path of the queue */
  constructor(private readonly folder: string) {}

  /** Whether no process waits. */
  async isEmpty(): Promise<boolean> {
    return (await this.waiting(Date.now())).length === 0;
  }

  /**
   * How many waiting processes came before this one. The first call gives this one its place. If the ticket was deleted, it is
   * written again for the same place.
   */
  async position(): Promise<number> {
    const ticket = (this.ticket ??= ticketName());
    await this.giveSignOfLife(ticket);
    // By the clock of the file system: that of another machine may differ from ours.
    const now = (await modifiedAt(join(this.folder, ticket))) ?? Date.now();
    const age = performance.now() - this.signAt;
    return (await this.waiting(now + age, ticket)).length;
  }

  /** Gives the place up. Never rejects. */
  async leave(): Promise<void> {
    const { ticket } = this;
    this.ticket = undefined;
    if (ticket === undefined) return;
    await rm(join(this.folder, ticket), { force: true }).catch(ignore);
    // Fails as long as others wait.
    await rmdir(this.folder).catch(ignore);
  }

  private async giveSignOfLife(ticket: string): Promise<void> {
    const path = join(this.folder, ticket);
    const isDue = this.signAt === 0 || performance.now() - this.signAt > SIGN_OF_LIFE;
    if (!isDue && (await modifiedAt(path)) !== undefined) return;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await mkdir(this.folder, { recursive: true });
        await writeFile(path, '.');
        this.signAt = performance.now();
        return;
      } catch (error) {
        // The last process that waited has removed the folder meanwhile: before the write, or while `mkdir` looked at it.
        const { code } = error as NodeJS.ErrnoException;
        if (code !== 'ENOENT' || attempt === ATTEMPTS) throw error;
      }
    }
  }

  /**
   * The tickets of processes that wait. Removes those of processes that are gone.
   *
   * @param before only the tickets that come before this one; all without it
   */
  private async waiting(now: number, before?: string): Promise<string[]> {
    const names = await readdir(this.folder).catch(() => []);
    const waiting: string[] = [];
    for (const name of names) {
      if (before !== undefined && name >= before) continue;
      const owner = ownerOf(name);
      const path = join(this.folder, name);
      const sign = await modifiedAt(path);
      if (owner === undefined || sign === undefined) continue;
      const isGone = owner.host === hostname() && !isRunning(owner);
      if (isGone || now - sign > ABANDONED) await rm(path, { force: true }).catch(ignore);
      else if (now - sign <= PASSED_OVER) waiting.push(name);
    }
    return waiting;
  }
}

/** Sorts by time. Two tickets of the same millisecond are in an arbitrary, but fixed order. */
function ticketName(): string {
  const { pid, started, host } = thisProcess();
  const time = String(Date.now()).padStart(15, '0');
  const parts = [time, randomBytes(4).toString('hex'), pid, started];
  return `${parts.join('.')}.${Buffer.from(host).toString('hex')}`;
}

function ownerOf(ticket: string): ProcessIdentity | undefined {
  const [, pid, started, host] =
    /^\d{15}\.[0-9a-f]{8}\.(\d+)\.(\d+)\.([0-9a-f]*)$/.exec(ticket) ?? [];
  if (pid === undefined || started === undefined || host === undefined) return undefined;
  return { pid: Number(pid), started: Number(started), host: Buffer.from(host, 'hex').toString() };
}

async function modifiedAt(path: string): Promise<number | undefined> {
  return stat(path).then(({ mtimeMs }) => mtimeMs, ignore);
}

const ignore = () => undefined;
