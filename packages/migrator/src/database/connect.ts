import { readFileSync } from 'node:fs';
import type { Client, ClientConfig } from 'pg';
import { MigratorError } from '../errors';
import type { PostgresAddress } from './postgres-url';
import { toPgSsl } from './tls';

/** Milliseconds of silence before TCP asks whether the other side still lives. */
const KEEP_ALIVE_DELAY = 10_000;

/** What `pg` says when the server answered "no" to the wish for TLS. */
const NO_TLS = 'The server does not support SSL connections';

export interface ConnectOptions {
  readonly applicationName: string;
  /** The start-up parameter `options`; `undefined` sends none. */
  readonly startup: string | undefined;
}

/**
 * Connects one client of its own. Errors are those of `pg` or the operating system, but for certificates that cannot be read.
 *
 * @throws {MigratorError} `INVALID_CONNECTION`
 */
export async function connect(address: PostgresAddress, options: ConnectOptions): Promise<Client> {
  const { tls } = address;
  const ssl = toPgSsl(tls, (path) => readCertificate(path, address.source));
  try {
    return await attempt(address, options, ssl);
  } catch (error) {
    if (tls.encryption !== 'if-offered' || messageOf(error) !== NO_TLS) throw error;
    return attempt(address, options, false);
  }
}

async function attempt(
  address: PostgresAddress,
  { applicationName, startup }: ConnectOptions,
  ssl: ClientConfig['ssl'],
): Promise<Client> {
  const { Client } = await import('pg');
  const { host, port, user, password, database, connectTimeoutMs, channelBinding } = address;
  // Everything is said, since `pg` fills what is not said from the variables of libpq.
  const client = new Client({
    host,
    port,
    user,
    database,
    // A function, so that neither PGPASSWORD nor ~/.pgpass is asked and the client's fields hold no secret.
    password: () => password ?? '',
    ssl,
    application_name: applicationName === '' ? 'flashfusion' : applicationName,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY,
    client_encoding: 'UTF8',
    sslnegotiation: 'postgres',
    ...(channelBinding && { enableChannelBinding: true }),
  });
  // Set afterwards, since an empty one in the configuration would let PGOPTIONS in.
  parametersOf(client).options = startup;
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

function parametersOf(client: Client): { options: string | undefined } {
  return (client as Client & { connectionParameters: { options: string | undefined } })
    .connectionParameters;
}

function readCertificate(path: string, source: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new MigratorError('INVALID_CONNECTION', `The certificate file ${path} cannot be read.`, {
      hint: 'Correct sslrootcert, sslcert or sslkey in the url.',
      where: source,
      cause,
    });
  }
}

function messageOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'message' in error
    ? error.message
    : undefined;
}
