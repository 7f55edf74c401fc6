import { closest, distance } from 'fastest-levenshtein';

/**
 * The known name that a mistyped one most likely stands for.
 *
 * @param wanted what was given
 * @param known what there is
 * @returns `undefined` when none is near: a far-fetched guess helps nobody
 */
export function nearestName(wanted: string, known: readonly string[]): string | undefined {
  if (known.length === 0 || wanted === '') return undefined;
  const best = closest(
    wanted.toLowerCase(),
    known.map((name) => name.toLowerCase()),
  );
  const name = known.find((candidate) => candidate.toLowerCase() === best);
  const allowed = Math.max(2, Math.floor(wanted.length / 3));
  return distance(wanted.toLowerCase(), best) <= allowed ? name : undefined;
}

/**
 * A hint made of the nearest name and of all that there are.
 *
 * @param wanted what was given
 * @param known what there is
 * @param what what the names are called, in the plural, e.g. `environments`
 */
export function nameHint(wanted: string, known: readonly string[], what: string): string {
  if (known.length === 0) return `There are no ${what}.`;
  const nearest = nearestName(wanted, known);
  const shown = known.length > 12 ? [...known.slice(0, 12), '…'] : known;
  const all = `The ${what} are ${shown.join(', ')}.`;
  return nearest === undefined ? all : `Did you mean ${nearest}? ${all}`;
}
