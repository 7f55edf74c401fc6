import { readProperty, type ErrorCode, type FailedStatement, type Problem } from '../errors';

/** What reports read off a `MigratorError`, also one of another copy of the package or of another realm. */
export interface MigratorErrorShape {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | undefined;
  readonly where: string | undefined;
  readonly statement?: FailedStatement;
  readonly problems: readonly Problem[];
  readonly cause?: unknown;
}

/** Told by its shape, because `instanceof` fails between realms and copies. Never throws. */
export function isMigratorError(error: unknown): error is MigratorErrorShape {
  return (
    readProperty(error, 'name') === 'MigratorError' &&
    typeof readProperty(error, 'code') === 'string' &&
    Array.isArray(readProperty(error, 'problems'))
  );
}

/** Told by its shape: a name, a message and a stack. Never throws. */
export function isErrorLike(error: unknown): error is Error {
  return (
    typeof readProperty(error, 'name') === 'string' &&
    typeof readProperty(error, 'message') === 'string' &&
    readProperty(error, 'stack') !== undefined
  );
}
