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

/** Which SQLSTATEs end the connection: 57P01 admin_shutdown, 57P02 crash_shutdown, 57P03 cannot_connect_now, 57P05 idle_session_timeout. */
const ENDING = /^(?:08...|57P0[1235])$/;

/** The five-character SQLSTATE of a server's error; `undefined` for anything else, network errors included. */
export function sqlState(error: unknown): string | undefined {
  const code = property(error, 'code');
  // Node's own codes (EPIPE) can have five characters too, but only a server's error has a severity.
  if (typeof code !== 'string' || !/^[0-9A-Z]{5}$/.test(code)) return undefined;
  return property(error, 'severity') === undefined && LOST_CODES.has(code) ? undefined : code;
}

/**
 * Whether an error means that the connection is gone, so that what was sent last may or may not have been done. An error
 * with any other SQLSTATE is the server's definite answer.
 */
export function isConnectionLost(error: unknown): boolean {
  const state = sqlState(error);
  if (state !== undefined) return ENDING.test(state);
  const code = property(error, 'code');
  if (typeof code === 'string' && LOST_CODES.has(code)) return true;
  const message = property(error, 'message');
  return typeof message === 'string' && LOST.test(message);
}

function property(error: unknown, key: string): unknown {
  if (typeof error !== 'object' || error === null) return undefined;
  return (error as Record<string, unknown>)[key];
}
