import type { RunResult } from '../run/result';
import { plainStyle, type Style } from './style';
import { count } from './wording';

/** What can be skipped. */
export type SkippedNoun = 'migration' | 'tenant' | 'database';

/** Names that one line shows. */
const MOST_NAMED = 3;
/** Longer names are cut. In characters. */
const LONGEST_NAME = 60;

/**
 * One line about everything that a run did not reach: how many, and the first names. It stands behind the error that is the
 * cause, so it is short for any number of names.
 *
 * @returns `undefined` if nothing was skipped
 */
export function formatSkipped(
  noun: SkippedNoun,
  names: readonly string[],
  { style = plainStyle, all }: { readonly style?: Style; readonly all?: string } = {},
): string | undefined {
  if (names.length === 0) return undefined;
  const shown = names.slice(0, MOST_NAMED).map(cut).join(', ');
  const more = names.length - MOST_NAMED;
  const rest = more > 0 ? `, … and ${more} more${all === undefined ? '' : ` (${all})`}` : '';
  return `${style.warning(`Skipped ${count(names.length, noun)}:`)} ${shown}${rest}`;
}

/** The migrations that a run skipped, each with its name. */
export function skippedMigrations({ notReached, plan }: RunResult): string[] {
  const names = new Map(plan.steps.map(({ migration }) => [migration.id, migration.name]));
  return notReached.map((id) => [id, names.get(id)].filter((part) => part !== undefined).join(' '));
}

function cut(name: string): string {
  return name.length <= LONGEST_NAME ? name : `${name.slice(0, LONGEST_NAME)}…`;
}
