import { foreignLine, foreignText } from './text/inert';

/**
 * Every way in which the migrator refuses or fails, as a stable name. Codes are public API: a script may
 * compare them, and docs/errors.md explains each. A code is never renamed or reused for something else.
 */
export type ErrorCode =
  // Input: arguments, configuration, files. Nothing was touched.
  | 'INVALID_ARGUMENT'
  | 'CACHED_TARGET'
  | 'INVALID_NAME'
  | 'INVALID_VERSION'
  | 'INVALID_CONFIG'
  | 'CONFIG_NOT_FOUND'
  | 'PROJECT_NOT_FOUND'
  | 'UNKNOWN_ENVIRONMENT'
  | 'UNKNOWN_DATABASE'
  | 'INVALID_TENANTS'
  | 'UNKNOWN_TENANT'
  | 'TARGETS_DIFFER'
  | 'INVALID_CONNECTION'
  | 'IDENTIFIER_TOO_LONG'
  | 'MIGRATIONS_FOLDER_NOT_FOUND'
  | 'FOREIGN_MIGRATIONS'
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
  | 'MIGRATION_NOT_WRITTEN'
  | 'SQL_SYNTAX_ERROR'
  | 'TRANSACTION_NOT_ALLOWED'
  | 'COPY_FROM_STDIN'
  // Plan: what the files and the history say together. Nothing was touched.
  | 'DEPENDENCY_CYCLE'
  | 'SELF_DEPENDENCY'
  | 'UNKNOWN_DEPENDENCY'
  | 'UNKNOWN_PROJECT'
  | 'PREREQUISITE_NOT_APPLIED'
  | 'OUT_OF_ORDER'
  | 'POSSIBLE_RENAME'
  | 'PROJECT_NAME_CONFLICT'
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
  | 'READ_ONLY_SERVER'
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
  | 'UNSUPPORTED_ENCODING'
  | 'ROLLBACK_DATA_CONFLICT'
  | 'SCRIPT_CHANGED'
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
  | 'QUERY_CANCELED'
  | 'CONCURRENT_CHANGE'
  | 'CONCURRENT_RUN'
  | 'CANCELLED'
  | 'OUTCOME_UNKNOWN'
  | 'OUTPUT_FAILED';

/** One thing that is wrong, as data: what, where, and what to do next. Never holds a secret. */
export interface Problem {
  readonly code: ErrorCode;
  /** What is wrong, in one sentence that names the thing. */
  readonly message: string;
  /** What to do next. */
  readonly hint?: string;
  /** Where: a file, a migration's identity or a configuration key. */
  readonly where?: string;
  /** The SQL that the problem is about. The message contains its excerpt. */
  readonly statement?: FailedStatement;
}

/** The SQL statement that an error is about. Bounded in size; secrets are masked. */
export interface FailedStatement {
  /** The statement's text, cut to 2,000 characters. */
  readonly sql: string;
  /** Line of the error in the string that the migration passed, from 1; of the statement where the error has no position. */
  readonly line: number;
  /** Column in that line, in characters, from 1; absent where the error has no position. */
  readonly column?: number;
  /** Which statement of the string it is, from 1; absent for a string of one statement. */
  readonly number?: number;
  /** `path:line` of the error in the migration's file, where the string is a literal in it. */
  readonly file?: string;
  /** A few lines with their numbers and a caret under the position, for people. */
  readonly excerpt: string;
}

/** What {@link MigratorError} is made of besides its code and message. */
export interface MigratorErrorOptions {
  readonly hint?: string;
  readonly where?: string;
  readonly statement?: FailedStatement;
  readonly cause?: unknown;
}

