import { spawn, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../embedded-server';
import { until } from './until';

/** A PgBouncer before a server. */
export interface PgBouncer {
  /** The url of a database on that server, by way of the pooler. */
  through(databaseUrl: string): string;
  stop(): Promise<void>;
}

export interface PgBouncerOptions {
  readonly serverUrl: string;
  readonly poolMode: 'transaction' | 'session';
  /** Start-up parameters that it shall pass over rather than refuse. */
  readonly ignoredParameters?: readonly string[];
  /** Connections to the server for each database. */
  readonly poolSize?: number;
}

const PLACES = ['/usr/sbin/pgbouncer', '/usr/bin/pgbouncer', '/usr/local/bin/pgbouncer'];

/** Where PgBouncer is installed; `undefined` where it is not. */
export function findPgBouncer(): string | undefined {
  return PLACES.find((path) => existsSync(path));
}

/** Starts a PgBouncer of its own. It refuses to run as root, and is then started as the user `postgres`. */
export async function startPgBouncer(options: PgBouncerOptions): Promise<PgBouncer> {
  const binary = findPgBouncer();
  if (binary === undefined) throw new Error('PgBouncer is not installed.');
  const server = new URL(options.serverUrl);
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'flashfusion-pgbouncer-'));
  const { username, password, hostname } = server;
  const files = {
    'users.txt': `"${username}" "${password}"\n`,
    'pgbouncer.ini': [
      '[databases]',
      `* = host=${hostname} port=${server.port}`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${port}`,
      'unix_socket_dir =',
      'auth_type = plain',
      `auth_file = ${join(folder, 'users.txt')}`,
      `pool_mode = ${options.poolMode}`,
      `default_pool_size = ${options.poolSize ?? 10}`,
      `ignore_startup_parameters = ${(options.ignoredParameters ?? []).join(', ')}`,
    ].join('\n'),
  };
  const identity = process.getuid?.() === 0 ? identityOf('postgres') : undefined;
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    if (identity !== undefined) chownSync(join(folder, name), identity.uid, identity.gid);
  }
  chmodSync(folder, 0o755);
  const child = spawn(binary, [join(folder, 'pgbouncer.ini')], { ...identity, stdio: 'pipe' });
  let said = '';
  child.stderr.on('data', (text) => (said += String(text)));
  await until('PgBouncer is up', () => {
    if (child.exitCode !== null) throw new Error(`PgBouncer did not start: ${said}`);
    return Promise.resolve(/process up/.test(said));
  });
  return {
    through(databaseUrl) {
      const url = new URL(databaseUrl);
      url.port = String(port);
      return url.href;
    },
    async stop() {
      const exited = once(child, 'exit');
      // SIGINT waits for clients, SIGTERM does not.
      child.kill('SIGTERM');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function identityOf(user: string): { uid: number; gid: number } {
  const id = (flag: string) => Number(execFileSync('id', [flag, user], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}
