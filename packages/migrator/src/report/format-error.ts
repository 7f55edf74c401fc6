import { describeThrown, readProperty, type Problem } from '../errors';
import { isMigratorError } from './error-shape';
import { maskSecrets } from './mask';
import { plainStyle, type Style } from './style';
import { indent } from './wording';

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
    : style.bad(describeThrown(error));
  return maskSecrets(detail === 'verbose' ? [text, ...causes(error)].join('\n') : text);
}

/** Problems for people, one under the other; several are headed by their number. */
export function formatProblems(problems: readonly Problem[], style: Style = plainStyle): string {
  const all = problems.map((problem) => formatProblem(problem, style)).join('\n');
  return maskSecrets(problems.length > 1 ? `${problems.length} problems:\n${indent(all)}` : all);
}

function formatProblem({ code, message, where, hint }: Problem, style: Style): string {
  const [first = '', ...more] = message.split('\n');
  // Lines that are indented already, as an excerpt with a caret, stay as they are.
  const rest = more.map((line) => (line.startsWith('  ') ? line : indent(line.trimStart())));
  const lines = [`${style.bad(code)}: ${first}`, ...rest];
  if (where !== undefined) lines.push(`  ${style.quiet('where:')} ${where}`);
  if (hint !== undefined) lines.push(`  ${style.quiet('hint:')} ${hint}`);
  return lines.join('\n');
}

function causes(error: unknown): string[] {
  let frames = stackLines(error);
  const lines = [...frames];
  let cause = causeOf(error);
  for (let depth = 0; cause !== undefined && depth < MOST_CAUSES; depth += 1) {
    lines.push(`caused by ${describeThrown(cause)}`);
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

/** The frames only: the message stands above them already. */
function stackLines(error: unknown): string[] {
  const stack = readProperty(error, 'stack');
  if (typeof stack !== 'string') return [];
  return stack
    .split('\n')
    .filter((line) => /^\s*at /.test(line))
    .map((line) => `    ${line.trim()}`);
}
