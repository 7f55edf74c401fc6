import type { Client } from 'pg';
import { cancelBackend } from './cancel';
import { ClientSession } from './client-session';
import { connect } from './connect';
import { connectionFailed } from './connection-error';
import type { ConnectionTarget, Database, OpenOptions, Session } from './database';
import { sqlState } from './failure';
import { keepsOneBackend, pooledConnection } from './pooling';
import type { PostgresAddress } from './postgres-url';
import {
  READ_FACTS,
  READ_FACTS_AND_WATCH_CLIENT,
  sessionSettings,
  setSettings,
  startupOptions,
  toServerFacts,
  type FactsRow,
} from './session-settings';

/** Milliseconds that the server may take to say goodbye. */
const GOODBYE = 2_000;

/** A Postgres server, reached by `pg` with one dedicated client for each session. */
export class PostgresDatabase implements Database {
  readonly target: ConnectionTarget;

  constructor(private readonly address: PostgresAddress) {
    const { host, port, database, user, source } = address;
    this.target = { driver: 'postgres', host, port, database, user, source };
  }

  async exists(): Promise<boolean> {
    return true;
  }

  async open(options: OpenOptions): Promise<Session> {
    const settings = sessionSettings(options);
    try {
      const { client, startup } = await this.start(options, settings);
      try {
        return await this.adopt(client, startup, settings);
      } catch (error) {
        await end(client);
        throw error;
      }
    } catch (error) {
      throw connectionFailed(error, this.address);
    }
  }

  /** Connects with the settings as start-up parameters; without them where a pooler refuses those. */
  private async start(
    options: OpenOptions,
    settings: Record<string, string>,
  ): Promise<{ client: Client; startup: 'taken' | 'refused' }> {
    const { address } = this;
    const { applicationName } = options;
    const startup = [address.options, startupOptions(settings)].filter(Boolean).join(' ');
    try {
      return { client: await connect(address, { applicationName, startup }), startup: 'taken' };
    } catch (error) {
      // PgBouncer: "unsupported startup parameter". Whether it can be used at all is found out next.
      if (sqlState(error) !== '08P01') throw error;
      const client = await connect(address, { applicationName, startup: undefined });
      return { client, startup: 'refused' };
    }
  }

  private async adopt(
    client: Client,
    startup: 'taken' | 'refused',
    settings: Record<string, string>,
  ): Promise<Session> {
    const facts = await readFacts(client);
    const { processID } = client as Client & { readonly processID: number | null };
    const pooled = facts.pid !== processID;
    if (pooled) {
      const open = () => connect(this.address, { applicationName: '', startup: undefined });
      if (!(await keepsOneBackend(client, open))) throw pooledConnection(this.target);
    }
    // A pooler may also have taken the start-up parameters and done nothing with them.
    if (pooled || startup === 'refused') {
      const { sql, params } = setSettings(settings);
      await client.query(sql, [...params]);
    }
    return new ClientSession({
      client,
      target: this.target,
      server: toServerFacts(facts),
      cancel: () => cancelBackend(this.address, client, facts.pid),
      release: () => end(client),
    });
  }
}

async function readFacts(client: Client): Promise<FactsRow> {
  const { processID } = client as Client & { readonly processID: number | null };
  try {
    return one(await client.query<FactsRow>(READ_FACTS_AND_WATCH_CLIENT, [processID ?? 0]));
  } catch (error) {
    // 22023: the server's operating system cannot tell that a client is gone.
    if (sqlState(error) !== '22023') throw error;
    return one(await client.query<FactsRow>(READ_FACTS));
  }
}

function one<Row>({ rows }: { rows: Row[] }): Row {
  const [row] = rows;
  if (row === undefined) throw new Error('The server answered without a row.');
  return row;
}

/** Says goodbye; hangs up where there is no answer, as behind a cut cable. */
async function end(client: Client): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, GOODBYE);
  });
  await Promise.race([client.end().catch(() => undefined), patience]);
  clearTimeout(timer);
  const { connection } = client as Client & {
    readonly connection?: { readonly stream?: { destroy(): void } };
  };
  connection?.stream?.destroy();
}
