import { redactUpTo } from '../text/redact';
import { statementsFinishedBefore } from '../database/failure';
import { readProperty, type FailedStatement } from '../errors';
import { countLines, numberOfFirstLine, sqlExcerpt, startOfLine } from '../report/sql-excerpt';
import { tryParseSql } from './parse-sql';
import { locateSql } from './locate-sql';

/** SQL that a migration passed to its database, and the part of it that was sent. */
export interface SentSql {
  /** The string that the migration passed. */
  readonly sql: string;
  /** Index in `sql` of what was sent: a statement of a script. 0 for all of it. */
  readonly offset: number;
  /** What was sent. */
  readonly sent: string;
}

/** Characters of a statement that an error keeps. */
const LONGEST_STATEMENT = 2_000;
/** Longer texts are not parsed to find the statement: the parser needs a hundred times their size. In characters. */
const LONGEST_PARSED = 1_000_000;

const sentSql = new WeakMap<object, SentSql>();

/** Notes which SQL an error answers. Costs nothing until the error is reported. */
export function noteSentSql(error: unknown, sent: SentSql): void {
  if (typeof error === 'object' && error !== null && !sentSql.has(error)) sentSql.set(error, sent);
}

/**
 * The statement that a server's error is about, with its place; `undefined` for any other error. Reads the migration's file to
 * find the SQL in it, and parses the SQL if the server did not send a position.
 *
 * @param path the migration's file
 */
export async function failedStatement(
  error: unknown,
  path: string,
): Promise<FailedStatement | undefined> {
  const noted = typeof error === 'object' && error !== null ? sentSql.get(error) : undefined;
  if (noted === undefined) return undefined;
  const { sql, offset, sent } = noted;
  const position = positionOf(error);
  const within = position > 0 ? indexOfCharacter(sent, position - 1) : undefined;
  const statement = await findStatement(error, sent, within);
  const at = within === undefined ? undefined : offset + within;
  const start = offset + statement.start;
  const place = at ?? start;
  const line = countLines(sql.slice(0, place)) + 1;
  const inFile = locateSql(path, sql, place);
  const excerpt = sqlExcerpt(sql, {
    start,
    at,
    firstLine: numberOfFirstLine(line, inFile),
  });
  return {
    sql: redactUpTo(sql.slice(start, offset + statement.end), LONGEST_STATEMENT).text,
    line,
    ...(at === undefined ? {} : { column: charactersBetween(sql, startOfLine(sql, at), at) + 1 }),
    ...(statement.number === undefined ? {} : { number: statement.number }),
    ...(inFile === undefined ? {} : { file: `${path}:${inFile.line}` }),
    excerpt: [excerpt, ...innerExcerpt(error)].join('\n'),
  };
}

/** The server's position, or that of the parser where a script is not valid; from 1, `NaN` where there is none. */
function positionOf(error: unknown): number {
  const parsed = readProperty(readProperty(error, 'sqlDetails'), 'cursorPosition');
  return typeof parsed === 'number' ? parsed + 1 : Number(readProperty(error, 'position'));
}

/** The query inside a function that failed: what the server calls the internal query. */
function innerExcerpt(error: unknown): string[] {
  const query = readProperty(error, 'internalQuery');
  if (typeof query !== 'string' || query === '') return [];
  const position = Number(readProperty(error, 'internalPosition'));
  const at = position > 0 ? indexOfCharacter(query, position - 1) : undefined;
  const excerpt = sqlExcerpt(query, { start: 0, at, firstLine: 1 });
  return ['  in the query that a function ran:', excerpt];
}

interface StatementPlace {
  readonly start: number;
  readonly end: number;
  readonly number: number | undefined;
}

/** The statement of a text that failed: by the position, else by how many the server had answered. */
async function findStatement(
  error: unknown,
  sent: string,
  at: number | undefined,
): Promise<StatementPlace> {
  const whole = { start: skipBlank(sent, 0), end: sent.length, number: undefined };
  if (!sent.trimEnd().slice(0, -1).includes(';') || sent.length > LONGEST_PARSED) return whole;
  const statements = await tryParseSql(sent);
  if (statements === undefined || statements.length < 2) return whole;
  const finished = statementsFinishedBefore(error);
  const index =
    at === undefined ? finished : statements.findIndex((each) => at < each.offset + each.length);
  const found = index === undefined ? undefined : statements[index];
  if (found === undefined || index === undefined) return whole;
  return {
    start: skipBlank(sent, found.offset),
    end: found.offset + found.length,
    number: index + 1,
  };
}

function skipBlank(sql: string, from: number): number {
  const blank = /(?:\s+|--[^\n]*|\/\*[\s\S]*?\*\/)*/y;
  blank.lastIndex = from;
  return from + (blank.exec(sql)?.[0].length ?? 0);
}

/** Positions of Postgres count characters, JavaScript's strings count UTF-16 units. */
export function indexOfCharacter(text: string, characters: number): number {
  let index = 0;
  for (let count = 0; count < characters && index < text.length; count += 1) {
    index += (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1;
  }
  return index;
}

function charactersBetween(text: string, from: number, to: number): number {
  let count = 0;
  for (let index = from; index < to; count += 1) {
    index += (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1;
  }
  return count;
}
