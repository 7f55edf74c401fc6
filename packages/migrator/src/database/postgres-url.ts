import { userInfo } from 'node:os';
import { decode, invalid, type ParseUrlOptions } from './invalid-url';
import { passwordFileOf, type PasswordFile } from './password-file';
import { rememberSecret } from '../text/redact';
import { parseStartupOptions, type StartupOptions } from './startup-options';
import { isSocket, readTls, type TlsPlan } from './tls';
import {
  parameterFromEnv,
  readParameters,
  refuseVariables,
  type UrlParameter,
} from './url-parameters';

/** Which servers of a url are used, with libpq's meaning. */
export const SESSION_ATTRIBUTES = [
  'any',
  'read-write',
  'read-only',
  'primary',
  'standby',
  'prefer-standby',
] as const;

export type SessionAttributes = (typeof SESSION_ATTRIBUTES)[number];

const CHANNEL_BINDING = ['disable', 'prefer', 'require'] as const;

/** One server of a url. */
export interface PostgresServer {
  /** Host name, address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly tls: TlsPlan;
}

/** A server, and who we are there. */
export interface PostgresAddress extends PostgresServer {
  readonly driver: 'postgres';
  readonly user: string;
  readonly password: string | undefined;
  /** Read if the url has no password and the server asks for one. */
  readonly passwordFile: PasswordFile;
  readonly database: string;
  /** Further servers of the url. */
  readonly others: readonly PostgresServer[];
  readonly hostOrder: 'as-written' | 'random';
  readonly wanted: SessionAttributes;
  /** Milliseconds until an attempt to connect is given up; `0` is no limit. */
  readonly connectTimeoutMs: number;
  /** Milliseconds of silence before TCP asks whether the other side still lives; `undefined` switches that off. */
  readonly keepAliveMs: number | undefined;
  /** Instead of the runner's own name; `undefined` if the url has none. */
  readonly applicationName: string | undefined;
  /** What the url's `options` set, without what the runner sets itself. */
  readonly options: StartupOptions;
  readonly channelBinding: (typeof CHANNEL_BINDING)[number];
  /** Where the url came from, for messages. */
  readonly source: string;
}

/** User and password; hosts with their ports; database; query. */
const SHAPE = /^[a-z]+:\/\/(?:([^/?#]*)@)?([^/?#@\s]*)(?:\/([^?#@]*))?(?:\?([^#@]*))?$/i;
const HOST = /^(\[[0-9a-f:.]+\]|[^:[\]]*)(?::(\d*))?$/i;
const ESCAPE_HINT =
  'Percent-encode what has a meaning in urls, above all in the password: @ as %40, / as %2F, # as %23, ? as %3F, : as %3A, % as %25. In a .env file also $ as %24: there it begins the name of a variable.';
const DEFAULT_PORT = '5432';
const DEFAULT_CONNECT_TIMEOUT_SECONDS = '15';
const DEFAULT_KEEP_ALIVE_SECONDS = '10';
const LONGEST_WAIT_SECONDS = 86_400;

type Find = (name: UrlParameter) => string | undefined;

/**
 * Parses `postgres://user:password@host:port/database?sslmode=verify-full`, also with several hosts. With the parameter
 * `env`, what the url leaves out is read from libpq's variables (`PGHOST`, `PGUSER`, …): `postgres://?env` takes everything
 * from there.
 *
 * @throws {MigratorError} `INVALID_CONNECTION`
 */
export function parsePostgresUrl(url: string, options: ParseUrlOptions): PostgresAddress {
  const { source } = options;
  const find = readParts(url, options);
  const password = find('password');
  const names = [find('user'), find('dbname')].filter((name) => name !== undefined);
  if (password !== undefined) rememberSecret(password, names);
  const servers = readServers(find, options);
  const [first, ...others] = servers;
  const user = find('user') ?? (isSocket(first.host) ? userInfo().username : undefined);
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
  const pick = <T extends string>(name: UrlParameter, known: readonly T[], otherwise: T): T =>
    oneOf(find(name) ?? otherwise, { name, known }, source);
  const seconds = (name: UrlParameter, otherwise: string) =>
    1000 *
    wholeNumber(find(name) ?? otherwise, name, { least: 0, most: LONGEST_WAIT_SECONDS }, source);
  const channelBinding = pick('channel_binding', CHANNEL_BINDING, 'disable');
  if (channelBinding === 'require' && servers.some(({ tls }) => tls.encryption === 'never')) {
    throw invalid(
      source,
      'says channel_binding=require, which needs TLS',
      'Add sslmode=verify-full or sslmode=require.',
    );
  }
  return {
    driver: 'postgres',
    ...first,
    others,
    hostOrder:
      pick('load_balance_hosts', ['disable', 'random'], 'disable') === 'random'
        ? 'random'
        : 'as-written',
    wanted: pick('target_session_attrs', SESSION_ATTRIBUTES, 'any'),
    user,
    password,
    passwordFile: passwordFileOf(find('passfile'), options.env),
    database,
    connectTimeoutMs: seconds('connect_timeout', DEFAULT_CONNECT_TIMEOUT_SECONDS),
    keepAliveMs:
      pick('keepalives', ['0', '1'], '1') === '0'
        ? undefined
        : seconds('keepalives_idle', DEFAULT_KEEP_ALIVE_SECONDS),
    applicationName: find('application_name'),
    options: readOptions(find('options'), source),
    channelBinding,
    source,
  };
}

/** The parts of the url, each by the name of its parameter; a parameter replaces the part before it. */
function readParts(url: string, { source, env }: ParseUrlOptions): Find {
  const parts = SHAPE.exec(url);
  const hosts = parts?.[2]?.split(',').map((text) => HOST.exec(text));
  // No part is shown: with an unescaped character in the password, any part may hold a piece of it.
  if (!parts || hosts === undefined || hosts.includes(null)) {
    throw invalid(source, 'does not parse', ESCAPE_HINT);
  }
  const [, credentials, , database, query] = parts;
  const given = new Map<UrlParameter, string>();
  const plainText = (value: string) => {
    const plain = decode(value);
    if (plain === undefined || plain.includes('\0')) {
      throw invalid(source, 'has a broken % escape', ESCAPE_HINT);
    }
    return plain;
  };
  const set = (name: UrlParameter, value: string | undefined) => {
    if (value !== undefined && value !== '') given.set(name, plainText(value));
  };
  const join = (group: number) => {
    const values = hosts.map((host) => host?.[group] ?? '');
    return values.every((value) => value === '') ? undefined : values.join(',');
  };
  const colon = credentials?.indexOf(':') ?? -1;
  set('user', colon < 0 ? credentials : credentials?.slice(0, colon));
  set('password', colon < 0 ? undefined : credentials?.slice(colon + 1));
  set('host', join(1));
  set('port', join(2));
  set('dbname', database);
  if (readParameters(query ?? '', source, { set, decode: plainText }) === 'url only') {
    return (name) => given.get(name);
  }
  refuseVariables(env, source);
  return (name) => given.get(name) ?? parameterFromEnv(name, env);
}

/** The servers of the url, in order: one port for all, or one for each. */
function readServers(
  find: Find,
  options: ParseUrlOptions,
): readonly [PostgresServer, ...PostgresServer[]] {
  const { source } = options;
  const hosts = (find('host') ?? '').split(',').map((host) => host.replace(/^\[|\]$/g, ''));
  if (hosts.includes('')) {
    throw invalid(
      source,
      hosts.length === 1 ? 'names no host' : 'has an empty name among its hosts',
      'Write the host, also where it is localhost, or ?host=/folder/of/the/socket; or ?env to take it from PGHOST.',
    );
  }
  const ports = (find('port') ?? '').split(',');
  if (ports.length !== 1 && ports.length !== hosts.length) {
    throw invalid(
      source,
      `has ${ports.length} ports for ${hosts.length} hosts`,
      'Write one port for all hosts, or one for each.',
    );
  }
  const servers = hosts.map((host, index): PostgresServer => {
    const port = (ports.length === 1 ? ports[0] : ports[index]) || DEFAULT_PORT;
    return {
      host,
      port: wholeNumber(port, 'port', { least: 1, most: 65_535 }, source),
      tls: readTls(find, host, options),
    };
  });
  return servers as [PostgresServer, ...PostgresServer[]];
}

function readOptions(text: string | undefined, source: string): StartupOptions {
  const parsed = parseStartupOptions(text ?? '');
  if ('what' in parsed) throw invalid(source, parsed.what, parsed.hint);
  return parsed;
}

function oneOf<T extends string>(
  value: string,
  { name, known }: { readonly name: string; readonly known: readonly T[] },
  source: string,
): T {
  const found = known.find((each) => each === value);
  if (found !== undefined) return found;
  throw invalid(
    source,
    `has a value of ${name} that is not known`,
    `Known are: ${known.join(', ')}.`,
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
