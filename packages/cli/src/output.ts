import {
  foreignValue,
  formatError,
  inertColoredText,
  inertText,
  formatSkipped,
  redact,
  targetPath,
  toJson,
  type Style,
  type Target,
} from '@flashfusion/migrator';
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

/**
 * What every text for people passes before it is written to a stream, whatever else has cleaned it: it has no secrets, and no
 * control characters and commands of a CI but the colors of {@link styleFor}.
 */
export function visibleOn(
  stream: { readonly isTTY?: boolean },
  env: NodeJS.ProcessEnv,
): (text: string) => string {
  const inert = wantsColor(stream, env) ? inertColoredText : inertText;
  return (text) => inert(redact(text));
}

/** Writes a command's outcome: one JSON document, or text with the errors on standard error. */
export function writeOutcome(
  outcome: Outcome,
  { json, verbose }: CommonOptions,
  { stdout, stderr, env }: Surroundings,
): void {
  const visible = visibleOn(stderr, env);
  if (json) {
    stdout.write(`${toJson(documentOf(outcome, presentable))}\n`);
  } else {
    const texts =
      outcome.text === undefined ? outcome.parts.map((part) => part.text) : [outcome.text];
    if (texts.length > 0) stdout.write(`${visibleOn(stdout, env)(texts.join('\n\n'))}\n`);
  }
  if (json && !verbose) return;
  const style = styleFor(stderr, env);
  const detail = { style, verbose: verbose === true };
  for (const text of refusalTexts(outcome, detail)) stderr.write(`${visible(text)}\n`);
  if (outcome.error !== undefined) stderr.write(`${visible(errorText(outcome.error, detail))}\n`);
  const skipped = formatSkippedTargets(outcome.notReached ?? [], styleFor(stdout, env));
  // Behind the error that is the reason.
  const gap = outcome.parts.length > 0 ? '\n' : '';
  if (!json && skipped !== undefined) {
    stdout.write(`${gap}${visibleOn(stdout, env)(skipped)}\n`);
  }
}

function formatSkippedTargets(
  agents: readonly { readonly settings: Target }[],
  style: Style,
): string | undefined {
  const noun = agents.some(({ settings }) => settings.tenant !== undefined) ? 'tenant' : 'database';
  const names = agents.map(({ settings }) => nameWithin(settings));
  return formatSkipped(noun, names, { style });
}

/** The errors of refused targets, each once, under the targets that it is about; without them where there is one to choose from. */
function refusalTexts({ refused = [] }: Outcome, detail: ErrorDetail): string[] {
  const byError = new Map<unknown, Target[]>();
  for (const { agent, error } of refused) {
    byError.set(error, [...(byError.get(error) ?? []), agent.settings]);
  }
  return [...byError].map(([error, targets]) => {
    const text = errorText(error, detail);
    const named = targets.filter(
      ({ databaseName, tenant }) => databaseName !== undefined || tenant !== undefined,
    );
    if (named.length === 0) return text;
    const paths = named.map(targetPath).join(', ');
    return `${detail.style.strong(foreignValue(`${named[0]?.project} · ${paths}`))}\n${text}`;
  });
}

/** The name that tells a target from the others of its environment. */
function nameWithin({ environment, databaseName, tenant }: Target): string {
  return [databaseName, tenant].filter((part) => part !== undefined).join('/') || environment;
}

/** How an error is shown. */
interface ErrorDetail {
  readonly style: Style;
  readonly verbose: boolean;
}

/** An error for people. One that nobody foresaw asks to be reported. */
export function errorText(error: unknown, { style, verbose }: ErrorDetail): string {
  const detail = verbose ? 'verbose' : 'short';
  const lines = [formatError(error, { detail, style })];
  if (errorCodeOf(error) === undefined) {
    const more = verbose ? '' : ' with what the same command prints with --verbose';
    lines.push(`  ${style.quiet('hint:')} ff did not expect this. Please report it${more}.`);
  }
  return lines.join('\n');
}

/** Errors without a stable code get one in JSON, so that a reader always finds the same fields. */
function presentable(error: unknown): unknown {
  if (errorCodeOf(error) !== undefined) return error;
  return { code: 'UNEXPECTED', message: formatError(error), problems: [] };
}
