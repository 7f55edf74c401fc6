import type { EnvironmentVariables } from '../config/environment-variables';
import type { MigratorError } from '../errors';
import { invalid } from './invalid-url';
import { insteadOf } from './startup-options';

/** Parameters that are honored, each with the variable of libpq that replaces it under `?env`. */
const HONORED = {
  host: 'PGHOST',
  port: 'PGPORT',
  user: 'PGUSER',
  password: 'PGPASSWORD',
  passfile: 'PGPASSFILE',
  dbname: 'PGDATABASE',
  application_name: 'PGAPPNAME',
  options: 'PGOPTIONS',
  target_session_attrs: 'PGTARGETSESSIONATTRS',
  load_balance_hosts: 'PGLOADBALANCEHOSTS',
  connect_timeout: 'PGCONNECT_TIMEOUT',
  keepalives: undefined,
  keepalives_idle: undefined,
  channel_binding: 'PGCHANNELBINDING',
  sslmode: 'PGSSLMODE',
  sslnegotiation: 'PGSSLNEGOTIATION',
  sslrootcert: 'PGSSLROOTCERT',
  sslcert: 'PGSSLCERT',
  sslkey: 'PGSSLKEY',
  sslpassword: undefined,
  sslcrl: 'PGSSLCRL',
  ssl_min_protocol_version: 'PGSSLMINPROTOCOLVERSION',
  ssl_max_protocol_version: 'PGSSLMAXPROTOCOLVERSION',
} as const;

/** A parameter whose value is used. */
export type UrlParameter = keyof typeof HONORED;

interface Rule {
  readonly variable?: string;
  /** Values that ask for what is done anyway. Any other value is refused. */
  readonly accepted?: RegExp;
  readonly hint: string;
}

const NODE_CANNOT = 'Leave it out: Node cannot set it. keepalives_idle works.';
const PRISMA = 'Leave it out: it belongs to Prisma, which has a pool. A run uses one connection.';
const NO_KERBEROS = 'Leave it out: sign-in by Kerberos is not supported.';
const DIRECT =
  'Migrations need a direct connection: take the url of the server itself, not that of the pooler.';

/** Parameters of libpq and of other tools that cannot be honored with every value. */
const RULES: Readonly<Record<string, Rule>> = {
  gssencmode: {
    variable: 'PGGSSENCMODE',
    accepted: /^(?:disable|prefer)$/,
    hint: 'Write gssencmode=disable: encryption by GSSAPI is not supported. Use sslmode=verify-full.',
  },
  client_encoding: {
    variable: 'PGCLIENTENCODING',
    accepted: /^(?:utf-?8|unicode)$/i,
    hint: 'Leave it out: the runner uses UTF8.',
  },
  // By definition used only without an application_name, and sessions always have one.
  fallback_application_name: { accepted: /^/, hint: '' },
  replication: { accepted: /^(?:false|off|no|0)$/i, hint: 'Leave it out: migrations need SQL.' },
  sslcompression: { accepted: /^0$/, hint: 'Leave it out: TLS has no compression any more.' },
  sslsni: { variable: 'PGSSLSNI', accepted: /^1$/, hint: 'Leave it out: SNI is always sent.' },
  sslcertmode: {
    variable: 'PGSSLCERTMODE',
    accepted: /^allow$/,
    hint: 'Leave it out: the certificate of sslcert is sent if the server asks for it.',
  },
  tcp_user_timeout: { accepted: /^0$/, hint: NODE_CANNOT },
  keepalives_interval: { hint: NODE_CANNOT },
  keepalives_count: { hint: NODE_CANNOT },
  requiressl: { accepted: /^0$/, hint: 'Write sslmode=require instead.' },
  uselibpqcompat: {
    accepted: /^true$/,
    hint: "Leave it out: sslmode always has libpq's meaning here.",
  },
  service: {
    variable: 'PGSERVICE',
    hint: 'Service files (pg_service.conf) are not read: write host, port, user and database into the url.',
  },
  servicefile: { variable: 'PGSERVICEFILE', hint: 'Service files are not read: leave it out.' },
  hostaddr: { variable: 'PGHOSTADDR', hint: 'Write the address as host.' },
  requirepeer: { variable: 'PGREQUIREPEER', hint: 'Leave it out: it is not supported.' },
  require_auth: {
    variable: 'PGREQUIREAUTH',
    hint: 'Leave it out: it is not supported. channel_binding=require proves the server.',
  },
  sslcrldir: { variable: 'PGSSLCRLDIR', hint: 'Name one file of revoked certificates: sslcrl.' },
  krbsrvname: { hint: NO_KERBEROS },
  gsslib: { hint: NO_KERBEROS },
  gssdelegation: { accepted: /^0$/, hint: NO_KERBEROS },
  ssl: { hint: 'Say sslmode=verify-full (or require, verify-ca, disable) instead.' },
  pgbouncer: { accepted: /^false$/, hint: DIRECT },
  supa: { hint: `Leave it out. ${DIRECT}` },
  endpoint: { hint: 'Write it as options=endpoint%3D<id>, as Neon documents it.' },
  schema: { hint: 'Leave it out, and set `schema` in db.config.' },
  currentschema: { hint: 'Leave it out, and set `schema` in db.config.' },
  query_timeout: { hint: 'Leave it out, and set `statementTimeout` in db.config.' },
  connection_limit: { hint: PRISMA },
  pool_timeout: { hint: PRISMA },
  socket_timeout: { hint: PRISMA },
  statement_cache_size: { hint: PRISMA },
  sslaccept: { hint: 'Write sslmode=verify-full (strict) or sslmode=require instead.' },
  sslidentity: { hint: 'Write sslcert=<file> and sslkey=<file> in PEM format instead.' },
};

