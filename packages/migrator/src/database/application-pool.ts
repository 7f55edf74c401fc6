import type { ClientPool, PooledClient } from '../config/settings';
import { describeThrown, MigratorError } from '../errors';
import { ClientSession } from './client-session';
import type { ConnectionTarget, Database, OpenOptions, Session } from './database';
import { pooledConnection } from './pooling';
import { refuseReadOnly } from './read-only-server';
import { rememberSecret, rememberSecretsOf } from '../text/redact';
import {
  newerSettings,
  ownSessionReset,
  READ_FACTS,
  sessionSettings,
  setSettings,
  toServerFacts,
  type FactsRow,
} from './session-settings';
import { serverName } from '../text/server-name';

/** Milliseconds to wait for a second client of the pool when a statement is to be cancelled. */
const PATIENCE = 2_000;

/** Fields of a `pg` client that its types leave out. */
interface ClientFields {
  readonly processID?: number | null;
  readonly host?: string;
  readonly port?: number;
  readonly database?: string;
  readonly user?: string;
  readonly password?: unknown;
  readonly connectionString?: unknown;
}

/**
 * The application's own `pg` pool. Each session takes one client of it and keeps it to the end. The pool then closes that
 * client and opens a new one when it needs one: the application never gets a client whose session was changed.
 */
export class PoolDatabase implements Database {
  readonly target: ConnectionTarget;

  constructor(private readonly pool: ClientPool) {
    const { options = {} } = pool as { readonly options?: ClientFields };
    this.target = targetOf(options);
    rememberPassword(options);
  }

  async exists(): Promise<boolean> {
    return true;
  }

  async open(options: OpenOptions): Promise<Session> {
    const client = await this.take();
    // A function of the pool has given it by now.
    rememberPassword(client as ClientFields);
    try {
      const { rows } = await client.query(READ_FACTS);
      const [facts] = rows as FactsRow[];
      if (facts === undefined) throw new Error('The server answered without a row.');
      const { processID } = client as ClientFields;
      if (typeof processID === 'number' && processID !== Number(facts.pid)) {
        throw pooledConnection(this.target);
      }
      refuseReadOnly(facts, options, this.target);
      const settings = {
        ...sessionSettings(options),
        ...newerSettings(facts.version),
        application_name: options.applicationName,
      };
      await client.query(setSettings(settings));
      return new ClientSession({
        client,
        target: { ...this.target, ...withoutUndefined(targetOf(client as ClientFields)) },
        server: toServerFacts(facts),
        reset: ownSessionReset(facts, settings),
        cancel: () => this.cancel(Number(facts.pid)),
        release: async (state) => {
          if (state === 'usable') await free(client);
          client.release(true);
        },
      });
    } catch (error) {
      client.release(true);
      throw error;
    }
  }

  private async take(): Promise<PooledClient> {
    try {
      return await this.pool.connect();
    } catch (cause) {
      const said = describeThrown(cause);
      throw new MigratorError(
        'CONNECTION_FAILED',
        `The application's pool gave no connection (${said}).`,
        { hint: 'Check the pool that was handed to the migrator.', where: 'application', cause },
      );
    }
  }

  private async cancel(backendPid: number): Promise<void> {
    const second = this.pool.connect();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(resolve, PATIENCE, undefined);
    });
    const helper = await Promise.race([second, late]).catch(() => undefined);
    clearTimeout(timer);
    if (helper === undefined) {
      // A pool of one: the client comes when ours is back, and nobody needs it then.
      void second.then((client) => client.release()).catch(() => undefined);
      return;
    }
    try {
      await helper.query('SELECT pg_catalog.pg_cancel_backend($1)', [backendPid]);
    } catch {
      // The statement goes on; its timeout is what is left.
    } finally {
      helper.release();
    }
  }
}

/** Frees transaction and locks at once: the server may notice a moment later that the connection is closed. */
async function free(client: PooledClient): Promise<void> {
  try {
    await client.query('ROLLBACK');
    await client.query('SELECT pg_catalog.pg_advisory_unlock_all()');
  } catch {
    // The connection is gone, and both with it.
  }
}

/** `pg` keeps the password as a property that is not enumerable. */
function rememberPassword({ password, connectionString, user, database }: ClientFields): void {
  if (typeof password === 'string') rememberSecret(password, [user ?? '', database ?? '']);
  if (typeof connectionString === 'string') rememberSecretsOf(connectionString);
}

function targetOf({ host, port, database, user }: ClientFields): ConnectionTarget {
  return {
    driver: 'postgres',
    host: serverName({ host: host ?? 'application' }),
    port,
    database: database ?? 'application',
    user,
    source: 'application',
  };
}

function withoutUndefined(target: ConnectionTarget): Partial<ConnectionTarget> {
  return Object.fromEntries(Object.entries(target).filter(([, value]) => value !== undefined));
}
