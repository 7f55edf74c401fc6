import { createHash } from 'node:crypto';
import { redactUpTo } from '../text/redact';
import { inertText } from '../text/inert';
import type { ParsedStatement } from './parse-sql';
import { kindOf } from './statement-footing';

/** A statement of a call of `db.script`, ready to be compared with what an earlier attempt recorded. */
export interface ScriptStatement {
  /** SHA-256 of its text. */
  readonly digest: string;
  /** SHA-256 over the texts of the call's statements up to this one. */
  readonly chain: string;
  /** For display: one line, shortened, without secrets. */
  readonly text: string;
  /** Name of its node in the parse tree, e.g. `IndexStmt`. */
  readonly kind: string;
  /** Whether two calls may both send it without being related: transaction control and settings. */
  readonly common: boolean;
}

/** Characters of a statement that are kept for display. */
const SHOWN = 160;

/** The statements of one call. */
export function scriptStatements(parsed: readonly ParsedStatement[]): ScriptStatement[] {
  let chain = '';
  return parsed.map(({ sql, node }) => {
    chain = sha256(`${chain}\0${sql}`);
    return {
      digest: sha256(sql),
      chain,
      text: displayStatement(sql),
      kind: kindOf({ node }),
      common: node['TransactionStmt'] !== undefined || node['VariableSetStmt'] !== undefined,
    };
  });
}

/** Characters of a statement that are read for display. */
const READ = 4_000;

/** A quoted or dollar-quoted string of SQL. The last one may lack its end, where the text was cut. */
const STRING = /'(?:[^']|'')*(?:'|$)|\$(\w*)\$[^]*?(?:\$\1\$|$)/g;

/** A statement that may hold a secret, as `CREATE ROLE … PASSWORD '…'`, is shown without its strings. */
const SECRETIVE = /passw|secret|token|credential|\bkey\b/i;

/** One line of bounded length, without secrets. */
function displayStatement(sql: string): string {
  // Redacted before it is cut: half a password would not be recognized.
  const head = redactUpTo(sql, READ).text;
  const masked = SECRETIVE.test(head) ? head.replace(STRING, "'***'") : head;
  const line = masked.replace(/\s+/g, ' ');
  return line.length <= SHOWN ? inertText(line) : `${inertText(line.slice(0, SHOWN))}…`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
