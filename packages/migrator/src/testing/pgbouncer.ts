import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './embedded-server';
import { until } from './faults/until';

/** A pooler before a server. */
export interface PgBouncer {
  /** The url of a database on the server, by way of the pooler. */
  through(databaseUrl: string): string;
  stop(): Promise<void>;
}

export interface PgBouncerOptions {
  /** Superuser's url of the server. */
  readonly serverUrl: string;
  readonly mode: 'session' | 'transaction' | 'statement';
  /** Further lines of its `[pgbouncer]` section. */
  readonly settings?: readonly string[];
}

/** Where the program is; `undefined` where it is not installed. */
export function findPgBouncer(): string | undefined {
  return ['pgbouncer', '/usr/sbin/pgbouncer', '/opt/homebrew/bin/pgbouncer'].find(
    (program) => spawnSync(program, ['--version']).status === 0,
  );
}

/** Starts PgBouncer on a free port of this host. */
export async function startPgBouncer(options: PgBouncerOptions): Promise<PgBouncer> {
  const program = findPgBouncer();
  if (program === undefined) throw new Error('PgBouncer is not installed.');
  const server = new URL(options.serverUrl);
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'flashfusion-pgbouncer-'));
  const users = join(folder, 'users.txt');
  const configuration = join(folder, 'pgbouncer.ini');
  writeFileSync(users, `"${server.username}" "${decodeURIComponent(server.password)}"\n`);
  writeFileSync(
    configuration,
    [
      '[databases]',
      `* = host=${server.hostname} port=${server.port}`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${port}`,
      'unix_socket_dir =',
      'auth_type = plain',
      `auth_file = ${users}`,
      `pool_mode = ${options.mode}`,
      ...(options.settings ?? []),
    ].join('\n'),
  );
  const identity = ordinaryUser();
  if (identity) for (const path of [folder, users, configuration]) give(path, identity);
  const pooler = spawn(program, [configuration], { stdio: 'ignore', ...identity });
  await until('PgBouncer listens', () => accepts(port));
  return {
    through(databaseUrl) {
      const url = new URL(databaseUrl);
      url.host = `127.0.0.1:${port}`;
      return url.href;
    },
    async stop() {
      const exited = once(pooler, 'exit');
      pooler.kill('SIGINT');
      // It waits for its clients on SIGINT.
      pooler.kill('SIGTERM');
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

interface Identity {
  readonly uid: number;
  readonly gid: number;
}

/** PgBouncer does not run as root. */
function ordinaryUser(): Identity | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) =>
    Number(spawnSync('id', [flag, 'nobody'], { encoding: 'utf8' }).stdout);
  return { uid: id('-u'), gid: id('-g') };
}

function give(path: string, { uid, gid }: Identity): void {
  chownSync(path, uid, gid);
  chmodSync(path, 0o700);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => resolve(true));
    socket.on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}
