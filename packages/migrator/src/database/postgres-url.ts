import { userInfo } from 'node:os';
import type { EnvironmentVariables } from '../config/environment-variables';
import type { MigratorError } from '../errors';
import { rememberSecret } from './redact';
import { isSocket, planTls, SSL_MODES, type SslMode, type TlsPlan } from './tls';
import { decode, invalid, type ParseUrlOptions } from './invalid-url';

/** A server, and who we are there. */
export interface PostgresAddress {
  readonly driver: 'postgres';
  /** Host name, address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | undefined;
  readonly database: string;
  readonly tls: TlsPlan;
  /** Milliseconds until an attempt to connect is given up. */
  readonly connectTimeoutMs: number;
  /** Start-up options of the url (`-c name=value`), sent before our own. */
  readonly options: string | undefined;
  readonly channelBinding: boolean;
  /** Where the url came from, for messages. */
  readonly source: string;
}

/** Parameters of a url, each with the variable of libpq that stands in for it under `?env`. */
const PARAMETERS = {
  host: 'PGHOST',
  port: 'PGPORT',
  user: 'PGUSER',
  password: 'PGPASSWORD',
  dbname: 'PGDATABASE',
  sslmode: 'PGSSLMODE',
  sslrootcert: 'PGSSLROOTCERT',
  sslcert: 'PGSSLCERT',
  sslkey: 'PGSSLKEY',
  connect_timeout: 'PGCONNECT_TIMEOUT',
  options: 'PGOPTIONS',
  channel_binding: 'PGCHANNELBINDING',
} as const;

type Parameter = keyof typeof PARAMETERS;

/** Parameters of other tools that people paste along, and what to do instead. */
const ELSEWHERE: Record<string, string> = {
  ssl: 'Say sslmode=verify-full (or require, verify-ca, disable) instead.',
  schema: 'Leave it out, and set `schema` in db.config.',
  pgbouncer:
    'Migrations need a direct connection: take the url of the server itself, not that of the pooler.',
  application_name: 'Leave it out: sessions are named after the project.',
};

