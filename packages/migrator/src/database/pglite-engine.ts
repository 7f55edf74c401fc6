import type { PGlite } from '@electric-sql/pglite' with { 'resolution-mode': 'import' };
import type { Client } from 'pg';
import { MigratorError } from '../errors';
import { sqlState } from './failure';
import { PgliteExtensions } from './pglite-extensions';

let modules: ReturnType<typeof load> | undefined;

/** Loads what is needed, once and one after the other: Jest's loader mixes up modules that are asked for at the same time. */
async function load() {
  const { PGlite } = await import('@electric-sql/pglite');
  const { createPgConfig } = await import('@electric-sql/pglite/node-postgres');
  const { Client } = await import('pg');
  return { PGlite, createPgConfig, Client };
}

/** An engine for as long as a session needs it. */
export interface LentEngine {
  readonly engine: PgliteEngine;
  /** Whether somebody else may be using the data by now. */
  isLost(): boolean;
  release(): Promise<void>;
}

/** A running PGlite and the `pg` client on it, so that values, results and errors are those of `pg` on a server. */
export class PgliteEngine {
  private constructor(
    private readonly pglite: PGlite,
    readonly client: Client,
    private readonly extensions: PgliteExtensions,
  ) {}

  /**
   * Starts PGlite.
   *
   * @param data an absolute folder, created where it is not there; for a database in memory the {@link dump} of an earlier
   *   engine, or nothing
   */
  static async start(data: string | Blob | undefined): Promise<PgliteEngine> {
    modules ??= load();
    const { PGlite, createPgConfig, Client } = await modules;
    const pglite = new PGlite(typeof data === 'string' ? { dataDir: data } : { loadDataDir: data });
    await pglite.waitReady;
    const { connection, user, database, host, port, password } = createPgConfig(pglite);
    // The types of `pg` do not know that a client can be given its connection.
    const config = { connection, user, database, host, port, password };
    const client = new Client(config);
    client.on('error', () => undefined);
    await client.connect();
    const engine = new PgliteEngine(pglite, client, new PgliteExtensions(pglite));
    await engine.extensions.restore(client);
    return engine;
  }

  /** Before each statement: puts the bundled extensions in place if it speaks of one. */
  async prepare(sql: string): Promise<void> {
    if (/extension/i.test(sql)) await this.extensions.install();
  }

  /** Says of an extension that PGlite lacks which ones it has. */
  explain(error: unknown): unknown {
    const name = missingExtension(error);
    if (name === undefined) return error;
    return new MigratorError(
      'EXTENSION_NOT_AVAILABLE',
      `The extension ${name} is not part of the embedded database PGlite, which has: ${this.extensions.names().join(', ')}.`,
      {
        hint: 'Use a Postgres server for this environment: set its url to postgres://user@host:5432/database in db.config.',
        cause: error,
      },
    );
  }

  /** All data that is committed, to start another engine from. */
  async dump(): Promise<Blob> {
    await this.client.query('ROLLBACK');
    await this.client.query('CHECKPOINT');
    return this.pglite.dumpDataDir('none');
  }

  async stop(): Promise<void> {
    await this.client.end();
    await this.pglite.close();
  }
}

/** The name in `extension "postgis" is not available`. */
function missingExtension(error: unknown): string | undefined {
  if (sqlState(error) !== '0A000') return undefined;
  const { message } = error as { readonly message?: unknown };
  return typeof message === 'string'
    ? /^extension "(.+)" is not available$/.exec(message)?.[1]
    : undefined;
}
