import { basename } from 'node:path';
import { MigratorError } from '../errors';
import { rememberSecretsOf } from '../text/redact';
import {
  originOf,
  whereToSet,
  type EnvironmentVariables,
  type VariableFiles,
} from './environment-variables';
import type { DatabaseEntry, ProjectConfig } from './project-config';
import type { Connection } from './settings';

const SCHEME = /^(?:postgres(?:ql)?|pglite):/i;
/** `host=db user=app`, as libpq also takes it. */
const KEYWORDS = /^\s*[a-z_]+\s*=/i;
const FORMS = 'postgres://user@host:5432/database, pglite:<folder> or pglite:memory:';

/**
 * Looks up the url of one database. Messages never hold the url itself: it may carry a password.
 *
 * @param entry the database
 * @param config the configuration it is from
 * @param env environment variables
 * @param files where some of them are from, for messages
 * @throws {MigratorError} `INVALID_CONNECTION` for a url or variable that is not set or empty, or not a url of a database
 */
export function lookUpUrl(
  entry: DatabaseEntry,
  config: Pick<ProjectConfig, 'configPath'>,
  env: EnvironmentVariables,
  files?: VariableFiles,
): Connection {
  const file = config.configPath === undefined ? 'default' : basename(config.configPath);
  if (typeof entry.url === 'object') return fromVariable(entry, entry.url.env, { env, files });
  if (entry.url === undefined) {
    throw new MigratorError('INVALID_CONNECTION', `${entry.key} in ${file} is not set.`, {
      where: entry.key,
      hint: `Write a url, or { env: 'NAME' } to read an environment variable: a value that is itself read from process.env is undefined when the variable is not set.`,
    });
  }
  return checked(entry.url, file, `${entry.key} in ${file}`, entry.key);
}

function fromVariable(
  entry: DatabaseEntry,
  name: string,
  { env, files }: { readonly env: EnvironmentVariables; readonly files: VariableFiles | undefined },
): Connection {
  const url = env[name];
  const origin = originOf(name, files);
  if (url === undefined || url.trim() === '') {
    throw new MigratorError(
      'INVALID_CONNECTION',
      `The environment variable ${name}${origin} is ${url === undefined ? 'not set' : 'empty'}; ${entry.key} takes the url of the database from it.`,
      {
        where: entry.key,
        hint: whereToSet(name, files),
      },
    );
  }
  return checked(url, `${name}${origin}`, `The environment variable ${name}${origin}`, entry.key);
}

function checked(url: string, source: string, what: string, key: string): Connection {
  const trimmed = url.trim();
  rememberSecretsOf(trimmed);
  if (SCHEME.test(trimmed)) return { kind: 'url', url: trimmed, source };
  const shape = SHAPES.find(({ pattern }) => pattern.test(trimmed)) ?? UNKNOWN_SHAPE;
  throw new MigratorError('INVALID_CONNECTION', `${what} ${shape.message}.`, {
    where: key,
    hint: shape.hint ?? `Write it as ${FORMS}.`,
  });
}

/** What is often given instead of a url. The message never repeats the value: any part of it may be a password. */
interface Shape {
  readonly message: string;
  readonly hint?: string;
}

const SHAPES: readonly (Shape & { readonly pattern: RegExp })[] = [
  { pattern: /^$/, message: 'is empty' },
  {
    pattern: /^["'`]/,
    message: 'begins with a quotation mark',
    hint: 'Remove the quotation marks: a shell and .env files of Nx take them off, but `docker run --env-file` and most forms for CI variables make them part of the value.',
  },
  {
    pattern: /^\$\{|^\$\(|^\$[A-Za-z_]|^\{\{|^%[A-Za-z_]+%$/,
    message: 'holds a reference to another variable that was not replaced',
    hint: 'Whatever sets this variable does not replace references: set it to the url itself.',
  },
  {
    pattern: /^jdbc:/i,
    message: 'holds a url of JDBC',
    hint: `Write it as ${FORMS}, without "jdbc:", and with user and password before the host.`,
  },
  { pattern: KEYWORDS, message: 'holds keywords (host=… user=…), not a url' },
];

const UNKNOWN_SHAPE: Shape = { message: 'does not hold the url of a database' };
