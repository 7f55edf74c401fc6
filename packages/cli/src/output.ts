import {
  foreignValue,
  formatError,
  groupByReason,
  inertColoredText,
  inertText,
  formatSkipped,
  redact,
  targetPath,
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
  if (json) stdout.write(`${toJson(documentOf(outcome, presentable))}\n`);
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

function skippedIn({ visits = [] }: Outcome): MigrationAgent[] {
  return visits.flatMap((visit) => (visit.kind === 'not-reached' ? visit.target : []));
}

function formatSkippedTargets(
  agents: readonly { readonly settings: Target }[],
  style: Style,
): string | undefined {
  const noun = agents.some(({ settings }) => settings.tenant !== undefined) ? 'tenant' : 'database';
  const names = agents.map(({ settings }) => nameWithin(settings));
  return formatSkipped(noun, names, { style });
}

/** What differs between the commands that two targets need. */
const ADDRESS = / --(?:database|tenant)=(?:'[^']*'|[^\s`']+)+/g;

/** More targets than this are not listed above an error, unless the user wants everything. */
const MOST_TARGETS = 12;

/**
 * The errors of refused targets, each reason once, under the targets that it is about; without them where there is one to choose
 * from.
 *
 * @returns by the first target of each error
 */
function refusalTexts(
  visits: readonly TargetVisit[],
  detail: ErrorDetail,
): ReadonlyMap<MigrationAgent, string> {
  const byError = new Map<unknown, MigrationAgent[]>();
  for (const visit of visits) {
    if (visit.kind !== 'refused') continue;
    byError.set(visit.error, [...(byError.get(visit.error) ?? []), visit.target]);
  }
  const groups = groupByReason([...byError], ([error, [first]]) => ({
    name: first === undefined ? '' : targetPath(first.settings),
    reason: errorText(error, detail).replace(ADDRESS, ''),
  }));
  const texts = new Map<MigrationAgent, string>();
  for (const { first, all } of groups) {
    const agents = all.flatMap(([, each]) => each);
    const [error, [at]] = first;
    if (at !== undefined) texts.set(at, refusalText(agents, error, detail));
  }
  return texts;
}

function refusalText(
  agents: readonly MigrationAgent[],
  error: unknown,
  detail: ErrorDetail,
): string {
  const text = errorText(error, detail);
  const targets: Target[] = agents.map(({ settings }) => settings);
  const named = targets.filter(
    ({ databaseName, tenant }) => databaseName !== undefined || tenant !== undefined,
  );
  if (named.length === 0) return text;
  const rest = detail.verbose ? 0 : Math.max(0, named.length - MOST_TARGETS);
  const paths = named.slice(0, named.length - rest).map(targetPath);
  const more = rest === 0 ? '' : `, and ${rest} more`;
  return `${detail.style.strong(foreignValue(`${named[0]?.project} · ${paths.join(', ')}${more}`))}\n${text}`;
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
