import { readFileSync } from 'node:fs';
import type { ServerFacts } from '../database/database';
import { MAX_IDENTIFIER_BYTES } from '../database/identifier';
import { MigratorError, readProperty, type ErrorCode, type Problem } from '../errors';
import { modeOf } from '../migration/mode';
import type { Migration, MigrationMode } from '../migration/types';
import { countLines, numberOfFirstLine, sqlExcerpt, startOfLine } from '../report/sql-excerpt';
import { readSqlCalls, type SqlCall } from '../source/read-sql-calls';
import { hasInlineData, isCopyFromStdin } from './copy-from-stdin';
import { redactUpTo } from '../text/redact';
import { indexOfCharacter } from './failed-statement';
import { parseSql, type ParsedStatement } from './parse-sql';
import { findLongIdentifiers } from './long-identifiers';
import { namesInUp } from './long-names-of-up';
import { COPY_HINT, NAME_HINT } from './server-errors';
import { describeTruncation } from './truncated-identifier';
import {
  controlsTransaction,
  headRefusesTransaction,
  refusesTransaction,
} from './transaction-rules';

/** Longer SQL is left to the server: the parser needs a hundred times its size. In characters. */
const LONGEST_SQL = 200_000;
/** What is parsed of one file, in characters. */
const MOST_SQL = 2_000_000;
/** The parser's grammar. A newer server may accept more. */
const GRAMMAR_VERSION = 190_000;

/** What is checked, and for which server. */
export interface SqlCheck {
  readonly migrations: readonly Migration[];
  readonly action: 'apply' | 'revert';
  /** `undefined` where no server was asked yet. */
  readonly server: ServerFacts | undefined;
}

/**
 * Checks the SQL that stands as literals in migrations, before any of it runs, with Postgres's own parser: syntax errors, statements
 * that end the migration's transaction, statements that Postgres refuses in one, COPY without data, and names that Postgres would
 * truncate. SQL that is computed is
 * not seen. Nothing is loaded where no migration holds SQL.
 *
 * @throws {MigratorError} with every problem: `SQL_SYNTAX_ERROR`, `TRANSACTION_CONTROL`, `TRANSACTION_NOT_ALLOWED`,
 *   `COPY_FROM_STDIN`, `IDENTIFIER_TOO_LONG`
 */
export async function checkSql({ migrations, action, server }: SqlCheck): Promise<void> {
  const problems: Problem[] = [];
  for (const migration of migrations) {
    const found = await problemsOf(migration, action);
    problems.push(...found.filter(({ code }) => !mayBeWrong(code, server)));
  }
  if (problems.length > 0) throw MigratorError.fromProblems(problems);
}

/** Whether a server differs from what the checks assume, so that only the server can tell. */
function mayBeWrong(code: ErrorCode, server: ServerFacts | undefined): boolean {
  if (server === undefined) return false;
  if (code === 'SQL_SYNTAX_ERROR') return server.versionNumber >= GRAMMAR_VERSION;
  return code === 'IDENTIFIER_TOO_LONG' && server.longestIdentifier !== MAX_IDENTIFIER_BYTES;
}

/** Tenants are migrated with the same migrations. */
const checked = new WeakMap<Migration, Map<string, Promise<readonly Problem[]>>>();

function problemsOf(migration: Migration, action: 'apply' | 'revert'): Promise<readonly Problem[]> {
  const known = checked.get(migration) ?? new Map<string, Promise<readonly Problem[]>>();
  checked.set(migration, known);
  const found = known.get(action) ?? findProblems(migration, action);
  known.set(action, found);
  return found;
}

async function findProblems(
  migration: Migration,
  action: 'apply' | 'revert',
): Promise<readonly Problem[]> {
  const { path } = migration.file;
  const source = readSource(path);
  const problems = new Map<string, Problem>();
  const accepts = action === 'revert' ? namesInUp(path) : () => false;
  let parsed = 0;
  for (const call of readSqlCalls(source)) {
    const mode = modeOfCall(migration, action, call);
    const { text } = call.literal;
    parsed += text.length;
    if (mode === undefined) continue;
    const findings: Finding[] = checkNames(text, accepts);
    if (text.length <= LONGEST_SQL && parsed <= MOST_SQL) {
      findings.push(...(await checkCall(call, mode)));
    }
    for (const finding of findings) {
      // The parser reads backslashes as the default setting has it.
      if (finding.code === 'SQL_SYNTAX_ERROR' && source.includes('standard_conforming_strings'))
        continue;
      const problem = toProblem(path, source, call, finding);
      problems.set(`${problem.code} ${problem.where}`, problem);
    }
  }
  return [...problems.values()];
}

/** How the call runs in this plan; `undefined` where it does not run. */
function modeOfCall(
  migration: Migration,
  action: 'apply' | 'revert',
  call: SqlCall,
): MigrationMode | undefined {
  if (action === 'revert') return call.in === 'down' ? modeOf(migration, 'revert') : undefined;
  if (call.in !== 'down') return modeOf(migration, 'apply');
  return migration.onFailure === 'revert' ? modeOf(migration, 'revert') : undefined;
}

/** One thing that is wrong, by its place in the SQL. */
interface Finding {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  readonly start: number;
  readonly end: number;
  readonly at: number;
}

function checkNames(text: string, accepts: (name: string) => boolean): Finding[] {
  const longest = MAX_IDENTIFIER_BYTES;
  const found = findLongIdentifiers(text, longest).filter(({ name }) => !accepts(name));
  return found.map(({ name, bytes, at }) => ({
    code: 'IDENTIFIER_TOO_LONG',
    message: describeTruncation(name, bytes, longest),
    hint: NAME_HINT,
    start: startOfLine(text, at),
    end: text.length,
    at,
  }));
}

