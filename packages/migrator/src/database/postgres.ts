import type { Client } from 'pg';
import { cancelBackend } from './cancel';
import { onFirstServer, refuseOtherRole, targetOf, type ServerRole } from './choose-server';
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
  escapeOption,
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
import { serverName } from '../text/server-name';

/** Milliseconds that the server may take to say goodbye. */
const GOODBYE = 2_000;

/** SQLSTATEs for a start-up parameter that the server does not know, or cannot set on its platform. */
const REFUSED_SETTING = new Set(['42704', '22023']);

/** How Postgres lets `on` be written. */
const ON = /^(?:on|t|tr|tru|true|y|ye|yes|1)$/i;

/** Which of the settings the server took as start-up parameters: all, all but {@link OPTIONAL_STARTUP}, or none. */
type Startup = 'taken' | 'partly' | 'refused';

/** A Postgres server, reached by `pg` with one dedicated client for each session. */
export class PostgresDatabase implements Database {
  readonly target: ConnectionTarget;

  /** The server of the last session that writes. */
  private writable: PostgresAddress | undefined;

  constructor(private readonly address: PostgresAddress) {
    this.target = targetOf(address);
  }

  async exists(): Promise<boolean> {
    return true;
  }

  async open(options: OpenOptions): Promise<Session> {
    const { access } = options;
    // What looks at a session that writes must look at the same server.
    const only = access === 'read-only' ? this.writable : undefined;
    if (only !== undefined) {
      return openOn(only, 'any', options).catch((error: unknown) => {
        throw connectionFailed(error, only);
      });
    }
    return onFirstServer(this.address, access, async (server, role) => {
      const session = await openOn(server, role, options);
      if (access === 'read-write') this.writable = server;
      return session;
    });
  }
}

function openOn(server: PostgresAddress, role: ServerRole, options: OpenOptions): Promise<Session> {
  return new SessionOpening(server, role, options).open({});
}

/** Opens a session on one server. */
class SessionOpening {
  private readonly target: ConnectionTarget;
  /** The settings of the url. */
  private readonly given: Readonly<Record<string, string>>;

  constructor(
    private readonly address: PostgresAddress,
    private readonly role: ServerRole,
    private readonly options: OpenOptions,
  ) {
    const { port, database, user, source } = address;
    const host = serverName({ host: address.host });
    this.target = { driver: 'postgres', host, port, database, user, source };
    this.given = address.options.settings;
  }

  /** @param corrections start-up parameters that an earlier answer of the server made necessary */
  async open(corrections: Record<string, string>): Promise<Session> {
    const { client, startup } = await this.start(corrections);
    try {
      const facts = await readFacts(client);
      refuseOtherRole(facts, this.role, this.address);
      const pooled =
        Number(facts.pid) !== (client as Client & { processID: number | null }).processID;
      // A pooler may also have taken the start-up parameters and done nothing with them.
      const ignored = pooled || startup === 'refused';
      refuseReadOnly(ignored ? withReadOnly(facts, this.given) : facts, this.options, this.target);
      const needed = correctedDefaults(facts);
      // Only start-up parameters survive RESET ALL. A server with such defaults is rare: it is worth a second connection.
      if (startup !== 'refused' && Object.keys(needed).some((name) => !(name in corrections))) {
        await end(client);
        return await this.open({ ...corrections, ...needed });
      }
      return await this.adopt(client, facts, { startup, pooled });
    } catch (error) {
      await end(client);
      throw error;
    }
  }

  /** Connects with the settings as start-up parameters, with as many of them as the server takes. */
  private async start(
    corrections: Record<string, string>,
  ): Promise<{ client: Client; startup: Startup }> {
    const { address, given } = this;
    const { applicationName } = this.options;
    const { proxyWords } = address.options;
    const settings = { ...given, ...startupSettings(this.options), ...corrections };
    const attempt = (parameters: Record<string, string>) => {
      const startup = [...proxyWords.map(escapeOption), startupOptions(parameters)].join(' ');
      return connect(address, { applicationName, startup });
    };
    try {
      return { client: await attempt({ ...settings, ...OPTIONAL_STARTUP }), startup: 'taken' };
    } catch (error) {
      const state = sqlState(error) ?? '';
      if (REFUSED_SETTING.has(state)) return { client: await attempt(settings), startup: 'partly' };
      // PgBouncer: "unsupported startup parameter". Whether it can be used at all is found out next.
      if (state !== '08P01' || proxyWords.length > 0) throw error;
      const client = await connect(address, { applicationName, startup: undefined });
      return { client, startup: 'refused' };
    }
  }

  private async adopt(
    client: Client,
    facts: FactsRow,
    { startup, pooled }: { readonly startup: Startup; readonly pooled: boolean },
  ): Promise<Session> {
    const { address, target, given } = this;
    const settings = { ...given, ...sessionSettings(this.options) };
    if (pooled) {
      const open = () => connect(address, { applicationName: '', startup: undefined });
      if (!(await keepsOneBackend(client, open))) throw pooledConnection(target);
    }
    const byStatement = {
      ...((pooled || startup === 'refused') && settings),
      ...((pooled || startup !== 'taken') && newerSettings(facts.version)),
      ...(!pooled && startup !== 'taken' && (await watchClient(client, facts))),
    };
    if (Object.keys(byStatement).length > 0) await client.query(setSettings(byStatement));
    return new ClientSession({
      client,
      target,
      server: toServerFacts(facts),
      reset: ownSessionReset(facts, byStatement, settings),
      cancel: () => cancelBackend(address, client, Number(facts.pid)),
      release: () => end(client),
    });
  }
}

/** The facts as they are once the settings of the url are in force. */
function withReadOnly(facts: FactsRow, given: Readonly<Record<string, string>>): FactsRow {
  const { default_transaction_read_only: value } = given;
  return value === undefined ? facts : { ...facts, read_only: ON.test(value) ? 'on' : 'off' };
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
