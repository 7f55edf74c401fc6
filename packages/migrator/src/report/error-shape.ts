import type { ErrorCode, Problem } from '../errors';

/** What reports read off a `MigratorError`, also one of another copy of the package or of another realm. */
export interface MigratorErrorShape {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | undefined;
  readonly where: string | undefined;
  readonly problems: readonly Problem[];
  readonly cause?: unknown;
}

/** Told by its shape, because `instanceof` fails between realms and copies. */
export function isMigratorError(error: unknown): error is MigratorErrorShape {
  if (typeof error !== 'object' || error === null) return false;
  const { name, code, problems } = error as Record<string, unknown>;
  return name === 'MigratorError' && typeof code === 'string' && Array.isArray(problems);
}

/** Told by its shape: a name, a message and a stack. */
export function isErrorLike(error: unknown): error is Error {
  if (typeof error !== 'object' || error === null) return false;
  const { name, message } = error as Record<string, unknown>;
  return typeof name === 'string' && typeof message === 'string' && 'stack' in error;
}