async function checkCall(call: SqlCall, mode: MigrationMode): Promise<Finding[]> {
  const { text } = call.literal;
  if (call.kind === 'head') return checkHead(text, mode);
  try {
    return checkStatements(await parseSql(text), call, mode);
  } catch (error) {
    return syntaxError(text, error);
  }
}

/** The statements before the last semicolon are certain; of the last one only how it begins. */
async function checkHead(head: string, mode: MigrationMode): Promise<Finding[]> {
  if (mode !== 'transaction') return [];
  const last = head.lastIndexOf(';') + 1;
  let statements: readonly ParsedStatement[] = [];
  if (last > 0) {
    try {
      statements = await parseSql(head.slice(0, last));
    } catch {
      // The semicolon may stand in a string that ends behind the value.
      return [];
    }
  }
  const findings = statements.flatMap((statement) => checkInTransaction(statement));
  if (!headRefusesTransaction(head.slice(last))) return findings;
  const start = last + head.slice(last).search(/\S/);
  return [...findings, notAllowed({ offset: start, length: head.length - start })];
}

function checkStatements(
  statements: readonly ParsedStatement[],
  call: SqlCall,
  mode: MigrationMode,
): Finding[] {
  const copies = statements.filter(isCopyFromStdin).map((statement) => ({
    ...COPY,
    ...placeOf(statement),
  }));
  if (mode === 'transaction') {
    return [...copies, ...statements.flatMap((statement) => checkInTransaction(statement))];
  }
  const several = call.method === 'query' && call.params === 'none' && statements.length > 1;
  const found = several ? statements.filter(refusesTransaction) : insideOwnTransaction(statements);
  return [
    ...copies,
    ...found.map((statement) => ({
      ...notAllowed(statement),
      hint: several
        ? 'Postgres runs several statements of one db.query() in one transaction. Use db.script(), which sends one at a time.'
        : 'Move it out of BEGIN … COMMIT.',
    })),
  ];
}

/** Statements that a script runs between its own BEGIN and COMMIT. */
function insideOwnTransaction(statements: readonly ParsedStatement[]): ParsedStatement[] {
  let open = false;
  return statements.filter((statement) => {
    const kind = statement.node['TransactionStmt']?.['kind'];
    if (kind === 'TRANS_STMT_BEGIN' || kind === 'TRANS_STMT_START') open = true;
    else if (controlsTransaction(statement)) open = false;
    return open && refusesTransaction(statement);
  });
}

function checkInTransaction(statement: ParsedStatement): Finding[] {
  if (refusesTransaction(statement)) return [notAllowed(statement)];
  if (!controlsTransaction(statement)) return [];
  return [
    {
      code: 'TRANSACTION_CONTROL',
      message:
        'A statement begins or ends a transaction, but the migration runs in a transaction of the runner',
      hint: 'Remove it: the runner begins and commits. For work that must commit in between, set transaction: false.',
      ...placeOf(statement),
    },
  ];
}

type Place = Pick<ParsedStatement, 'offset' | 'length'>;

function placeOf({ offset, length }: Place): Pick<Finding, 'start' | 'end' | 'at'> {
  return { start: offset, end: offset + length, at: offset };
}

function notAllowed(statement: Place): Finding {
  return {
    code: 'TRANSACTION_NOT_ALLOWED',
    message: 'A statement cannot run inside a transaction',
    hint: 'Set transaction: false, or transaction: { up: false } (down: false) for one direction. With several statements, use db.script().',
    ...placeOf(statement),
  };
}

const COPY = {
  code: 'COPY_FROM_STDIN',
  message: 'COPY … FROM stdin has no data to read',
  hint: COPY_HINT,
} as const;

function syntaxError(sql: string, error: unknown): Finding[] {
  const position = readProperty(readProperty(error, 'sqlDetails'), 'cursorPosition');
  if (typeof position !== 'number' || !(error instanceof Error)) return [];
  const at = Math.min(indexOfCharacter(sql, Math.max(0, position)), sql.length);
  const start = startOfLine(sql, at);
  if (hasInlineData(sql)) {
    const stdin = sql.search(/\bfrom\s+stdin\b/i);
    return [{ ...COPY, start: startOfLine(sql, stdin), end: sql.length, at: stdin }];
  }
  // A command of psql: what the author means by it is unknown, the server will refuse it.
  if (sql[at] === '\\') return [];
  return [
    {
      code: 'SQL_SYNTAX_ERROR',
      message: error.message,
      hint: 'Correct the statement. Nothing was run.',
      start,
      end: sql.length,
      at,
    },
  ];
}

function toProblem(path: string, source: string, call: SqlCall, finding: Finding): Problem {
  const { code, message, hint, start, end, at } = finding;
  const { text } = call.literal;
  const index = call.literal.indexOf(at);
  const fileLine = countLines(source.slice(0, index)) + 1;
  const fileColumn = index - startOfLine(source, index) + 1;
  const line = countLines(text.slice(0, at)) + 1;
  const excerpt = sqlExcerpt(text, {
    start,
    at,
    firstLine: numberOfFirstLine(line, {
      line: fileLine,
      firstLine: countLines(source.slice(0, call.literal.indexOf(0))) + 1,
    }),
  });
  return {
    code,
    message: `${message}.\n  ${call.in}, line ${line} of the SQL:\n${excerpt}`,
    hint,
    where: `${path}:${fileLine}:${fileColumn}`,
    statement: {
      sql: redactUpTo(text.slice(start, end), 2_000).text,
      line,
      column: at - startOfLine(text, at) + 1,
      file: `${path}:${fileLine}`,
      excerpt,
    },
  };
}

function readSource(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Loaded already: what is not on disk any more is not checked.
    return '';
  }
}
