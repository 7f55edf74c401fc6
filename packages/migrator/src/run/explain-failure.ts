import { isNativeError } from 'node:util/types';
import { isConnectionLost, sqlState } from '../database/failure';
import { foreignText } from '../text/inert';
import {
  describeThrown,
  describeValue,
  MigratorError,
  readProperty,
  type ErrorCode,
  type FailedStatement,
} from '../errors';
import type { MigrationMode } from '../migration/types';
import { explainServerError, isPsqlCommand, PSQL_HINT } from './server-errors';

/** What the server makes of a migration whose connection is lost. */
const LOSSES: Record<MigrationMode, string> = {
  transaction: 'The server has rolled the transaction back. Run again when it is reachable.',
  'no-transaction':
    'Nothing is rolled back: the statements that had finished stay, and the one that ran may have finished as well. Look at the schema when the server is reachable.',
};

/**
 * Any failure of a migration as a {@link MigratorError} that says what to do. Secrets are taken out of message and stack;
 * the original stays reachable as `cause`.
 *
 * @param thrown whatever was thrown, also `null`
 * @param where the migration's file
 * @param mode how the migration was run, which decides what a failure leaves and what can be done about it
 * @param statement the SQL that failed, where it is known
 */
export function explainFailure(
  thrown: unknown,
  where: string,
  mode: MigrationMode = 'transaction',
  statement?: FailedStatement,
): MigratorError {
  if (isOwnError(thrown)) return thrown.where === undefined ? placed(thrown, where) : thrown;
  const message = messageOf(thrown);
  const origin = { where, cause: thrown, statement };
  const explained = explainServerError(sqlState(thrown), thrown, mode);
  if (explained) return withOrigin(explained.code, message, { ...origin, hint: explained.hint });
  if (isSyntaxErrorOfParser(thrown)) {
    const what = isPsqlCommand(message) ? PSQL_HINT : 'Correct the statement.';
    const hint = `${what} Nothing of this script was sent.`;
    return withOrigin('SQL_SYNTAX_ERROR', message, { ...origin, hint });
  }
  if (isConnectionLost(thrown)) {
    const lost = `The connection was lost: ${message}`;
    return withOrigin('CONNECTION_LOST', lost, { ...origin, hint: LOSSES[mode] });
  }
  return withOrigin('MIGRATION_FAILED', message, { ...origin, hint: undefined });
}

/** `instanceof`, except that a proxy can throw there. */
function isOwnError(thrown: unknown): thrown is MigratorError {
  try {
    return thrown instanceof MigratorError;
  } catch {
    return false;
  }
}

/** An error of the engine's own, with the line of the migration that caused it. One of several problems says itself where they are. */
function placed(error: MigratorError, file: string): MigratorError {
  if (error.problems.length > 1) return error;
  return error.with({ where: error.stack === undefined ? file : placeIn(file, error.stack) });
}

function isSyntaxErrorOfParser(thrown: unknown): boolean {
  return readProperty(thrown, 'sqlDetails') !== undefined;
}

/** A `down` that fell over the rollback data it was not given. Its type says that there always is some. */
export function explainNoRollbackData(thrown: TypeError, where: string): MigratorError {
  const hint =
    'No rollback data is stored for it: `up` gave none, or it was marked as applied without running here (baseline, repair). Let `down` do without. (That changes the file: repair then accepts its new checksum.)';
  return withOrigin('MIGRATION_FAILED', thrown.message, { where, cause: thrown, hint });
}

/**
 * Runs what talks to the server outside of a migration: reading and preparing the history, waiting for the lock. A connection
 * that is lost there becomes an error that says what it means; every other error passes.
 *
 * @throws {MigratorError} `CONNECTION_LOST`, and what `work` throws
 */
export async function explainLoss<T>(where: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const told = error instanceof MigratorError;
    if (!isConnectionLost(error) || (told && error.hint !== undefined)) throw error;
    const message = messageOf(error);
    const hint =
      'What was recorded up to now stays; nothing else is kept. Run status, then the command again.';
    const lost = told ? message : `The connection was lost: ${message}`;
    throw withOrigin('CONNECTION_LOST', lost, { where, cause: error, hint });
  }
}

/** Longer texts of others are cut: a message, a detail and a stack may repeat a row of any size. In characters. */
const LONGEST_MESSAGE = 10_000;
const LONGEST_DETAIL = 2_000;
const LONGEST_STACK = 20_000;

/** Detail lines that Postgres sends with an error, redacted, for people. */
export function serverDetails(thrown: unknown): string[] {
  return ['detail', 'hint', 'where'].flatMap((key) => {
    const value = readProperty(thrown, key);
    return typeof value === 'string' ? [`${key}: ${foreignText(value, LONGEST_DETAIL)}`] : [];
  });
}

/** Where an error comes from, and what to do about it. */
interface Origin {
  readonly where: string;
  readonly cause: unknown;
  readonly hint: string | undefined;
  readonly statement?: FailedStatement;
}

function withOrigin(
  code: ErrorCode,
  message: string,
  { where, cause, hint, statement }: Origin,
): MigratorError {
  const state = sqlState(cause);
  const said = foreignText(message, LONGEST_MESSAGE);
  const text = [
    state === undefined ? said : `${said} (SQLSTATE ${state})`,
    ...(statement ? [statementLines(statement)] : []),
    ...serverDetails(cause),
  ];
  const stack = stackOf(cause);
  const place = stack === undefined ? where : placeIn(where, stack);
  const error = new MigratorError(code, text.join('\n  '), {
    hint,
    where: place,
    cause,
    statement,
  });
  if (stack !== undefined) error.stack = foreignText(stack, LONGEST_STACK);
  return error;
}

function statementLines({ number, line, column, file, excerpt }: FailedStatement): string {
  const place = [
    ...(number === undefined ? [] : [`statement ${number}`]),
    `line ${line}${column === undefined ? '' : `, column ${column}`} of the SQL`,
    ...(file === undefined ? [] : [file]),
  ];
  return `${place.join(', ')}:\n${excerpt}`;
}

function messageOf(thrown: unknown): string {
  if (typeof readProperty(thrown, 'message') !== 'string') {
    return `The migration threw ${describeValue(thrown)}, which is no Error.`;
  }
  const { message } = thrown as { readonly message: string };
  // What an AggregateError gathers is the reason; its own message is often empty.
  if (message === '' || Array.isArray(readProperty(thrown, 'errors')))
    return describeThrown(thrown);
  return message;
}

/** With the line that threw, or that sent the statement: the innermost one of the file. A file alone where none is known. */
function placeIn(file: string, stack: string): string {
  for (const frame of stack.split('\n')) {
    const [, before = '', line] = /^\s+at (.*?)(:\d+:\d+)\)?$/.exec(frame) ?? [];
    if (line === undefined || !before.endsWith(file)) continue;
    // `up (/repo/a.ts`, `/repo/a.ts` or `file:///repo/a.ts`, but not `/repo/other-a.ts`
    if (/(^|[\s(]|file:\/\/)$/.test(before.slice(0, -file.length))) return `${file}${line}`;
  }
  return file;
}

function stackOf(thrown: unknown): string | undefined {
  const stack = isNativeError(thrown) ? readProperty(thrown, 'stack') : undefined;
  return typeof stack === 'string' ? stack : undefined;
}
