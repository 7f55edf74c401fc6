import {
  presentableError,
  refusedVisits,
  visitInOrder,
  type Ending,
  type KeepGoing,
  type MigrationAgent,
  type RefusedTarget,
  type TargetPlace,
  type Visit,
} from '@flashfusion/migrator';

/** Which target a task was about, as far as it got to know. */
export type Place = TargetPlace;

/** What came of one database: a result, a refusal before or instead of one, or nothing as an earlier one failed. */
export type Finding<Result> =
  | { readonly kind: 'result'; readonly place: Place; readonly result: Result }
  | { readonly kind: 'refused'; readonly place: Place; readonly error: unknown }
  | { readonly kind: 'not-reached'; readonly place: Place };

/** How to go through the databases of an environment. */
export interface EachDatabase<Result> {
  run(agent: MigrationAgent): Promise<Result>;
  endingOf(result: Result): Ending;
  /** Which databases come after one that did not end well. */
  readonly keepGoing: KeepGoing;
  /** Told of each finding as soon as there is one. */
  tell(finding: Finding<Result>): void;
  /** Once aborted, nothing further is begun. */
  readonly signal: AbortSignal;
}

/** Runs on one database after the other. Never rejects: what was done before a failure is kept, and each has a finding. */
export async function onEachDatabase<Result>(
  agents: readonly MigrationAgent[],
  { run, endingOf, keepGoing, tell, signal }: EachDatabase<Result>,
): Promise<Finding<Result>[]> {
  const visits = await visitInOrder(agents, {
    visit: run,
    endingOf,
    keepGoing,
    signal,
    onVisit: (visit) => tell(findingOf(visit)),
  });
  return visits.map(findingOf);
}

/** A finding as `--json` prints it and as reports keep it. `ff db report` reads the same. */
export function documentOf<Result>(finding: Finding<Result>): unknown {
  switch (finding.kind) {
    case 'result':
      return finding.result;
    case 'refused':
      return { ...finding.place, error: presentableError(finding.error) };
    case 'not-reached':
      return { ...finding.place, status: 'not-reached' };
  }
}

/** The findings of a command that was checked on several targets and refused on some of them: nothing was changed on any. */
export function refusedFindings(
  agents: readonly MigrationAgent[],
  refused: readonly RefusedTarget[],
): Finding<never>[] {
  return refusedVisits(agents, refused).map(findingOf);
}

function findingOf<Result>(visit: Visit<MigrationAgent, Result>): Finding<Result> {
  const place = placeOf(visit.target);
  switch (visit.kind) {
    case 'result':
      return { kind: 'result', place, result: visit.result };
    case 'refused':
      return { kind: 'refused', place, error: visit.error };
    case 'not-reached':
      return { kind: 'not-reached', place };
  }
}

function placeOf({ settings }: MigrationAgent): Place {
  const { project, environment, databaseName, tenant } = settings;
  return { project, environment, databaseName, ...(tenant === undefined ? {} : { tenant }) };
}
