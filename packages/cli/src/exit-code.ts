import type { ErrorCode } from '@flashfusion/migrator';

/** What the process's exit status tells a script. Documented in the README; never renumbered. */
export const EXIT = {
  done: 0,
  failed: 1,
  /** Bad input: arguments, configuration, files, or files and history that disagree. Nothing was touched. */
  refused: 2,
  /** Another runner holds the lock. Nothing was touched. */
  lockHeld: 3,
  /** The connection was lost at COMMIT and reconnecting did not tell how it ended. */
  outcomeUnknown: 4,
  /** `status --check` found something pending, failed or drifted. */
  checkFailed: 5,
  interrupted: 130,
  terminated: 143,
  hungUp: 129,
} as const;

/** One of the values of {@link EXIT}. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The signals that cancel a command. */
export type CancelSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/**
 * Every error code has its place here: a new one does not compile until somebody has decided what it means to a script.
 */
const EXIT_CODE_OF: Readonly<Record<ErrorCode, ExitCode>> = {
  INVALID_ARGUMENT: EXIT.refused,
  CACHED_TARGET: EXIT.refused,
  INVALID_NAME: EXIT.refused,
  INVALID_VERSION: EXIT.refused,
  INVALID_CONFIG: EXIT.refused,
  CONFIG_NOT_FOUND: EXIT.refused,
  PROJECT_NOT_FOUND: EXIT.refused,
  UNKNOWN_ENVIRONMENT: EXIT.refused,
  UNKNOWN_DATABASE: EXIT.refused,
  INVALID_TENANTS: EXIT.refused,
  UNKNOWN_TENANT: EXIT.refused,
  TARGETS_DIFFER: EXIT.refused,
  INVALID_CONNECTION: EXIT.refused,
  IDENTIFIER_TOO_LONG: EXIT.refused,
  MIGRATIONS_FOLDER_NOT_FOUND: EXIT.refused,
  FOREIGN_MIGRATIONS: EXIT.refused,
  NOT_A_REGULAR_FILE: EXIT.refused,
  FILE_UNREADABLE: EXIT.refused,
  FILE_TOO_LARGE: EXIT.refused,
  FILE_EXISTS: EXIT.refused,
  NOT_UTF8: EXIT.refused,
  NUL_BYTE: EXIT.refused,
  DUPLICATE_VERSION: EXIT.refused,
  COMPILE_FAILED: EXIT.refused,
  LOAD_FAILED: EXIT.refused,
  INVALID_EXPORT: EXIT.refused,
  MIGRATION_NOT_WRITTEN: EXIT.refused,
  SQL_SYNTAX_ERROR: EXIT.refused,
  TRANSACTION_NOT_ALLOWED: EXIT.refused,
  COPY_FROM_STDIN: EXIT.refused,

  DEPENDENCY_CYCLE: EXIT.refused,
  SELF_DEPENDENCY: EXIT.refused,
  UNKNOWN_DEPENDENCY: EXIT.refused,
  UNKNOWN_PROJECT: EXIT.refused,
  PREREQUISITE_NOT_APPLIED: EXIT.refused,
  OUT_OF_ORDER: EXIT.refused,
  POSSIBLE_RENAME: EXIT.refused,
  PROJECT_NAME_CONFLICT: EXIT.refused,
  CHECKSUM_MISMATCH: EXIT.refused,
  FILE_MISSING: EXIT.refused,
  HISTORY_CORRUPT: EXIT.refused,
  INTERRUPTED: EXIT.refused,
  UNKNOWN_MIGRATION: EXIT.refused,
  AMBIGUOUS_MIGRATION: EXIT.refused,
  NOT_APPLIED: EXIT.refused,
  REQUIRED_BY_OTHERS: EXIT.refused,
  NO_DOWN: EXIT.refused,
  TRANSACTION_REQUIRED: EXIT.refused,
  HISTORY_NOT_EMPTY: EXIT.refused,
  NOTHING_TO_REPAIR: EXIT.refused,
  CONFIRMATION_REQUIRED: EXIT.refused,

  CONNECTION_FAILED: EXIT.failed,
  CONNECTION_LOST: EXIT.failed,
  POOLED_CONNECTION: EXIT.refused,
  READ_ONLY_SERVER: EXIT.refused,
  ENVIRONMENT_MISMATCH: EXIT.refused,
  HISTORY_TOO_NEW: EXIT.refused,
  HISTORY_UPGRADE_FAILED: EXIT.failed,
  LOCK_HELD: EXIT.lockHeld,
  LOCK_LOST: EXIT.failed,
  EXTENSION_NOT_AVAILABLE: EXIT.failed,
  PERMISSION_DENIED: EXIT.failed,

  MIGRATION_FAILED: EXIT.failed,
  VALIDATION_FAILED: EXIT.failed,
  INVALID_ROLLBACK_DATA: EXIT.failed,
  ROLLBACK_DATA_CONFLICT: EXIT.failed,
  SCRIPT_CHANGED: EXIT.failed,
  UNSUPPORTED_ENCODING: EXIT.failed,
  TRANSACTION_ESCAPED: EXIT.failed,
  TRANSACTION_ABORTED: EXIT.failed,
  // Thrown where it is found before anything runs; a migration that was started fails with it.
  TRANSACTION_CONTROL: EXIT.refused,
  UNAWAITED_QUERY: EXIT.failed,
  PROCESS_EXIT: EXIT.failed,
  INVALID_INDEX: EXIT.failed,
  ENUM_VALUE_NOT_COMMITTED: EXIT.failed,
  MAX_LOCKS_EXCEEDED: EXIT.failed,
  LOCK_TIMEOUT: EXIT.failed,
  STATEMENT_TIMEOUT: EXIT.failed,
  QUERY_CANCELED: EXIT.failed,
  CONCURRENT_CHANGE: EXIT.failed,
  CONCURRENT_RUN: EXIT.failed,
  CANCELLED: EXIT.failed,
  OUTCOME_UNKNOWN: EXIT.outcomeUnknown,

  // The result of a command that did what it says may be lost: exit 1 whatever it was.
  OUTPUT_FAILED: EXIT.failed,
};

