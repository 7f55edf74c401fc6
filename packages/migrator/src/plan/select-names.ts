import type { ErrorCode, Problem } from '../errors';
import { escapePattern } from '../text/escape-pattern';
import { nameHint } from './nearest';

/**
 * Names as a front end got them: one name, a list with commas, a pattern with `*`, or several of these. A number is a name that
 * something on the way (Nx) parsed.
 */
export type GivenNames = string | number | readonly (string | number)[];

/** What names are called in messages. */
export interface NameKind {
  readonly code: Extract<ErrorCode, 'UNKNOWN_DATABASE' | 'UNKNOWN_TENANT'>;
  /** E.g. `tenant`. */
  readonly noun: string;
  /** Where the names are from, e.g. `environments.production`. */
  readonly where: string;
  /** The option that names them, e.g. `--tenant`. */
  readonly option: string;
  /** Puts a name that was given into quotes, or describes it where it must not be shown. */
  readonly quote: (given: string) => string;
}

/** The names that were chosen, and everything that is wrong with what was given. */
export interface SelectedNames {
  /** In the order of `known`, each once. */
  readonly names: readonly string[];
  /** `name`: exactly one name was given; `set`: a list or a pattern, which may have chosen one. */
  readonly form: 'name' | 'set';
  readonly problems: readonly Problem[];
}

/** Any run of characters in a pattern. */
const WILDCARD = '*';
const SEPARATOR = ',';

/**
 * Chooses names. A value that is exactly a known name stands for that name, also if it contains a comma or `*`. Any other value is
 * split at commas. A part that is no known name and contains `*` is a pattern for whole names; upper and lower case differ.
 *
 * Problems, one for each part: a name that does not exist and a pattern that matches nothing (`kind.code`, with the nearest
 * names); an empty part and a number that stands for several names (`INVALID_ARGUMENT`).
 */
export function selectNames(
  given: GivenNames,
  known: readonly string[],
  kind: NameKind,
): SelectedNames {
  const values = typeof given === 'object' ? given : [given];
  const parts = values.flatMap((value) => partsOf(value, known));
  const chosen = new Set<string>();
  const problems: Problem[] = [];
  if (parts.length === 0) problems.push(emptyProblem(kind));
  for (const part of parts) {
    const found = namesFor(part, known);
    if (part === '') problems.push(emptyProblem(kind));
    else if (found.length === 0) problems.push(unknownProblem(part, known, kind));
    else if (typeof part === 'number' && found.length > 1) {
      problems.push(ambiguousProblem(part, found, kind));
    } else for (const name of found) chosen.add(name);
  }
  const [only] = parts;
  const single = parts.length === 1 && !isPattern(only ?? '', known);
  return {
    names: known.filter((name) => chosen.has(name)),
    form: single ? 'name' : 'set',
    problems,
  };
}

/** Whether one name is among those that were given, as itself or by a pattern. */
export function includesName(given: GivenNames, name: string): boolean {
  const values = typeof given === 'object' ? given : [given];
  return values.some((value) =>
    partsOf(value, [name]).some((part) => namesFor(part, [name]).length > 0),
  );
}

/** Whether one selection contains every name of another one, whatever names there are: `e*` covers `eu` and `eu*`. */
export function coversNames(given: GivenNames, other: GivenNames): boolean {
  const values = typeof other === 'object' ? other : [other];
  const parts = values.flatMap((value) => partsOf(value, []));
  // What matches the text of a pattern matches all that the pattern stands for: only a wildcard matches a wildcard.
  return parts.every((part) => includesName(given, String(part)));
}

/** Whether the names can only be found among those that there are: a pattern. */
function isPattern(part: string | number, known: readonly string[]): part is string {
  return typeof part === 'string' && part.includes(WILDCARD) && !known.includes(part);
}

function partsOf(value: string | number, known: readonly string[]): (string | number)[] {
  if (typeof value === 'number' || known.includes(value)) return [value];
  return value.split(SEPARATOR).map((part) => part.trim());
}

function namesFor(part: string | number, known: readonly string[]): readonly string[] {
  // Nx parses `7`, `7.0` and `1e3`, and keeps `007`: a name that reads as the same number is meant.
  if (typeof part === 'number') {
    return known.filter(
      (name) => name.trim() !== '' && Number(name) === part && !/^0\d/.test(name),
    );
  }
  if (!isPattern(part, known)) return known.filter((name) => name === part);
  const texts = part.split(WILDCARD).map(escapePattern);
  const pattern = new RegExp(`^${texts.join('.*')}$`, 'su');
  return known.filter((name) => pattern.test(name));
}

function emptyProblem({ option, noun }: NameKind): Problem {
  return {
    code: 'INVALID_ARGUMENT',
    message: `${option} contains an empty name.`,
    hint: `Name a ${noun}. A variable may be unset in the command line.`,
    where: option,
  };
}

function unknownProblem(
  part: string | number,
  known: readonly string[],
  { code, noun, where, quote }: NameKind,
): Problem {
  const name = String(part);
  return {
    code,
    message: isPattern(part, known)
      ? `No ${noun} in ${where} matches ${quote(name)}.`
      : `There is no ${noun} ${quote(name)} in ${where}.`,
    hint: nameHint(name, known, `${noun}s`),
    where,
  };
}

function ambiguousProblem(
  part: number,
  names: readonly string[],
  { noun, option }: NameKind,
): Problem {
  return {
    code: 'INVALID_ARGUMENT',
    message: `${option} was parsed as the number ${part}, which stands for several ${noun}s: ${names.join(', ')}.`,
    hint: `Use a pattern that matches one of them, e.g. ${option}='${names[0] ?? ''}*'.`,
    where: option,
  };
}
