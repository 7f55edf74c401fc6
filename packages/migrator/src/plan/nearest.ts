import { distance } from 'fastest-levenshtein';
import { compareText } from './by-version';

/** The distance of two words costs the product of their lengths. No name that someone mistyped is longer. */
const LONGEST_NAME = 200;

/**
 * The candidates that somebody who wrote `wanted` most likely meant, nearest first: those that begin with it or hold it,
 * then those that differ in few letters. Empty when nothing is near: a far-fetched guess helps nobody.
 *
 * @param limit how many at most, 3 unless told
 */
export function nearest(
  wanted: string,
  candidates: Iterable<string>,
  limit: number = 3,
): readonly string[] {
  const sought = wanted.toLowerCase();
  if (sought === '' || sought.length > LONGEST_NAME) return [];
  const near: { readonly candidate: string; readonly far: number }[] = [];
  for (const candidate of new Set(candidates)) {
    if (candidate.length > LONGEST_NAME) continue;
    const far = farness(sought, candidate.toLowerCase());
    if (far !== undefined) near.push({ candidate, far });
  }
  near.sort((left, right) => left.far - right.far || compareText(left.candidate, right.candidate));
  return near.slice(0, limit).map(({ candidate }) => candidate);
}

/** `undefined` when too far to be meant. A third of the letters may be wrong, two at least. */
function farness(sought: string, candidate: string): number | undefined {
  const edits = distance(sought, candidate);
  if (edits <= Math.max(2, Math.floor(sought.length / 3))) return edits;
  const holds = sought.length >= 3 && candidate.includes(sought);
  return holds ? sought.length + edits : undefined;
}

/** `Did you mean “a” or “b”?`, or `undefined` when there is nothing to offer. */
export function didYouMean(candidates: readonly string[]): string | undefined {
  const quoted = candidates.map((candidate) => `“${candidate}”`);
  const last = quoted.pop();
  if (last === undefined) return undefined;
  return `Did you mean ${quoted.length === 0 ? last : `${quoted.join(', ')} or ${last}`}?`;
}

/** More names than this are not all listed. */
const MOST_NAMES = 12;

/**
 * A hint made of the nearest name and of all that there are.
 *
 * @param wanted what was given
 * @param known what there is
 * @param what what the names are called, in the plural, e.g. `environments`
 */
export function nameHint(wanted: string, known: readonly string[], what: string): string {
  if (known.length === 0) return `There are no ${what}.`;
  const shown = known.length > MOST_NAMES ? [...known.slice(0, MOST_NAMES), '…'] : known;
  const all = `The ${what} are ${shown.join(', ')}.`;
  const question = didYouMean(nearest(wanted, known, 1));
  return question === undefined ? all : `${question} ${all}`;
}
