import { isPromise } from 'node:util/types';
import { safeParse } from 'valibot';
import { MigratorError, type ErrorCode, type Problem } from '../errors';
import { quoteGiven } from './connection-text';
import { configSchema, type CheckedConfig } from './config-schema';

interface PathItem {
  readonly key?: unknown;
}

/** `environments.production.url`, with quotes only where a key needs them. */
function keyPath(path: readonly PathItem[] | undefined): string {
  return (path ?? [])
    .map(({ key }, index) => {
      const name = String(key);
      if (typeof key === 'number') return `[${name}]`;
      if (!/^[\w$-]+$/.test(name)) return `[${quoteGiven(name)}]`;
      return index === 0 ? name : `.${name}`;
    })
    .join('');
}

function codeOf(issueType: string): ErrorCode {
  return issueType === 'max_bytes' ? 'IDENTIFIER_TOO_LONG' : 'INVALID_CONFIG';
}

/** `key: expected …`, but `key is …` and `key must …`. */
function sentence(key: string, message: string): string {
  const subject = key === '' ? 'The configuration' : key;
  const joint = message.startsWith('expected') ? ': ' : ' ';
  return subject + joint + message + (message.endsWith('?') ? '' : '.');
}

/** A value that cannot be a configuration at all, explained; `undefined` when it can. */
function wrongKind(value: unknown): string | undefined {
  if (value === undefined) return 'has no default export';
  if (typeof value === 'function') return 'exports a function; export the configuration itself';
  if (isPromise(value)) return 'exports a promise; export the configuration itself';
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return 'does not export an object';
  }
  return undefined;
}

/**
 * Checks what a configuration file exported.
 *
 * @param value its default export
 * @param configPath the file, for messages
 * @returns the configuration, durations in milliseconds
 * @throws {MigratorError} `INVALID_CONFIG` or `IDENTIFIER_TOO_LONG`, with every mistake in `problems`
 */
export function checkConfig(value: unknown, configPath: string): CheckedConfig {
  const kind = wrongKind(value);
  if (kind !== undefined) {
    throw new MigratorError('INVALID_CONFIG', `${configPath} ${kind}.`, {
      where: configPath,
      hint: "Write `export default defineConfig({ … })`, with defineConfig of '@flashfusion/migrator'.",
    });
  }
  const result = safeParse(configSchema, value);
  if (result.success) return result.output;
  throw MigratorError.fromProblems(
    result.issues.map((issue): Problem => {
      const key = keyPath(issue.path);
      return {
        code: codeOf(issue.type),
        message: sentence(key, issue.message),
        where: key === '' ? configPath : `${configPath}: ${key}`,
      };
    }),
  );
}
