import type { MigrationAgent, RefusedTarget } from '@flashfusion/migrator';
import { presentable } from './output';

/** Which target a task was about, as far as it got to know. */
export interface Place {
  readonly project: string;
  readonly environment: string | undefined;
  readonly databaseName: string | undefined;
  readonly tenant?: string | undefined;
}

/** What came of one database: a result, a refusal before or instead of one, or nothing as an earlier one failed. */
export type Finding<Result> =
  | { readonly kind: 'result'; readonly place: Place; readonly result: Result }
  | { readonly kind: 'refused'; readonly place: Place; readonly error: unknown }
  | { readonly kind: 'not-reached'; readonly place: Place };

/** How to go through the databases of an environment. */
export interface EachDatabase<Result> {
  run(agent: MigrationAgent): Promise<Result>;
  succeeded(result: Result): boolean;
  /** `stop`: a failure on one database leaves the ones behind it alone. */
  readonly afterFailure: 'stop' | 'continue';
  /** Told of each finding as soon as there is one. */
  tell(finding: Finding<Result>): void;
  /** Once aborted, nothing further is begun. */
  readonly signal: AbortSignal;
}

/** Runs on one database after the other. Never rejects: what was done before a failure is kept, and each has a finding. */
export async function onEachDatabase<Result>(
  agents: readonly MigrationAgent[],
  { run, succeeded, afterFailure, tell, signal }: EachDatabase<Result>,
): Promise<Finding<Result>[]> {
  const findings: Finding<Result>[] = [];
  let goOn = true;
  for (const agent of agents) {
    const finding: Finding<Result> = goOn ? await findingOf(agent, run) : unreached(agent);
    const good: boolean = finding.kind === 'result' && succeeded(finding.result);
    goOn &&= !signal.aborted && (good || afterFailure === 'continue');
    findings.push(finding);
    tell(finding);
  }
  return findings;
}

/** A finding as `--json` prints it and as reports keep it. `ff db report` reads the same. */
export function documentOf<Result>(finding: Finding<Result>): unknown {
  switch (finding.kind) {
    case 'result':
      return finding.result;
    case 'refused':
      return { ...finding.place, error: presentable(finding.error) };
    case 'not-reached':
      return { ...finding.place, status: 'not-reached' };
  }
}

/** The findings of a command that was checked on several targets and refused on some of them: nothing was changed on any. */
export function refusedFindings(
  agents: readonly MigrationAgent[],
  refused: readonly RefusedTarget[],
): Finding<never>[] {
  return agents.map((agent): Finding<never> => {
    const refusal = refused.find((each) => each.agent === agent);
    return refusal === undefined
      ? unreached(agent)
      : { kind: 'refused', place: placeOf(agent), error: refusal.error };
  });
}

async function findingOf<Result>(
  agent: MigrationAgent,
  run: EachDatabase<Result>['run'],
): Promise<Finding<Result>> {
  const place = placeOf(agent);
  try {
    return { kind: 'result', place, result: await run(agent) };
  } catch (error) {
    return { kind: 'refused', place, error };
  }
}

function unreached(agent: MigrationAgent): Finding<never> {
  return { kind: 'not-reached', place: placeOf(agent) };
}

function placeOf({ settings }: MigrationAgent): Place {
  const { project, environment, databaseName, tenant } = settings;
  return { project, environment, databaseName, ...(tenant === undefined ? {} : { tenant }) };
}