const SHAPE =
  /^[a-z]+:\/\/(?:([^/?#]*)@)?(\[[0-9a-f:.]+\]|[^/?#:[\]@\s]*)(?::(\d*))?(?:\/([^?#@]*))?(?:\?([^#@]*))?$/i;
const ESCAPE_HINT =
  'Percent-encode what has a meaning in urls, above all in the password: @ as %40, / as %2F, # as %23, ? as %3F, : as %3A, % as %25.';
const DEFAULT_PORT = '5432';
const DEFAULT_CONNECT_TIMEOUT_SECONDS = '15';

/**
 * Parses `postgres://user:password@host:port/database?sslmode=verify-full`. With the parameter `env`, what the url leaves
 * out is read from libpq's variables (`PGHOST`, `PGUSER`, …): `postgres://?env` takes everything from there.
 *
 * @throws {MigratorError} `INVALID_CONNECTION`
 */
export function parsePostgresUrl(url: string, options: ParseUrlOptions): PostgresAddress {
  const { source } = options;
  const parts = SHAPE.exec(url);
  // No part is shown: with an unescaped character in the password, any part may hold a piece of it.
  if (!parts) throw invalid(source, 'does not parse', ESCAPE_HINT);
  const given = readParts(parts, source);
  const find = (name: Parameter) => given.get(name) ?? fromEnv(name, given, options.env);
  const password = find('password');
  if (password !== undefined) rememberSecret(password);

  const host = find('host');
  if (host === undefined) {
    throw invalid(
      source,
      'names no host',
      'Write the host, also where it is localhost, or ?host=/folder/of/the/socket; or ?env to take it from PGHOST.',
    );
  }
  if (host.includes(','))
    throw invalid(source, 'names several hosts', 'Name the one primary server.');
  const user = find('user') ?? (isSocket(host) ? userInfo().username : undefined);
  if (user === undefined) {
    throw invalid(
      source,
      'names no user',
      'Write postgres://user@host/database; or ?env to take it from PGUSER.',
    );
  }
  const database = find('dbname');
  if (database === undefined) {
    throw invalid(
      source,
      'names no database',
      'Write postgres://user@host/database; or ?env to take it from PGDATABASE.',
    );
  }
  return {
    driver: 'postgres',
    host,
    port: wholeNumber(find('port') ?? DEFAULT_PORT, 'port', { least: 1, most: 65_535 }, source),
    user,
    password,
    database,
    tls: readTls(find, host, options),
    connectTimeoutMs:
      1000 *
      wholeNumber(
        find('connect_timeout') ?? DEFAULT_CONNECT_TIMEOUT_SECONDS,
        'connect_timeout',
        { least: 0, most: 86_400 },
        source,
      ),
    options: find('options'),
    channelBinding: readChannelBinding(find('channel_binding'), source),
    source,
  };
}

function readParts(parts: RegExpExecArray, source: string): Map<string, string> {
  const [, credentials, host, port, database, query] = parts;
  const given = new Map<string, string>();
  const set = (name: string, value: string | undefined) => {
    if (value === undefined || value === '') return;
    const plain = decode(value);
    if (plain === undefined || plain.includes('\0')) {
      throw invalid(source, 'has a broken % escape', ESCAPE_HINT);
    }
    given.set(name, plain);
  };
  const colon = credentials?.indexOf(':') ?? -1;
  set('user', colon < 0 ? credentials : credentials?.slice(0, colon));
  set('password', colon < 0 ? undefined : credentials?.slice(colon + 1));
  set('host', host?.replace(/^\[|\]$/g, ''));
  set('port', port);
  set('dbname', database);
  for (const pair of (query ?? '').split('&').filter((text) => text !== '')) {
    const [name = '', ...value] = pair.split('=');
    if (name === 'env') given.set('env', value.join('='));
    else if (Object.hasOwn(PARAMETERS, name)) set(name, value.join('='));
    else throw unknownParameter(name, source);
  }
  return given;
}

function unknownParameter(name: string, source: string): MigratorError {
  // Only a name that looks like one: anything else may be the rest of a password.
  const shown = /^[a-z_]{1,40}$/i.test(name)
    ? `the parameter "${name}", which is not known here`
    : 'a parameter that is not known here';
  const known = `Known are: ${Object.keys(PARAMETERS).join(', ')}, env.`;
  return invalid(source, `has ${shown}`, ELSEWHERE[name.toLowerCase()] ?? known);
}

function fromEnv(
  name: Parameter,
  given: ReadonlyMap<string, string>,
  env: EnvironmentVariables,
): string | undefined {
  if (!given.has('env')) return undefined;
  const value = env[PARAMETERS[name]];
  return value === '' ? undefined : value;
}

function readTls(
  find: (name: Parameter) => string | undefined,
  host: string,
  { source, protected: isProtected }: ParseUrlOptions,
): TlsPlan {
  const mode = find('sslmode');
  const known = SSL_MODES.find((each) => each === mode);
  if (mode !== undefined && known === undefined) {
    throw invalid(
      source,
      'has an sslmode that is not known',
      `Known are: ${SSL_MODES.join(', ')}.`,
    );
  }
  const files = {
    rootCertificate: find('sslrootcert'),
    certificate: find('sslcert'),
    key: find('sslkey'),
  };
  const plan = planTls({
    mode: known satisfies SslMode | undefined,
    host,
    protected: isProtected,
    files,
  });
  if (typeof plan === 'string') {
    throw invalid(
      source,
      plan,
      'Say sslmode=verify-full, with sslrootcert=<file> where the authority is your own.',
    );
  }
  return plan;
}

function readChannelBinding(value: string | undefined, source: string): boolean {
  if (value === undefined || value === 'disable') return false;
  if (value === 'prefer' || value === 'require') return true;
  throw invalid(
    source,
    'has a channel_binding that is not known',
    'Known are: disable, prefer, require.',
  );
}

function wholeNumber(
  text: string,
  name: string,
  { least, most }: { least: number; most: number },
  source: string,
): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw invalid(
    source,
    `has a ${name} that is not a whole number from ${least} to ${most}`,
    'Correct it.',
  );
}
