import type { Client } from 'pg';
import { cancelBackend } from './cancel';
import { ClientSession } from './client-session';
import { connect } from './connect';
import { connectionFailed } from './connection-error';
import type { ConnectionTarget, Database, OpenOptions, Session } from './database';
import { sqlState } from './failure';
import { keepsOneBackend, pooledConnection } from './pooling';
import type { PostgresAddress } from './postgres-url';
import { refuseReadOnly } from './read-only-server';
import {
  correctedDefaults,
  newerSettings,
  OPTIONAL_STARTUP,
  ownSessionReset,
  READ_FACTS,
  sessionSettings,
  setSettings,
  startupOptions,
  startupSettings,
  toServerFacts,
  type FactsRow,
} from './session-settings';

/** Milliseconds that the server may take to say goodbye. */
const GOODBYE = 2_000;

/** SQLSTATEs for a start-up parameter that the server does not know, or cannot set on its platform. */
const REFUSED_SETTING = new Set(['42704', '22023']);

/** Which of the settings the server took as start-up parameters: all, all but {@link OPTIONAL_STARTUP}, or none. */
type Startup = 'taken' | 'partly' | 'refused';

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
    try {
      return await this.openWith(options, {});
    } catch (error) {
      throw connectionFailed(error, this.address);
    }
  }

  /** @param corrections start-up parameters that an earlier answer of the server made necessary */
  private async openWith(
    options: OpenOptions,
    corrections: Record<string, string>,
  ): Promise<Session> {
    const { client, startup } = await this.start(options, corrections);
    try {
      const facts = await readFacts(client);
      refuseReadOnly(facts, options, this.target);
      const needed = correctedDefaults(facts);
      // Only start-up parameters survive RESET ALL. A server with such defaults is rare: it is worth a second connection.
      if (startup !== 'refused' && Object.keys(needed).some((name) => !(name in corrections))) {
        await end(client);
        return await this.openWith(options, { ...corrections, ...needed });
      }
      return await this.adopt(client, facts, startup, sessionSettings(options));
    } catch (error) {
      await end(client);
      throw error;
    }
  }

  /** Connects with the settings as start-up parameters, with as many of them as the server takes. */
  private async start(
    options: OpenOptions,
    corrections: Record<string, string>,
  ): Promise<{ client: Client; startup: Startup }> {
    const { address } = this;
    const { applicationName } = options;
    const settings = { ...startupSettings(options), ...corrections };
    const attempt = (parameters: Record<string, string>) => {
      const startup = [address.options, startupOptions(parameters)].filter(Boolean).join(' ');
      return connect(address, { applicationName, startup });
    };
    try {
      return { client: await attempt({ ...settings, ...OPTIONAL_STARTUP }), startup: 'taken' };
    } catch (error) {
      const state = sqlState(error) ?? '';
      if (REFUSED_SETTING.has(state)) return { client: await attempt(settings), startup: 'partly' };
      // PgBouncer: "unsupported startup parameter". Whether it can be used at all is found out next.
      if (state !== '08P01') throw error;
      const client = await connect(address, { applicationName, startup: undefined });
      return { client, startup: 'refused' };
    }
  }

  private async adopt(
    client: Client,
    facts: FactsRow,
    startup: Startup,
    settings: Record<string, string>,
  ): Promise<Session> {
    const { processID } = client as Client & { readonly processID: number | null };
    const pooled = Number(facts.pid) !== processID;
    if (pooled) {
      const open = () => connect(this.address, { applicationName: '', startup: undefined });
      if (!(await keepsOneBackend(client, open))) throw pooledConnection(this.target);
    }
    // A pooler may also have taken the start-up parameters and done nothing with them.
    const byStatement = {
      ...((pooled || startup === 'refused') && settings),
      ...((pooled || startup !== 'taken') && newerSettings(facts.version)),
      ...(!pooled && startup !== 'taken' && (await watchClient(client, facts))),
    };
    if (Object.keys(byStatement).length > 0) await client.query(setSettings(byStatement));
    return new ClientSession({
      client,
      target: this.target,
      server: toServerFacts(facts),
      reset: ownSessionReset(facts, byStatement, settings),
      cancel: () => cancelBackend(this.address, client, Number(facts.pid)),
      release: () => end(client),
    });
  }
}

async function readFacts(client: Client): Promise<FactsRow> {
  const { rows } = await client.query<FactsRow>(READ_FACTS);
  const [row] = rows;
  if (row === undefined) throw new Error('The server answered without a row.');
  return row;
}

/** Lets the backend look every second whether we are still there, where it can be set by statement only. */
async function watchClient(client: Client, facts: FactsRow): Promise<Record<string, string>> {
  if (facts.version < 140_000) return {};
  const { client_connection_check_interval } = OPTIONAL_STARTUP;
  const watch = { client_connection_check_interval };
  try {
    await client.query(setSettings(watch));
    return watch;
  } catch (error) {
    // 22023: the server's operating system cannot tell that a client is gone.
    if (sqlState(error) !== '22023') throw error;
    return {};
  }
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
