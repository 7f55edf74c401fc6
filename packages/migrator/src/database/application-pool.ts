import type { ClientPool, PooledClient } from '../config/settings';
import { MigratorError } from '../errors';
import { ClientSession } from './client-session';
import type { ConnectionTarget, Database, OpenOptions, Session } from './database';
import { pooledConnection } from './pooling';
import { redact } from './redact';
import {
  READ_FACTS,
  sessionSettings,
  setSettings,
  toServerFacts,
  type FactsRow,
} from './session-settings';

/** Milliseconds to wait for a second client of the pool when a statement is to be cancelled. */
const PATIENCE = 2_000;

/** Fields of a `pg` client that its types leave out. */
interface ClientFields {
  readonly processID?: number | null;
  readonly host?: string;
  readonly port?: number;
  readonly database?: string;
  readonly user?: string;
}

/**
 * The application's own `pg` pool. Each session takes one client of it, keeps it to the end and gives it back with the
 * settings that it had.
 */
export class PoolDatabase implements Database {
  readonly target: ConnectionTarget;

  constructor(private readonly pool: ClientPool) {
    this.target = targetOf((pool as { readonly options?: ClientFields }).options ?? {});
  }

  async exists(): Promise<boolean> {
    return true;
  }

  async open(options: OpenOptions): Promise<Session> {
    const client = await this.take();
    const settings = {
      ...sessionSettings(options),
      application_name: options.applicationName,
    };
    try {
      const { rows } = await client.query(
        `SELECT facts.*, ${Object.keys(settings).map(currentSetting).join(', ')} FROM (${READ_FACTS}) AS facts`,
      );
      const [before] = rows as (FactsRow & Record<string, unknown>)[];
      if (before === undefined) throw new Error('The server answered without a row.');
      const { processID } = client as ClientFields;
      if (typeof processID === 'number' && processID !== before.pid) {
        throw pooledConnection(this.target);
      }
      const { sql, params } = setSettings(settings);
      await client.query(sql, [...params]);
      return new ClientSession({
        client,
        target: { ...this.target, ...withoutUndefined(targetOf(client as ClientFields)) },
        server: toServerFacts(before),
        cancel: () => this.cancel(before.pid),
        release: async (state) => {
          if (state === 'broken') return client.release(true);
          await giveBack(client, originalSettings(settings, before));
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
      const said = redact(String((cause as { message?: unknown } | null)?.message ?? cause));
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

/** Undoes what a session leaves behind: a transaction, locks, settings. */
async function giveBack(client: PooledClient, settings: Record<string, string>): Promise<void> {
  try {
    await client.query('ROLLBACK');
    await client.query('SELECT pg_catalog.pg_advisory_unlock_all()');
    const { sql, params } = setSettings(settings);
    await client.query(sql, [...params]);
    client.release();
  } catch {
    client.release(true);
  }
}

const currentSetting = (name: string) =>
  `pg_catalog.current_setting('${name}') AS "before_${name}"`;

function originalSettings(
  settings: Record<string, string>,
  row: Record<string, unknown>,
): Record<string, string> {
  return Object.fromEntries(
    Object.keys(settings).map((name) => [name, String(row[`before_${name}`])]),
  );
}

function targetOf({ host, port, database, user }: ClientFields): ConnectionTarget {
  return {
    driver: 'postgres',
    host: host ?? 'application',
    port,
    database: database ?? 'application',
    user,
    source: 'application',
  };
}

function withoutUndefined(target: ConnectionTarget): Partial<ConnectionTarget> {
  return Object.fromEntries(Object.entries(target).filter(([, value]) => value !== undefined));
}