/**
 * Reads the parameters of a url's query; those without a value count as not given.
 *
 * @param set takes the parameters that are honored, still percent-encoded
 * @returns whether the url says `?env`
 * @throws {MigratorError} `INVALID_CONNECTION` for a parameter, or a value of it, that cannot be honored
 */
export function readParameters(
  query: string,
  source: string,
  {
    set,
    decode,
  }: {
    readonly set: (name: UrlParameter, value: string) => void;
    readonly decode: (value: string) => string;
  },
): 'env' | 'url only' {
  let env: 'env' | 'url only' = 'url only';
  for (const pair of query.split('&').filter((text) => text !== '')) {
    const [name = '', ...rest] = pair.split('=');
    const value = rest.join('=');
    if (name === 'env') env = 'env';
    else if (isHonored(name)) set(name, value);
    else checkRule(name, decode(value), source);
  }
  return env;
}

/** The value of the variable that replaces a parameter; an empty one counts as not set. */
export function parameterFromEnv(
  name: UrlParameter,
  env: EnvironmentVariables,
): string | undefined {
  const variable = HONORED[name];
  const value = variable === undefined ? undefined : env[variable];
  return value === '' ? undefined : value;
}

/**
 * Refuses variables of libpq that cannot be honored, for a url that says `?env`.
 *
 * @throws {MigratorError} `INVALID_CONNECTION`
 */
export function refuseVariables(env: EnvironmentVariables, source: string): void {
  for (const { variable, accepted, hint } of Object.values(RULES)) {
    const value = variable === undefined ? undefined : env[variable];
    if (value === undefined || value === '' || accepted?.test(value) === true) continue;
    throw invalid(
      source,
      `says ?env, and the variable ${variable} has a value that is not supported`,
      `${hint} Or unset ${variable}.`,
    );
  }
}

function checkRule(name: string, value: string, source: string): void {
  const key = name.toLowerCase();
  const rule = Object.hasOwn(RULES, key) ? RULES[key] : undefined;
  if (rule === undefined) throw unknownParameter(name, source);
  if (value === '' || rule.accepted?.test(value) === true) return;
  const what =
    rule.accepted === undefined ? 'which is not supported' : 'whose value is not supported';
  throw invalid(source, `has the parameter "${name}", ${what}`, rule.hint);
}

function unknownParameter(name: string, source: string): MigratorError {
  const owned = insteadOf(name);
  if (owned !== undefined) return invalid(source, `has the parameter "${name}"`, owned);
  // Only a name that looks like one: anything else may be the rest of a password.
  const shown = /^[a-z_]{1,40}$/i.test(name)
    ? `the parameter "${name}", which is not known here`
    : 'a parameter that is not known here';
  const known = `Known are: ${Object.keys(HONORED).join(', ')}, env. Settings of the server are written as options=-c%20name%3Dvalue.`;
  return invalid(source, `has ${shown}`, known);
}

function isHonored(name: string): name is UrlParameter {
  return Object.hasOwn(HONORED, name);
}
