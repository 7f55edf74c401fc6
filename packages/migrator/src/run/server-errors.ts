import { isConnectionLost } from '../database/failure';
import { readProperty, type ErrorCode } from '../errors';
import type { MigrationMode } from '../migration/types';

/** What a server's error means for a migration, and what to do about it. */
export interface Explanation {
  readonly code: ErrorCode;
  readonly hint: string;
}

/** A server's error and how the migration ran. */
interface ServerFailure {
  readonly message: string;
  /** The server's function that raised the error: unlike the message it is never translated. */
  readonly routine: string;
  readonly mode: MigrationMode;
  /** The schema whose constraint the statement violated; empty for other errors. */
  readonly schema: string;
}

type Explain = (failure: ServerFailure) => Explanation | undefined;

/** By SQLSTATE (Postgres documentation, Appendix A). One with several meanings is told apart by routine and message. */
const EXPLAINED: Readonly<Record<string, Explain>> = {
  '55P03': ({ mode }) => ({
    code: 'LOCK_TIMEOUT',
    hint:
      mode === 'transaction'
        ? 'Another session holds a lock on the table. Run again when it is quiet, or raise lockTimeout.'
        : 'Another session holds a lock on the table; CONCURRENTLY also waits for every older transaction. Run again when it is quiet, or raise lockTimeout for this migration.',
  }),
  '40P01': ({ mode }) => ({
    code: 'LOCK_TIMEOUT',
    hint:
      mode === 'transaction'
        ? 'A deadlock: this session and another one waited for each other, and Postgres ended this one. Run again.'
        : 'A deadlock: this session and another one waited for each other, and Postgres ended this one. Two CREATE INDEX CONCURRENTLY on one table do that. Run again when the other session is through.',
  }),
  '40001': (failure) => concurrentChange(failure),
  XX000: (failure) => (RACE_MESSAGE.test(failure.message) ? concurrentChange(failure) : undefined),
  // Two sessions that create one object (CREATE … IF NOT EXISTS, CREATE EXTENSION) meet in an index of the catalog.
  '23505': (failure) => (failure.schema === 'pg_catalog' ? concurrentChange(failure) : undefined),
  '42704': (failure) =>
    failure.routine === 'shdepLockAndCheckObject' ? concurrentChange(failure) : undefined,
  '57014': explainCancel,
  '25006': () => ({
    code: 'MIGRATION_FAILED',
    hint: 'The transaction is read-only. Remove SET TRANSACTION READ ONLY, or connect to a server that accepts writes.',
  }),
  '25001': explainActiveTransaction,
  '55P04': () => ({
    code: 'ENUM_VALUE_NOT_COMMITTED',
    hint: 'A new enum value can be used only after it is committed: set transaction: false, or use it in a second migration.',
  }),
  '53200': () => ({
    code: 'MAX_LOCKS_EXCEEDED',
    hint: 'One transaction took more locks than max_locks_per_transaction allows: migrate without --single-transaction, or raise that setting (it needs a restart).',
  }),
  '42622': ({ mode }) => ({
    code: 'IDENTIFIER_TOO_LONG',
    hint:
      mode === 'transaction'
        ? NAME_HINT
        : `${NAME_HINT} What ran before it is committed. So is what a DO block or a procedure did with the name: look at the schema.`,
  }),
  '25P02': () => ({
    code: 'TRANSACTION_ABORTED',
    hint: 'An earlier statement failed and its error was caught. Let errors pass, or put the statement behind a SAVEPOINT.',
  }),
  '25P03': () => ({
    code: 'CONNECTION_LOST',
    hint: 'The transaction was idle for longer than idle_in_transaction_session_timeout. Raise that setting, or let the migration wait for less between two statements.',
  }),
  '25P04': () => ({
    code: 'CONNECTION_LOST',
    hint: 'The transaction lasted longer than transaction_timeout. Raise that setting for the database user, or split the migration.',
  }),
  '57P05': () => ({
    code: 'CONNECTION_LOST',
    hint: 'The session was idle for longer than idle_session_timeout. Raise that setting for the database user.',
  }),
  '42601': ({ message }) =>
    isPsqlCommand(message) ? { code: 'MIGRATION_FAILED', hint: PSQL_HINT } : undefined,
  '3F000': ({ routine }) =>
    routine.startsWith('RangeVar')
      ? {
          code: 'MIGRATION_FAILED',
          hint: "The search_path is empty. A dump of pg_dump empties it: remove set_config('search_path', …) from it, or write the schema before the name.",
        }
      : undefined,
  '42501': () => ({
    code: 'MIGRATION_FAILED',
    hint: 'The database user lacks a right that the migration needs: grant it, or migrate as the owner of the tables.',
  }),
  '53100': () => ({
    code: 'MIGRATION_FAILED',
    hint: "The server's disk is full. The statement was rolled back; make room and migrate again.",
  }),
};

