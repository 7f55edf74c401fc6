import { MigratorError } from '../errors';
import { sqlState } from './failure';
import type { PostgresAddress } from './postgres-url';
import { foreignLine } from '../text/inert';
import { serverName } from '../text/server-name';

/** What an error on the way in means, and what to do about it. */
interface Explanation {
  readonly what: string;
  readonly hint: string;
}

type Explain = (address: PostgresAddress) => Explanation;

const REFUSED_OPTIONS: Explanation = {
  what: 'does not accept a setting',
  hint: 'Correct `options` in the url: the server names the setting.',
};

const BY_SQLSTATE: Record<string, Explain> = {
  '28P01': ({ user }) => ({
    what: `refused the password of ${user}`,
    hint: 'Check user and password in the url; special characters in it have to be percent-encoded, in a .env file also $ (%24).',
  }),
  '28000': ({ user }) => ({
    what: `does not let ${user} in`,
    hint: "Check the user, and the server's pg_hba.conf; it may insist on TLS: sslmode=require or verify-full.",
  }),
  '3D000': ({ database }) => ({
    what: `has no database ${database}`,
    hint: 'Create it (CREATE DATABASE), or correct the url: migrations never create the database itself.',
  }),
  '53300': () => ({
    what: 'has no connection left',
    hint: 'Close other connections or raise max_connections, then run again.',
  }),
  '57P03': () => ({
    what: 'is not ready for connections',
    hint: 'It starts or stops just now: run again in a moment.',
  }),
  '08P01': () => ({
    what: 'does not accept how we connect',
    hint: 'If this is a connection pooler such as PgBouncer: give migrations the direct url of the server.',
  }),
  '22023': () => REFUSED_OPTIONS,
  '42704': () => REFUSED_OPTIONS,
  '42501': ({ user, database }) => ({
    what: `does not let ${user} connect to ${database}`,
    hint: 'Grant CONNECT on the database.',
  }),
};

const BY_CODE: Record<string, Explain> = {
  ECONNREFUSED: () => ({
    what: 'is not listening',
    hint: 'Is the server running, and are host and port right?',
  }),
  ENOENT: () => ({
    what: 'has no socket there',
    hint: 'Is the server running, and is the folder of the socket right?',
  }),
  ENOTFOUND: () => ({
    what: 'is not a known host',
    hint: 'Correct the host name, or check the name server.',
  }),
  EAI_AGAIN: () => ({
    what: 'could not be looked up',
    hint: 'The name server does not answer: run again.',
  }),
  ETIMEDOUT: () => ({ what: 'did not answer', hint: 'Check host, port and firewall.' }),
  ECONNRESET: () => ({
    what: 'hung up',
    hint: 'Is that port Postgres? A proxy may be in between.',
  }),
  ERR_TLS_CERT_ALTNAME_INVALID: ({ host }) => ({
    what: 'showed a certificate for another host',
    hint: `The certificate is not for ${host}: use the name that it is for, or sslmode=verify-ca where the authority alone is proof enough.`,
  }),
  CERT_HAS_EXPIRED: () => ({
    what: 'showed an expired certificate',
    hint: "Renew the server's certificate.",
  }),
};

const UNTRUSTED = /SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY)|CERT_/;

/**
 * An error of connecting, told with host, port and what to do. Errors that are ours already pass through. No part of the
 * url but host, port, user and database is named.
 */
export function connectionFailed(error: unknown, address: PostgresAddress): MigratorError {
  if (error instanceof MigratorError) return error;
  const cause = firstCause(error);
  const { what, hint } = explain(cause, address);
  const said = foreignLine(textOf(cause)).trim();
  return new MigratorError(
    'CONNECTION_FAILED',
    `${serverName(address)} ${what}${said === '' ? '' : ` (${said})`}.`,
    { hint: `${hint} The url is from ${address.source}.`, where: address.source, cause },
  );
}

function explain(error: unknown, address: PostgresAddress): Explanation {
  const byState = BY_SQLSTATE[sqlState(error) ?? ''];
  if (byState) return byState(address);
  const { code, message } = fieldsOf(error);
  const byCode = typeof code === 'string' ? BY_CODE[code] : undefined;
  if (byCode) return byCode(address);
  if (typeof code === 'string' && UNTRUSTED.test(code)) {
    return {
      what: 'showed a certificate that is not trusted here',
      hint: "Give the authority's certificate: sslrootcert=<file> in the url.",
    };
  }
  if (message === 'The server does not support SSL connections') {
    return {
      what: 'offers no TLS',
      hint: 'Switch it on at the server (ssl = on), or take another url.',
    };
  }
  if (typeof message === 'string' && /^timeout expired|^Connection terminated/.test(message)) {
    return {
      what: 'did not answer in time',
      hint: 'Check host, port and firewall; connect_timeout=<seconds> in the url gives it longer.',
    };
  }
  return { what: 'could not be connected to', hint: 'Check host, port, user and database.' };
}

/** Node tries several addresses of a host and then gives all the errors at once. */
function firstCause(error: unknown): unknown {
  const { errors } = fieldsOf(error);
  return Array.isArray(errors) && errors.length > 0 ? (errors[0] as unknown) : error;
}

function textOf(error: unknown): string {
  const { message } = fieldsOf(error);
  return typeof message === 'string' ? message : '';
}

function fieldsOf(error: unknown): {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly errors?: unknown;
  readonly cause?: unknown;
} {
  return typeof error === 'object' && error !== null ? error : {};
}

/** What poolers say, which send no SQLSTATE of their own for it. Their messages are not translated. */
const POOLER_IS_FULL =
  /no more connections allowed|max_client_conn|max clients? (?:connections )?reached|MaxClientsInSessionMode|query_wait_timeout/i;

/** How deep a cause is looked for. */
const DEEPEST_CAUSE = 4;

/**
 * Whether the server (or a pooler before it) accepts no further connection: its own limit, or that of the role or database
 * (SQLSTATE 53300). It may accept one as soon as another is closed.
 */
export function isConnectionLimit(error: unknown): boolean {
  let current = error;
  for (let depth = 0; depth <= DEEPEST_CAUSE; depth += 1) {
    if (sqlState(current) === '53300') return true;
    if (!(current instanceof MigratorError) && POOLER_IS_FULL.test(textOf(current))) return true;
    current = fieldsOf(current).cause;
  }
  return false;
}