/** Error codes with their exit codes, e.g. for a test that goes through them all. */
export const exitCodes: ReadonlyArray<readonly [ErrorCode, ExitCode]> = Object.entries(
  EXIT_CODE_OF,
) as [ErrorCode, ExitCode][];

/** The exit code for an error that a command threw: nothing was touched but what the code says. */
export function exitCodeOfError(error: unknown): ExitCode {
  const code = errorCodeOf(error);
  return code === undefined ? EXIT.failed : EXIT_CODE_OF[code];
}

/**
 * The exit code for a run that failed after it had started. Something was touched, so that codes which promise
 * "nothing touched" do not apply: it is "failed", or "outcome unknown".
 */
export function exitCodeOfFailedRun(error: unknown): ExitCode {
  const exitCode = exitCodeOfError(error);
  return exitCode === EXIT.outcomeUnknown ? exitCode : EXIT.failed;
}

/** The exit code of a command that was sent a signal: the signal's own, unless nobody knows how a COMMIT ended. */
export function exitCodeOfSignal(signal: CancelSignal, exitCode: ExitCode): ExitCode {
  if (exitCode === EXIT.outcomeUnknown) return exitCode;
  return EXIT_CODE_OF_SIGNAL[signal];
}

const EXIT_CODE_OF_SIGNAL: Readonly<Record<CancelSignal, ExitCode>> = {
  SIGINT: EXIT.interrupted,
  SIGTERM: EXIT.terminated,
  SIGHUP: EXIT.hungUp,
};

/** The stable code of an error of the migrator; `undefined` for any other error. */
export function errorCodeOf(error: unknown): ErrorCode | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  if (!('name' in error) || error.name !== 'MigratorError') return undefined;
  if (!('code' in error) || typeof error.code !== 'string') return undefined;
  return Object.hasOwn(EXIT_CODE_OF, error.code) ? (error.code as ErrorCode) : undefined;
}
