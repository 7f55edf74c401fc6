import { formatError, redact, toJson, type Style } from '@flashfusion/migrator';
import { createColors } from 'picocolors';
import { errorCodeOf } from './exit-code';
import { documentOf, type Outcome } from './outcome';
import {
  wantsColor,
  type CommonOptions,
  type ResultStream,
  type Surroundings,
} from './surroundings';

/** Colours as a stream wants them. */
export function styleFor(stream: Pick<ResultStream, 'isTTY'>, env: NodeJS.ProcessEnv): Style {
  const colors = createColors(wantsColor(stream, env));
  return {
    strong: colors.bold,
    quiet: colors.dim,
    good: colors.green,
    bad: colors.red,
    warning: colors.yellow,
  };
}

/** Writes a command's outcome: one JSON document, or text with the error on standard error. */
export function writeOutcome(
  outcome: Outcome,
  { json, verbose }: CommonOptions,
  { stdout, stderr, env }: Surroundings,
): void {
  if (json) {
    stdout.write(`${toJson(documentOf({ ...outcome, error: presentable(outcome.error) }))}\n`);
  } else {
    const texts =
      outcome.text === undefined ? outcome.parts.map((part) => part.text) : [outcome.text];
    const notReached = (outcome.notReached ?? []).flatMap(({ settings }) => settings.databaseName);
    if (notReached.length > 0) texts.push(`Databases not reached: ${notReached.join(', ')}`);
    if (texts.length > 0) stdout.write(`${texts.join('\n\n')}\n`);
  }
  if (outcome.error !== undefined && (!json || verbose)) {
    const style = styleFor(stderr, env);
    stderr.write(`${errorText(outcome.error, { style, verbose: verbose === true })}\n`);
  }
}

/** An error for people. One that nobody foresaw asks to be reported. */
export function errorText(
  error: unknown,
  { style, verbose }: { readonly style: Style; readonly verbose: boolean },
): string {
  const detail = verbose ? 'verbose' : 'short';
  const lines = [formatError(error, { detail, style })];
  if (errorCodeOf(error) === undefined) {
    const more = verbose ? '' : ' with what the same command prints with --verbose';
    lines.push(`  ${style.quiet('hint:')} ff did not expect this. Please report it${more}.`);
  }
  return redact(lines.join('\n'));
}

/** Errors without a stable code get one in JSON, so that a reader always finds the same fields. */
function presentable(error: unknown): unknown {
  if (error === undefined || errorCodeOf(error) !== undefined) return error;
  return { code: 'UNEXPECTED', message: redact(formatError(error)), problems: [] };
}
