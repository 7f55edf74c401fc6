import { resolve } from 'node:path';
import { rememberSecretsOf } from '../text/redact';
import { decode, invalid, type ParseUrlOptions } from './invalid-url';
import { parsePostgresUrl, type PostgresAddress } from './postgres-url';

/** An embedded database: a folder, or memory that lasts as long as the process. */
export interface PgliteAddress {
  readonly driver: 'pglite';
  /** Absolute folder; `undefined` in memory. */
  readonly folder: string | undefined;
  /** The folder as the url names it, or `memory` or `memory:<name>`. */
  readonly name: string;
}

/** Where a url leads and how to get in. May hold a password: never print it. */
export type DatabaseAddress = PostgresAddress | PgliteAddress;

const FORMS =
  'Write postgres://user@host:5432/database (or postgresql:///database?host=/socket/folder), pglite:<folder> or pglite:memory:.';

/**
 * Parses the url of a database. Nothing is guessed: no host, user or database is filled in, environment variables of libpq
 * count only for a url that says `?env`.
 *
 * @throws {MigratorError} `INVALID_CONNECTION`; its message never holds a part of the url that could be a secret
 */
export function parseUrl(url: string, options: ParseUrlOptions): DatabaseAddress {
  // From an untyped configuration anything may come.
  const text = typeof url === 'string' ? url.trim() : '';
  const { source } = options;
  if (text === '') throw invalid(source, 'is empty', FORMS);
  rememberSecretsOf(text);
  if (/[\0-\x1f\x7f]/.test(text)) throw invalid(source, 'holds a control character', FORMS);
  if (/^pglite:/i.test(text)) return parsePgliteUrl(text.slice('pglite:'.length), options);
  if (/^postgres(?:ql)?:/i.test(text)) return parsePostgresUrl(text, options);
  const keywords = /^[a-z_]+\s*=/i.test(text);
  throw invalid(
    source,
    keywords ? 'holds keywords (host=… dbname=…), not a url' : 'is not the url of a database',
    FORMS,
  );
}

function parsePgliteUrl(rest: string, { source, workspaceRoot }: ParseUrlOptions): PgliteAddress {
  const path = decode(rest.replace(/^\/\//, ''));
  if (path === undefined || path.includes('\0')) {
    throw invalid(source, 'has a broken % escape', 'Write a percent sign in a folder as %25.');
  }
  if (path === '')
    throw invalid(source, 'names no folder', 'Write pglite:<folder> or pglite:memory:.');
  const memory = /^memory:(?:\/\/)?(.*)$/.exec(path);
  if (memory) {
    const [, name] = memory;
    return { driver: 'pglite', folder: undefined, name: name ? `memory:${name}` : 'memory' };
  }
  if (/[?#]/.test(rest)) {
    throw invalid(
      source,
      'has parameters, which a pglite url does not take',
      'Leave out ? and #, or write them as %3F and %23.',
    );
  }
  return { driver: 'pglite', folder: resolve(workspaceRoot, path), name: path };
}