/**
 * A connection of the server, not of the migration: the SQLSTATEs of class 08 that end only a statement. Dblink, foreign tables and
 * subscriptions report them.
 */
const REMOTE: Explanation = {
  code: 'MIGRATION_FAILED',
  hint: 'The database server could not reach another server, for a subscription, dblink or a foreign table. The connection of the migration is open. Check the address and whether the database server may connect to it.',
};

/** The meaning of a server's error; `undefined` for one that explains itself. */
export function explainServerError(
  state: string | undefined,
  error: unknown,
  mode: MigrationMode,
): Explanation | undefined {
  if (state === undefined) return undefined;
  const lost = isConnectionLost(error);
  if (state.startsWith('08') && !lost) return REMOTE;
  if (!Object.hasOwn(EXPLAINED, state)) return undefined;
  const text = (key: string) => {
    const value = readProperty(error, key);
    return typeof value === 'string' ? value : '';
  };
  const explained = EXPLAINED[state]?.({
    message: text('message'),
    routine: text('routine'),
    schema: text('schema'),
    mode,
  });
  return explained?.code === 'CONNECTION_LOST' && !lost ? undefined : explained;
}

/**
 * What the server reports if another session changed or dropped a shared object (a function, role or schema) at the same moment.
 * These are internal errors, which Postgres never translates.
 */
const RACE_MESSAGE =
  /^(?:tuple concurrently (?:updated|deleted)$|cache lookup failed for |could not open relation with OID )/;

function concurrentChange({ mode }: ServerFailure): Explanation {
  return {
    code: 'CONCURRENT_CHANGE',
    hint:
      mode === 'transaction'
        ? 'Another session changed the same object at the same time. Run again, or create what all tenants share in a project of its own.'
        : 'Another session changed the same object at the same time. Look at what the statement left, then run again.',
  };
}

/** Told apart by the message, since the server's routine is the same. A translated message gets a hint that is true of all. */
function explainCancel({ message }: ServerFailure): Explanation {
  // The words are those of `pg`, which has nothing to send, and are never translated.
  if (/No source stream|COPY from stdin/i.test(message)) {
    return { code: 'COPY_FROM_STDIN', hint: COPY_HINT };
  }
  if (/user request/i.test(message)) {
    return {
      code: 'QUERY_CANCELED',
      hint: 'Another session canceled the statement (pg_cancel_backend), not a timeout. Ask who administers the server, then run again.',
    };
  }
  if (/statement timeout/i.test(message)) {
    return {
      code: 'STATEMENT_TIMEOUT',
      hint: 'Raise statementTimeout for this migration, or do the work in batches.',
    };
  }
  return {
    code: 'STATEMENT_TIMEOUT',
    hint: 'If it ran into its time limit: raise statementTimeout for this migration, or do the work in batches. If an administrator canceled it (pg_cancel_backend): run again.',
  };
}

/** What to do with a name that the server truncates. */
export const NAME_HINT =
  'Shorten the name. Postgres truncates it without an error, and two long names with the same beginning become one.';

/** Whether a syntax error is at a backslash, in any language of the messages. SQL has none outside of strings. */
export function isPsqlCommand(message: string): boolean {
  return /\\["»«”]?$/.test(message);
}

/** What to do with a command of psql. */
export const PSQL_HINT =
  'Lines that begin with a backslash (\\restrict, \\connect, \\i) are commands of psql, not SQL. Remove them; pg_dump writes \\restrict and \\unrestrict into every dump.';

/** What to do with a COPY that has no data. */
export const COPY_HINT =
  'A migration has no standard input, so the data after COPY … FROM stdin cannot be sent. Use INSERT statements (pg_dump --inserts, or --rows-per-insert=1000), db.insert(), or COPY … FROM a file on the server.';

function explainActiveTransaction({ message, routine, mode }: ServerFailure): Explanation {
  const code = 'MIGRATION_FAILED';
  if (/from a function/i.test(message)) {
    return {
      code,
      hint: 'Postgres runs this statement only on its own, never inside a function, procedure or DO block. Send it with db.script() in a migration with transaction: false.',
    };
  }
  const early = /isolation|read_only|deferrable|snapshot|guc|check_hook|set_config/i;
  if (
    routine !== 'PreventInTransactionBlock' &&
    (early.test(routine) || /^SET |transaction (?:read|isolation)|snapshot/i.test(message))
  ) {
    return {
      code,
      hint:
        mode === 'transaction'
          ? 'Postgres accepts this only as the first statement of a transaction. Move it to the beginning of the migration.'
          : 'Postgres accepts this only as the first statement of a transaction. Put it directly after BEGIN.',
    };
  }
  if (mode === 'transaction') {
    return {
      code,
      hint: 'This statement cannot run inside a transaction: set transaction: false. With several statements, use db.script().',
    };
  }
  return {
    code,
    hint: 'This statement cannot run inside a transaction. Postgres runs several statements of one db.query() in one transaction: use db.script(), which sends one at a time. If the migration began a transaction itself, commit it first.',
  };
}
