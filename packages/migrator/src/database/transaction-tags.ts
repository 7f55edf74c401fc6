import type { TransactionStatus } from './database';

/**
 * The state after a message, by the command tags of its statements, for a driver that does not pass on the server's own word.
 * `unknown` where the tags leave it open.
 *
 * @param sql the message
 * @param tags one for each statement
 */
export function statusAfter(
  before: TransactionStatus,
  sql: string,
  tags: readonly string[],
): TransactionStatus {
  return tags.reduce<TransactionStatus>((status, tag) => next(status, sql, tag), before);
}

function next(status: TransactionStatus, sql: string, tag: string): TransactionStatus {
  switch (/^[A-Z]+/.exec(tag.toUpperCase())?.[0]) {
    case 'BEGIN':
    case 'START':
      return 'open';
    // A failed transaction answers COMMIT with ROLLBACK, and ROLLBACK TO SAVEPOINT has the same tag.
    case 'COMMIT':
    case 'END':
      return mentions(sql, 'chain') ? 'unknown' : 'idle';
    case 'ROLLBACK':
    case 'ABORT':
      return mentions(sql, 'chain') || mentions(sql, 'to') ? 'unknown' : 'idle';
    case 'PREPARE':
      return mentions(sql, 'transaction') ? 'unknown' : status;
    default:
      return status;
  }
}

function mentions(sql: string, word: string): boolean {
  return new RegExp(`\\b${word}\\b`, 'i').test(sql);
}
