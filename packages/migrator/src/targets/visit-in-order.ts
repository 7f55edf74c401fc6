import { isMigratorError } from '../report/error-shape';
import type { RunResult, TenantsResult } from '../run/result';

/** How a command ended on one target. `refused`: before it changed anything there; `failed`: while it ran. */
export type Ending = 'done' | 'refused' | 'failed';

/**
 * Which targets come after one that did not end well. `until-failure`: none; `past-refusals`: the others, unless the command
 * failed while it ran; `to-the-end`: all others.
 */
export type KeepGoing = 'until-failure' | 'past-refusals' | 'to-the-end';

/** What came of one target. */
export type Visit<T, R> =
  | { readonly kind: 'result'; readonly target: T; readonly result: R }
  | { readonly kind: 'refused'; readonly target: T; readonly error: unknown }
  | { readonly kind: 'not-reached'; readonly target: T };

/** How to go through targets. */
export interface VisitOptions<T, R> {
  readonly visit: (target: T) => Promise<R>;
  readonly endingOf: (result: R) => Ending;
  readonly keepGoing: KeepGoing;
  /** Told of each visit as soon as it is over. */
  readonly onVisit?: (visit: Visit<T, R>) => void;
  /** Once aborted, nothing further is begun. */
  readonly signal?: AbortSignal;
}

/** Visits one target after the other. Never rejects: what is thrown is part of the visits, and each target has one. */
export async function visitInOrder<T, R>(
  targets: readonly T[],
  { visit, endingOf, keepGoing, onVisit, signal }: VisitOptions<T, R>,
): Promise<Visit<T, R>[]> {
  const visits: Visit<T, R>[] = [];
  let continues = true;
  for (const target of targets) {
    const { made, ending }: VisitOver<T, R> = continues
      ? await visitOne(target, visit, endingOf)
      : { made: { kind: 'not-reached', target }, ending: 'done' };
    continues &&= signal?.aborted !== true && continuesAfter(ending, keepGoing);
    visits.push(made);
    onVisit?.(made);
  }
  return visits;
}

interface VisitOver<T, R> {
  readonly made: Visit<T, R>;
  readonly ending: Ending;
}

async function visitOne<T, R>(
  target: T,
  visit: (target: T) => Promise<R>,
  endingOf: (result: R) => Ending,
): Promise<VisitOver<T, R>> {
  try {
    const result = await visit(target);
    return { made: { kind: 'result', target, result }, ending: endingOf(result) };
  } catch (error) {
    return { made: { kind: 'refused', target, error }, ending: endingOfError(error) };
  }
}

function continuesAfter(ending: Ending, keepGoing: KeepGoing): boolean {
  if (ending === 'done' || keepGoing === 'to-the-end') return true;
  return ending === 'refused' && keepGoing === 'past-refusals';
}

/** What was cancelled, may have changed something, or was not foreseen is no refusal. */
function endingOfError(error: unknown): Ending {
  if (!isMigratorError(error)) return 'failed';
  return error.code === 'CANCELLED' || error.code === 'OUTCOME_UNKNOWN' ? 'failed' : 'refused';
}

/** How `migrate` ended on one database. Tenants that were refused stop neither the other tenants nor the other databases. */
export function endingOfMigrate(result: RunResult | TenantsResult): Ending {
  if (result.status !== 'failed') return 'done';
  if (!('tenants' in result)) return 'failed';
  const { failed, notReached } = result.counts;
  return failed + notReached > 0 ? 'failed' : 'refused';
}
