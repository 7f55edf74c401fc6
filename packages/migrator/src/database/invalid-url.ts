import type { EnvironmentVariables } from '../config/environment-variables';
import { MigratorError } from '../errors';

/** What there is to know besides the url. */
export interface ParseUrlOptions {
  /** Where the url came from, for messages: a variable's name, `db.config.ts`. */
  readonly source: string;
  /** Relative folders of `pglite:` start here. */
  readonly workspaceRoot: string;
  /** The environment is protected: a server that is not on this host has to prove who it is. */
  readonly protected: boolean;
  /** Read only where the url asks for it by `?env`. */
  readonly env: EnvironmentVariables;
}

/** Undoes %-escapes; `undefined` where one is broken. */
export function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** The error for a url that cannot be used. */
export function invalid(source: string, what: string, hint: string): MigratorError {
  return new MigratorError('INVALID_CONNECTION', `The database url (from ${source}) ${what}.`, {
    where: source,
    hint,
  });
}
