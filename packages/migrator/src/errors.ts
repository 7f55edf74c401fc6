/**
 * Every way in which the migrator refuses or fails, as a stable name. Codes are public API: a script may
 * compare them, and docs/errors.md explains each. A code is never renamed or reused for something else.
 */
export type ErrorCode =
  // Input: arguments, configuration, files. Nothing was touched.
  | 'INVALID_ARGUMENT'
  | 'INVALID_NAME'
  | 'INVALID_VERSION'
  | 'INVALID_CONFIG'
  | 'CONFIG_NOT_FOUND'
  | 'PROJECT_NOT_FOUND'
  | 'UNKNOWN_ENVIRONMENT'
  | 'UNKNOWN_DATABASE'
  | 'INVALID_TENANTS'
  | 'UNKNOWN_TENANT'
  | 'INVALID_CONNECTION'
  | 'IDENTIFIER_TOO_LONG'
  | 'MIGRATIONS_FOLDER_NOT_FOUND'
  | 'NOT_A_REGULAR_FILE'
  | 'FILE_UNREADABLE'
  | 'FILE_TOO_LARGE'
  | 'FILE_EXISTS'
  | 'NOT_UTF8'
  | 'NUL_BYTE'
  | 'DUPLICATE_VERSION'
  | 'COMPILE_FAILED'
  | 'LOAD_FAILED'
  | 'INVALID_EXPORT'
  // Plan: what the files and the history say together. Nothing was touched.
  | 'DEPENDENCY_CYCLE'
  | 'SELF_DEPENDENCY'
  | 'UNKNOWN_DEPENDENCY'
  | 'UNKNOWN_PROJECT'
  | 'PREREQUISITE_NOT_APPLIED'
  | 'OUT_OF_ORDER'
  | 'CHECKSUM_MISMATCH'
  | 'FILE_MISSING'
  | 'HISTORY_CORRUPT'
  | 'INTERRUPTED'
  | 'UNKNOWN_MIGRATION'
  | 'AMBIGUOUS_MIGRATION'
  | 'NOT_APPLIED'
  | 'REQUIRED_BY_OTHERS'
  | 'NO_DOWN'
  | 'TRANSACTION_REQUIRED'
  | 'HISTORY_NOT_EMPTY'
  | 'NOTHING_TO_REPAIR'
  | 'CONFIRMATION_REQUIRED'
  // Database: reaching it and owning it.
  | 'CONNECTION_FAILED'
  | 'CONNECTION_LOST'
  | 'POOLED_CONNECTION'
  | 'PERMISSION_DENIED'
  | 'ENVIRONMENT_MISMATCH'
  | 'HISTORY_TOO_NEW'
  | 'HISTORY_UPGRADE_FAILED'
  | 'LOCK_HELD'
  | 'LOCK_LOST'
  | 'EXTENSION_NOT_AVAILABLE'
  // Run: a migration was started.
  | 'MIGRATION_FAILED'
  | 'VALIDATION_FAILED'
  | 'INVALID_ROLLBACK_DATA'
  | 'TRANSACTION_ESCAPED'
  | 'TRANSACTION_ABORTED'
  | 'TRANSACTION_CONTROL'
  | 'UNAWAITED_QUERY'
  | 'PROCESS_EXIT'
  | 'INVALID_INDEX'
  | 'ENUM_VALUE_NOT_COMMITTED'
  | 'MAX_LOCKS_EXCEEDED'
  | 'LOCK_TIMEOUT'
  | 'STATEMENT_TIMEOUT'
  | 'CONCURRENT_RUN'
  | 'CANCELLED'
  | 'OUTCOME_UNKNOWN';

/** One thing that is wrong, as data: what, where, and what to do next. Never holds a secret. */
export interface Problem {
  readonly code: ErrorCode;
  /** What is wrong, in one sentence that names the thing. */
  readonly message: string;
  /** What to do next. */
  readonly hint?: string;
  /** Where: a file, a migration's identity or a configuration key. */
  readonly where?: string;
}

/** What {@link MigratorError} is made of besides its code and message. */
export interface MigratorErrorOptions {
  readonly hint?: string;
  readonly where?: string;
  readonly cause?: unknown;
}

/**
 * The one error that the migrator throws. `code` is stable, `hint` says what to do next, and `problems` holds
 * everything found wrong, the first of them being this error's own code, message and hint.
 *
 * @example
 * ```ts
 * try {
 *   await agent.migrate();
 * } catch (error) {
 *   if (error instanceof MigratorError && error.code === 'LOCK_HELD') await tryLater();
 *   else throw error;
 * }
 * ```
 */
export class MigratorError extends Error {
  override readonly name = 'MigratorError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly where: string | undefined;
  /** Everything that is wrong, at least one. */
  readonly problems: readonly Problem[];

  constructor(code: ErrorCode, message: string, options: MigratorErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.where = options.where;
    this.problems = [{ code, message, hint: options.hint, where: options.where }];
  }

  /**
   * One error for all of the problems at once.
   *
   * @param problems what is wrong, at least one; the first gives the error its code
   */
  static fromProblems(problems: readonly Problem[]): MigratorError {
    const [first, ...rest] = problems;
    if (first === undefined) throw new TypeError('MigratorError.fromProblems needs a problem');
    const message =
      rest.length === 0
        ? first.message
        : `${problems.length} problems:\n${problems.map((problem) => `- ${problem.message}`).join('\n')}`;
    const error = new MigratorError(first.code, message, { hint: first.hint, where: first.where });
    Object.defineProperty(error, 'problems', { value: problems, enumerable: true });
    return error;
  }
}
