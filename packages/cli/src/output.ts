import {
  formatError,
  formatSkippedTargets,
  formatTargetErrors,
  inertColoredText,
  inertText,
  presentableError,
  redact,
  targetOf,
  toJson,
  type MigrationAgent,
  type Style,
  type Target,
} from '@flashfusion/migrator';
import { createColors } from 'picocolors';
import { errorCodeOf } from './exit-code';
import { documentOf, type Outcome, type TargetVisit } from './outcome';
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
  if (json) stdout.write(`${toJson(documentOf(outcome, presentableError))}\n`);
  if (json && !verbose) return;
  const visible = visibleOn(stderr, env);
  const detail = { style: styleFor(stderr, env), verbose: verbose === true };
  let before = '';
  for (const piece of piecesOf(outcome, detail)) {
    if (piece.stream === 'stderr') {
      stderr.write(`${visible(piece.text)}\n`);
    } else if (!json) {
      stdout.write(`${before}${visibleOn(stdout, env)(piece.text)}\n`);
      before = '\n';
    }
  }
  if (outcome.error !== undefined) stderr.write(`${visible(errorText(outcome.error, detail))}\n`);
  const skipped = formatSkippedTargets(skippedIn(outcome), styleFor(stdout, env));
  // Behind the error that is the reason.
  if (!json && skipped !== undefined) {
    stdout.write(`${before}${visibleOn(stdout, env)(skipped)}\n`);
  }
}

/** A text for people, and where it belongs. */
interface Piece {
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

/** Results and errors in the order of the targets; an error of several targets at the first of them. */
function piecesOf({ parts, text, visits = [] }: Outcome, detail: ErrorDetail): Piece[] {
  const errors = refusalTexts(visits, detail);
  const ofVisits = visits.flatMap((visit): Piece[] => {
    if (visit.kind === 'result') {
      return text === undefined ? [{ stream: 'stdout', text: visit.result.text }] : [];
    }
    const refusal = visit.kind === 'refused' ? errors.get(visit.target) : undefined;
    return refusal === undefined ? [] : [{ stream: 'stderr', text: refusal }];
  });
  if (text !== undefined) return [{ stream: 'stdout', text }, ...ofVisits];
  return visits.length > 0
    ? ofVisits
    : parts.map((part) => ({ stream: 'stdout', text: part.text }));
}

function skippedIn({ visits = [] }: Outcome): Target[] {
  return visits.flatMap((visit) =>
    visit.kind === 'not-reached' ? targetOf(visit.target.settings) : [],
  );
}

/** The texts of refusals, by the first target of each. */
function refusalTexts(
  visits: readonly TargetVisit[],
  detail: ErrorDetail,
): ReadonlyMap<MigrationAgent, string> {
  const errors = visits.flatMap((visit) =>
    visit.kind === 'refused'
      ? { agent: visit.target, target: targetOf(visit.target.settings), error: visit.error }
      : [],
  );
  const texts = formatTargetErrors(errors, (error) => errorText(error, detail), {
    style: detail.style,
    detail: detail.verbose ? 'verbose' : 'short',
  });
  return new Map(texts.map(({ first, text }) => [first.agent, text]));
}

/** How an error is shown. */
interface ErrorDetail {
  readonly style: Style;
  readonly verbose: boolean;
}

/** An error for people. An error without a stable code asks to be reported. */
export function errorText(error: unknown, { style, verbose }: ErrorDetail): string {
  const detail = verbose ? 'verbose' : 'short';
  const lines = [formatError(error, { detail, style })];
  if (errorCodeOf(error) === undefined) {
    const more = verbose ? '' : ' with what the same command prints with --verbose';
    lines.push(`  ${style.quiet('hint:')} ff did not expect this. Please report it${more}.`);
  }
  return lines.join('\n');
}
