import { isNativeError } from 'node:util/types';
import { isConnectionLost, sqlState } from '../database/failure';
import { redact } from '../database/redact';
import { MigratorError, type ErrorCode } from '../errors';
import type { Migration } from '../migration/types';

/** What to do, by how the migration was run. */
type Hints = Record<Migration['mode'], string>;

/** Server errors that have a name of their own here, by SQLSTATE (Postgres documentation, Appendix A). */
const EXPLAINED: Record<string, { code: ErrorCode; hint: string | Hints }> = {
  '55P03': {
    code: 'LOCK_TIMEOUT',
    hint: {
      transaction:
        'Another session holds a lock on the table. Run again when it is quiet, or raise lockTimeout.',
      'no-transaction':
        'Another session holds a lock on the table; CONCURRENTLY also waits for every older transaction. Run again when it is quiet, or raise lockTimeout for this migration.',
    },
  },
  '40P01': {
    code: 'LOCK_TIMEOUT',
    hint: {
      transaction:
        'A deadlock: this session and another one waited for each other, and Postgres ended this one. Run again.',
      'no-transaction':
        'A deadlock: this session and another one waited for each other, and Postgres ended this one. Two CREATE INDEX CONCURRENTLY on one table do that. Run again when the other session is through.',
    },
  },
  '57014': {
    code: 'STATEMENT_TIMEOUT',
    hint: 'Raise statementTimeout for this migration, or do the work in batches.',
  },
  '55P04': {
    code: 'ENUM_VALUE_NOT_COMMITTED',
    hint: 'A new enum value can be used only after it is committed: set transaction: false, or use it in a second migration.',
  },
  '53200': {
    code: 'MAX_LOCKS_EXCEEDED',
    hint: 'One transaction took more locks than max_locks_per_transaction allows: migrate without --single-transaction, or raise that setting (it needs a restart).',
  },
  '25001': {
    code: 'MIGRATION_FAILED',
    hint: 'This statement cannot run inside a transaction: set transaction: false. With several statements, use db.script().',
  },
  '25P02': {
    code: 'TRANSACTION_ABORTED',
    hint: 'An earlier statement failed and its error was caught. Let errors pass, or put the statement behind a SAVEPOINT.',
  },
  '42501': {
    code: 'MIGRATION_FAILED',
    hint: 'The database user lacks a right that the migration needs: grant it, or migrate as the owner of the tables.',
  },
  '53100': {
    code: 'MIGRATION_FAILED',
    hint: "The server's disk is full. The statement was rolled back; make room and migrate again.",
  },
};

/** What the server makes of a migration whose connection is lost. */
const LOSSES: Hints = {
  transaction: 'The server has rolled the transaction back. Run again when it is reachable.',
  'no-transaction':
    'Nothing is rolled back: the statements that had finished stay, and the one that ran may have finished as well. Look at the schema when the server is reachable.',
};

/**
 * Any failure of a migration as a {@link MigratorError} that says what to do. Secrets are taken out of message and stack;
 * the original stays reachable as `cause`.
 *
 * @param thrown whatever was thrown, also `null`
 * @param where the migration's file
 * @param mode how the migration was run, which decides what a failure leaves and what can be done about it
 */
export function explainFailure(
  thrown: unknown,
  where: string,
  mode: Migration['mode'] = 'transaction',
): MigratorError {
  if (thrown instanceof MigratorError) return thrown;
  const message = redact(messageOf(thrown));
  const state = sqlState(thrown);
  const explained = state === undefined ? undefined : EXPLAINED[state];
  if (explained) {
    const { code, hint } = explained;
    return withOrigin(code, message, typeof hint === 'string' ? hint : hint[mode], where, thrown);
  }
  if (isConnectionLost(thrown)) {
    return withOrigin(
      'CONNECTION_LOST',
      `The connection was lost: ${message}`,
      LOSSES[mode],
      where,
      thrown,
    );
  }
  return withOrigin('MIGRATION_FAILED', message, undefined, where, thrown);
}

/** A `down` that fell over the rollback data it was not given. Its type says that there always is some. */
export function explainNoRollbackData(thrown: TypeError, where: string): MigratorError {
  return withOrigin(
    'MIGRATION_FAILED',
    redact(thrown.message),
    'No rollback data is stored for it: `up` gave none, or it was marked as applied without running here (baseline, repair). Let `down` do without. (That changes the file: repair then accepts its new checksum.)',
    where,
    thrown,
  );
}

/**
 * Runs what talks to the server outside of a migration: reading and preparing the history, waiting for the lock. A connection
 * that is lost there becomes an error that says what it means; every other error passes.
 *
 * @throws {MigratorError} `CONNECTION_LOST`, and what `work` throws
 */
export async function explainLoss<T>(where: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const told = error instanceof MigratorError;
    if (!isConnectionLost(error) || (told && error.hint !== undefined)) throw error;
    const message = redact(messageOf(error));
    throw withOrigin(
      'CONNECTION_LOST',
      told ? message : `The connection was lost: ${message}`,
      'What was recorded up to now stays; nothing else is kept. Run status, then the command again.',
      where,
      error,
    );
  }
}

/** Detail lines that Postgres sends with an error, redacted, for people. */
export function serverDetails(thrown: unknown): string[] {
  if (typeof thrown !== 'object' || thrown === null) return [];
  const fields = thrown as Record<string, unknown>;
  return (['detail', 'hint', 'where'] as const).flatMap((key) =>
    typeof fields[key] === 'string' ? [`${key}: ${redact(fields[key])}`] : [],
  );
}

function withOrigin(
  code: ErrorCode,
  message: string,
  hint: string | undefined,
  where: string,
  cause: unknown,
): MigratorError {
  const state = sqlState(cause);
  const details = serverDetails(cause);
  const text = [state === undefined ? message : `${message} (SQLSTATE ${state})`, ...details];
  const stack = stackOf(cause);
  const place = stack === undefined ? where : placeIn(where, stack);
  const error = new MigratorError(code, text.join('\n  '), { hint, where: place, cause });
  if (stack !== undefined) error.stack = redact(stack);
  return error;
}

function messageOf(thrown: unknown): string {
  if (typeof thrown === 'object' && thrown !== null && 'message' in thrown) {
    return String(thrown.message);
  }
  return `The migration threw ${thrown === undefined ? 'undefined' : JSON.stringify(thrown)}, which is no Error.`;
}

/** With the line that threw, or that sent the statement: the innermost one of the file. A file alone where none is known. */
function placeIn(file: string, stack: string): string {
  for (const frame of stack.split('\n')) {
    const [, before = '', line] = /^\s+at (.*?)(:\d+:\d+)\)?$/.exec(frame) ?? [];
    if (line === undefined || !before.endsWith(file)) continue;
    // `up (/repo/a.ts`, `/repo/a.ts` or `file:///repo/a.ts`, but not `/repo/other-a.ts`
    if (/(^|[\s(]|file:\/\/)$/.test(before.slice(0, -file.length))) return `${file}${line}`;
  }
  return file;
}

function stackOf(thrown: unknown): string | undefined {
  return isNativeError(thrown) ? thrown.stack : undefined;
}