/**
 * The one error that the migrator throws. `code` is stable, `hint` says what to do next, and `problems` holds
 * everything found wrong, the first of them being this error's own code, message and hint. Message, hint and where are fit to be
 * printed, whoever prints them: without secrets, of bounded length, and without control characters and commands of a CI.
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
  readonly statement: FailedStatement | undefined;
  /** Everything that is wrong, at least one. */
  readonly problems: readonly Problem[];

  constructor(code: ErrorCode, message: string, options: MigratorErrorOptions = {}) {
    const { hint, where, statement, cause } = options;
    const problem = presentable({ code, message, hint, where, ...(statement && { statement }) });
    super(problem.message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.hint = problem.hint;
    this.where = problem.where;
    this.statement = statement;
    this.problems = [problem];
  }

  /** The same error with another hint or place; stack and cause are kept. */
  with(changed: { readonly hint?: string; readonly where?: string }): MigratorError {
    const { code, message, hint, where, statement, cause, stack } = this;
    const error = new MigratorError(code, message, { hint, where, statement, cause, ...changed });
    if (stack !== undefined) error.stack = stack;
    return error;
  }

  /**
   * One error for all of the problems at once.
   *
   * @param problems what is wrong, at least one; the first gives the error its code
   */
  static fromProblems(problems: readonly Problem[]): MigratorError {
    const [first, ...rest] = problems.map(presentable);
    if (first === undefined) throw new TypeError('MigratorError.fromProblems needs a problem');
    const message =
      rest.length === 0
        ? first.message
        : `${problems.length} problems:\n${[first, ...rest].map((problem) => `- ${problem.message}`).join('\n')}`;
    const { hint, where, statement } = first;
    const error = new MigratorError(first.code, message, { hint, where, statement });
    Object.defineProperty(error, 'problems', { value: [first, ...rest], enumerable: true });
    return error;
  }
}

/** Characters of a message that an error keeps. Several problems make a long one. */
const LONGEST_MESSAGE = 50_000;

function presentable(problem: Problem): Problem {
  const { message, hint, where } = problem;
  return {
    ...problem,
    message: foreignText(message, LONGEST_MESSAGE),
    hint: hint === undefined ? undefined : foreignText(hint),
    where: where === undefined ? undefined : foreignLine(where),
  };
}

/** An AggregateError may hold itself. */
const DEEPEST_DESCRIPTION = 3;

/**
 * Describes a thrown value in words: an error by its name and message, a string as it is, anything else by its kind and
 * value. Never throws, also for proxies, throwing getters and objects without a prototype. Without secrets, control characters and
 * commands of a CI; cut to 10,000 characters.
 *
 * @param thrown whatever was thrown or rejected with
 */
export function describeThrown(thrown: unknown): string {
  return foreignText(describeOnce(thrown, 0));
}

/** A property of a thrown value; `undefined` where reading it throws. */
export function readProperty(thrown: unknown, key: string): unknown {
  if ((typeof thrown !== 'object' && typeof thrown !== 'function') || thrown === null) {
    return undefined;
  }
  try {
    return (thrown as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

function describeOnce(thrown: unknown, depth: number): string {
  if (typeof thrown === 'string') return thrown;
  const message = readProperty(thrown, 'message');
  if (typeof message !== 'string') {
    const kind = typeof thrown === 'object' && thrown !== null ? kindOf(thrown) : undefined;
    return `Something that is no error was thrown: ${kind ?? describeValue(thrown)}`;
  }
  const name = readProperty(thrown, 'name');
  const head = [name, message].filter((part) => typeof part === 'string' && part !== '').join(': ');
  const inner = depth < DEEPEST_DESCRIPTION ? innerErrors(thrown) : [];
  return [head, ...inner.map((each) => `  - ${describeOnce(each, depth + 1)}`)].join('\n');
}

/** A value in a few words: JSON where it has some, else its kind. Never throws. Without secrets; cut to 10,000 characters. */
export function describeValue(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'symbol' || value === undefined) return String(value);
  try {
    const json = JSON.stringify(value);
    if (typeof json === 'string') return foreignText(json);
  } catch {
    // A circular object, a BigInt inside, or a getter or proxy that throws.
  }
  return kindOf(value);
}

/** What an AggregateError gathers, also one of another realm. At most ten. */
function innerErrors(thrown: unknown): readonly unknown[] {
  const errors = readProperty(thrown, 'errors');
  try {
    return Array.isArray(errors) ? errors.slice(0, 10) : [];
  } catch {
    return [];
  }
}

function kindOf(value: unknown): string {
  try {
    return Object.prototype.toString.call(value);
  } catch {
    return '[object]';
  }
}
