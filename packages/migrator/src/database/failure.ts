import { readProperty } from '../errors';

/** Messages of `pg` and of Node's sockets for a connection that is gone; none of them has an SQLSTATE. */
const LOST = /^Connection terminated|^Client (?:has encountered|was closed)|not queryable/;
const LOST_CODES = new Set([
  'ECONNRESET',
  'EPIPE',
  'ECONNREFUSED',
  'ETIMEDOUT',
  'ECONNABORTED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'CONNECTION_LOST',
  'CONNECTION_FAILED',
]);

/**
 * Which SQLSTATEs end the connection: 57P01 admin_shutdown, 57P02 crash_shutdown, 57P03 cannot_connect_now, 57P05
 * idle_session_timeout, 25P03 idle_in_transaction_session_timeout, 25P04 transaction_timeout.
 */
const ENDING = /^(?:08...|57P0[1235]|25P0[34])$/;

/** The five-character SQLSTATE of a server's error; `undefined` for anything else, network errors included. */
export function sqlState(error: unknown): string | undefined {
  const code = readProperty(error, 'code');
  // Node's own codes (EPIPE) can have five characters too, but only a server's error has a severity.
  if (typeof code !== 'string' || !/^[0-9A-Z]{5}$/.test(code)) return undefined;
  return readProperty(error, 'severity') === undefined && LOST_CODES.has(code) ? undefined : code;
}

/**
 * Whether an error means that the connection is gone, so that what was sent last may or may not have been done. An error
 * with any other SQLSTATE is the server's definite answer, and so is one that ended only its statement: a subscription, dblink
 * or a foreign table that cannot reach its own server, and RAISE in PL/pgSQL, report the same SQLSTATEs.
 */
export function isConnectionLost(error: unknown): boolean {
  const state = sqlState(error);
  if (state !== undefined) return ENDING.test(state) && !endedStatementOnly(error);
  const code = readProperty(error, 'code');
  if (typeof code === 'string' && LOST_CODES.has(code)) return true;
  const message = readProperty(error, 'message');
  return typeof message === 'string' && LOST.test(message);
}

/**
 * The server ends a session with FATAL, most often in `ProcessInterrupts`. Errors of poolers, which may say ERROR for a lost
 * server, name no routine.
 */
function endedStatementOnly(error: unknown): boolean {
  const routine = readProperty(error, 'routine');
  return (
    readProperty(error, 'severity') === 'ERROR' &&
    typeof routine === 'string' &&
    routine !== 'ProcessInterrupts'
  );
}

const finishedBefore = new WeakMap<object, number>();

/** Notes how many statements of a query the server had finished when it reported an error. */
export function noteFinishedStatements(error: unknown, count: number): void {
  if (typeof error === 'object' && error !== null) finishedBefore.set(error, count);
}

/**
 * How many statements of a query with several the server had finished before the one that failed; `undefined` where the driver
 * does not report it.
 */
export function statementsFinishedBefore(error: unknown): number | undefined {
  return typeof error === 'object' && error !== null ? finishedBefore.get(error) : undefined;
}
