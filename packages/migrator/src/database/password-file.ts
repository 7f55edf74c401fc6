import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { EnvironmentVariables } from '../config/environment-variables';
import { MigratorError } from '../errors';
import { rememberSecret } from '../text/redact';

/** Where a password is looked up if the url has none. */
export interface PasswordFile {
  readonly path: string;
  /** `named`: the url or PGPASSFILE names it, and it must be readable; `default`: it need not exist. */
  readonly origin: 'named' | 'default';
}

/** Whose password is looked up. */
export interface PasswordRequest {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** Where the url came from, for messages. */
  readonly source: string;
}

/** In these folders a socket is called `localhost` in a password file, as libpq does. */
const DEFAULT_SOCKETS = new Set(['/tmp', '/var/run/postgresql', '/run/postgresql']);

/** libpq's password file: the one that is named, else `~/.pgpass`. */
export function passwordFileOf(named: string | undefined, env: EnvironmentVariables): PasswordFile {
  const path = named ?? env['PGPASSFILE'];
  if (path !== undefined && path !== '') return { path, origin: 'named' };
  const standard =
    process.platform === 'win32'
      ? join(env['APPDATA'] ?? '', 'postgresql', 'pgpass.conf')
      : join(env['HOME'] ?? homedir(), '.pgpass');
  return { path: standard, origin: 'default' };
}

/**
 * Reads the password of the first line that fits, and makes it a secret. A line is `host:port:database:user:password`; `*`
 * fits everything, and a backslash takes the next character as it is.
 * https://www.postgresql.org/docs/current/libpq-pgpass.html
 *
 * @returns `undefined` if no line fits
 * @throws {MigratorError} `INVALID_CONNECTION` if a named file cannot be read, or if others may read the file
 */
export function readPassword(file: PasswordFile, request: PasswordRequest): string | undefined {
  const text = readFile(file, request.source);
  for (const line of text?.split('\n') ?? []) {
    if (line.startsWith('#')) continue;
    const password = passwordIn(line.replace(/\r$/, ''), request);
    if (password === undefined || password === '') continue;
    rememberSecret(password);
    return password;
  }
  return undefined;
}

function passwordIn(
  line: string,
  { host, port, database, user }: PasswordRequest,
): string | undefined {
  const fields = Array.from(
    line.matchAll(/((?:\\.|[^:\\]|\\$)*)(?::|$)/g),
    ([, field = '']) => field,
  );
  const [password] = fields.slice(4);
  const hosts = DEFAULT_SOCKETS.has(host) ? [host, 'localhost'] : [host];
  const wanted = [hosts, [String(port)], [database], [user]];
  const fits = wanted.every((values, index) => {
    const field = fields[index];
    return field === '*' || (field !== undefined && values.includes(unescape(field)));
  });
  return fits && password !== undefined ? unescape(password) : undefined;
}

function unescape(field: string): string {
  return field.replace(/\\(.)/g, '$1');
}

function readFile({ path, origin }: PasswordFile, source: string): string | undefined {
  const refuse = (what: string, hint: string, cause?: unknown) =>
    new MigratorError('INVALID_CONNECTION', `The password file ${path} ${what}.`, {
      hint,
      where: source,
      cause,
    });
  try {
    const stats = statSync(path);
    if (!stats.isFile()) throw refuse('is not a regular file', 'Correct passfile or PGPASSFILE.');
    if (process.platform !== 'win32' && (stats.mode & 0o077) !== 0) {
      throw refuse(
        'can be read by other users, so it is not used',
        `Protect it: chmod 600 ${path}`,
      );
    }
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof MigratorError) throw error;
    if (origin === 'default') return undefined;
    throw refuse('cannot be read', 'Correct passfile in the url, or PGPASSFILE.', error);
  }
}
