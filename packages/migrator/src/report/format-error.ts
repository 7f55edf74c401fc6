import { describeThrown, readProperty, type Problem } from '../errors';
import { isMigratorError } from './error-shape';
import { redact } from '../text/redact';
import { foreignValue } from '../text/foreign-value';
import { foreignText } from '../text/inert';
import { plainStyle, type Style } from './style';
import { hangingIndent, indent } from './wording';

/** How much is told, and how. */
export interface FormatErrorOptions {
  /** `verbose` adds the chain of causes and their stacks. Default `short`. */
  readonly detail?: 'short' | 'verbose';
  readonly style?: Style;
}

/** Longer chains are circular, or help nobody. */
const MOST_CAUSES = 10;

/**
 * An error for people: code, message, where and hint of everything that is wrong. Also takes what is no error at all, since
 * anything can be thrown.
 *
 * @example
 * ```text
 * UNKNOWN_ENVIRONMENT: api has no environment “stagin”.
 *   where: /repo/shop/libs/api/db.config.ts
 *   hint: Did you mean “staging”?
 * ```
 */
export function formatError(error: unknown, options: FormatErrorOptions = {}): string {
  const { detail = 'short', style = plainStyle } = options;
  const text = isMigratorError(error)
    ? formatProblems(error.problems, style)
    : style.bad(hangingIndent(describeThrown(error)));
  return redact(detail === 'verbose' ? [text, ...causes(error)].join('\n') : text);
}

/** What was thrown, as JSON shows it. An error without a stable code gets `UNEXPECTED`, so that a reader finds the same fields. */
export function presentableError(error: unknown): unknown {
  if (isMigratorError(error)) return error;
  return { code: 'UNEXPECTED', message: formatError(error), problems: [] };
}

/** Problems for people, one under the other; several are headed by their number. */
export function formatProblems(given: readonly Problem[], style: Style = plainStyle): string {
  const problems = foreignValue(given);
  const all = problems.map((problem) => formatProblem(problem, style)).join('\n');
  return redact(problems.length > 1 ? `${problems.length} problems:\n${indent(all)}` : all);
}

function formatProblem({ code, message, where, hint }: Problem, style: Style): string {
  const lines = [`${style.bad(code)}: ${hangingIndent(message)}`];
  if (where !== undefined) lines.push(`  ${style.quiet('where:')} ${hangingIndent(where)}`);
  if (hint !== undefined) lines.push(`  ${style.quiet('hint:')} ${hangingIndent(hint)}`);
  return lines.join('\n');
}

function causes(error: unknown): string[] {
  let frames = stackLines(error);
  const lines = [...frames];
  let cause = causeOf(error);
  for (let depth = 0; cause !== undefined && depth < MOST_CAUSES; depth += 1) {
    lines.push(`caused by ${hangingIndent(describeThrown(cause))}`);
    const outer = frames.join();
    frames = stackLines(cause);
    // An error that explains another one has its stack.
    if (frames.join() !== outer) lines.push(...frames);
    cause = causeOf(cause);
  }
  return lines;
}

function causeOf(error: unknown): unknown {
  return readProperty(error, 'cause');
}

/** Characters of a stack's frames that are shown. */
const LONGEST_STACK = 20_000;

/** The frames only: the message stands above them already, and a line of it may resemble a frame. */
function stackLines(error: unknown): string[] {
  const stack = readProperty(error, 'stack');
  const message = readProperty(error, 'message');
  if (typeof stack !== 'string') return [];
  const at = typeof message === 'string' ? stack.indexOf(message) : -1;
  const frames = at === -1 ? stack : stack.slice(at + String(message).length);
  return foreignText(frames, LONGEST_STACK)
    .split('\n')
    .filter((line) => /^\s*at /.test(line))
    .map((line) => `    ${line.trim()}`);
}
