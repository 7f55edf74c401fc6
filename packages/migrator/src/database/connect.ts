import { readFileSync } from 'node:fs';
import type { Client, ClientConfig } from 'pg';
import { MigratorError } from '../errors';
import { readPassword } from './password-file';
import type { PostgresAddress } from './postgres-url';
import { toPgSsl } from './tls';
import { serverName } from '../text/server-name';

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
  const { host, port, user, database, tls, connectTimeoutMs, keepAliveMs } = address;
  const binding = address.channelBinding;
  let bound = false;
  // Everything is said, since `pg` fills what is not said from the variables of libpq.
  const client = new Client({
    host,
    port,
    user,
    database,
    // A function, so that `pg` does not read PGPASSWORD or the password file, and the client's fields hold no secret.
    password: () => {
      if (binding === 'require' && !bound) throw notBound(address);
      return passwordOf(address);
    },
    ssl,
    application_name: address.applicationName ?? (applicationName || 'flashfusion'),
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: keepAliveMs !== undefined,
    keepAliveInitialDelayMillis: keepAliveMs,
    client_encoding: 'UTF8',
    sslnegotiation: ssl === false ? 'postgres' : tls.negotiation,
    ...(binding !== 'disable' && { enableChannelBinding: true }),
  });
  // Set afterwards, since an empty one in the configuration would let PGOPTIONS in.
  parametersOf(client).options = startup;
  client.on('error', () => undefined);
  // Before the client's own listener, which answers with the password.
  connectionOf(client).prependListener('authenticationSASL', ({ mechanisms }) => {
    bound = ssl !== false && mechanisms.includes('SCRAM-SHA-256-PLUS');
  });
  try {
    await client.connect();
  } catch (error) {
    // The client leaves it open where an error was not the server's.
    connectionOf(client).stream.destroy();
    throw error;
  }
  // A server that trusts the user asks for no password, and proves nothing.
  if (binding !== 'require' || bound) return client;
  await client.end().catch(() => undefined);
  throw notBound(address);
}

/**
 * @throws {MigratorError} `CONNECTION_FAILED` if there is no password; `INVALID_CONNECTION` for a password file that cannot be used
 */
function passwordOf(address: PostgresAddress): string {
  const { user, source, passwordFile } = address;
  const password = address.password ?? readPassword(passwordFile, address);
  if (password !== undefined) return password;
  throw new MigratorError(
    'CONNECTION_FAILED',
    `${serverName(address)} asks for the password of ${user}, but the url (from ${source}) has none, and the password file ${passwordFile.path} has no line for this server, database and user.`,
    {
      hint: 'Write the password into the url, percent-encoded, or a line host:port:database:user:password into the password file.',
      where: source,
    },
  );
}

function notBound(address: PostgresAddress): MigratorError {
  return new MigratorError(
    'CONNECTION_FAILED',
    `${serverName(address)} offers no channel binding, which channel_binding=require in the url (from ${address.source}) asks for. No password was sent.`,
    {
      hint: 'It needs TLS and a password stored as scram-sha-256. Otherwise use channel_binding=prefer with sslmode=verify-full.',
      where: address.source,
    },
  );
}

/** The client's connection, with the messages of the server while the client signs in. */
interface SignIn {
  readonly stream: { destroy(): void };
  prependListener(
    event: 'authenticationSASL',
    listener: (message: { readonly mechanisms: readonly string[] }) => void,
  ): unknown;
}

function connectionOf(client: Client): SignIn {
  return (client as Client & { readonly connection: SignIn }).connection;
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
      hint: 'Correct sslrootcert, sslcert, sslkey or sslcrl in the url.',
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
