import { escapePattern } from '../text/escape-pattern';

/** Things that have the same reason. */
export interface ReasonGroup<T> {
  readonly first: T;
  readonly all: readonly T[];
  readonly names: readonly string[];
}

/** What differs between two messages of the same reason: moments, durations and processes. */
const VARIABLE =
  /\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d(?::?\d\d)?)?|\b\d+(?:\.\d+)? ?(?:ms|s|min)\b|\bprocess \d+/g;

/**
 * Groups what has the same reason, in the order in which reasons first occur. Texts that differ only in the name of their own
 * thing, in moments, durations and processes are one reason.
 *
 * @param describe the name of a thing, and its reason as text
 */
export function groupByReason<T>(
  things: readonly T[],
  describe: (thing: T) => { readonly name: string; readonly reason: string },
): ReasonGroup<T>[] {
  const groups = new Map<string, { first: T; all: T[]; names: string[] }>();
  for (const thing of things) {
    const { name, reason } = describe(thing);
    const key = withoutName(reason, name).replace(VARIABLE, '#');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { first: thing, all: [thing], names: [name] });
    else {
      group.all.push(thing);
      group.names.push(name);
    }
  }
  return [...groups.values()];
}

/** A tenant named "a" must not take the letter out of every word. */
function withoutName(text: string, name: string): string {
  const pattern = `(?<![\\p{L}\\p{N}_])${escapePattern(name)}(?![\\p{L}\\p{N}_])`;
  return text.replace(new RegExp(pattern, 'gu'), '#');
}
