import type { Plan } from '../plan/types';
import { trimMessages } from '../migration/server-messages';
import type {
  MigrationOutcome,
  ResultContext,
  RunResult,
  TenantOutcome,
  TenantsResult,
} from '../run/result';

const NOTHING = {
  runId: '',
  planned: [],
  done: [],
  failed: undefined,
  error: undefined,
  durationMs: 0,
} as const;

/** A tenant that was looked at and left alone: what a run would apply, which may be nothing. */
export function looked(
  tenant: string,
  { steps, rename }: Pick<Plan, 'steps' | 'rename'>,
): TenantOutcome {
  return {
    ...NOTHING,
    tenant,
    planned: steps.map(({ migration }) => migration.id),
    rename,
    status: steps.length === 0 ? 'nothing-to-do' : 'planned',
  };
}

/** A tenant that the run stopped before. */
export function notReached(tenant: string): TenantOutcome {
  return { ...NOTHING, tenant, status: 'not-reached' };
}

/** A tenant with something in the way. */
export function refused(tenant: string, error: unknown, durationMs: number): TenantOutcome {
  return { ...NOTHING, tenant, status: 'refused', error, durationMs };
}

/** A tenant that was run on, with the runs of other projects that it needed. */
export function outcomeOf(tenant: string, result: RunResult): TenantOutcome {
  const { status, runId, plan, prerequisiteRuns, done, failed, durationMs } = result;
  return {
    tenant,
    status,
    runId,
    planned: [...prerequisiteRuns.map((run) => run.plan), plan].flatMap(({ steps }) =>
      steps.map(({ migration }) => migration.id),
    ),
    rename: plan.rename,
    done: [...prerequisiteRuns.flatMap((run) => run.done), ...done].map(withFewMessages),
    failed: failed && withFewMessages(failed),
    error: undefined,
    durationMs,
  };
}

/** There may be thousands of tenants. */
const MOST_MESSAGES = 10;

function withFewMessages<Outcome extends MigrationOutcome>(outcome: Outcome): Outcome {
  const { messages } = outcome;
  return messages === undefined
    ? outcome
    : { ...outcome, messages: trimMessages(messages, MOST_MESSAGES) };
}

/** The outcomes counted and put under one head. */
export function tenantsResult(
  context: ResultContext,
  tenants: readonly TenantOutcome[],
  canary: string | undefined,
  durationMs: number,
): TenantsResult {
  const count = (wanted: TenantOutcome['status']) =>
    tenants.filter(({ status }) => status === wanted).length;
  const counts = {
    total: tenants.length,
    done: count('done'),
    upToDate: count('nothing-to-do'),
    planned: count('planned'),
    failed: count('failed'),
    refused: count('refused'),
    notReached: count('not-reached'),
  };
  return {
    ...context,
    action: 'apply',
    status: statusOf(counts),
    canary,
    counts,
    tenants,
    durationMs,
    finishedAt: new Date().toISOString(),
  };
}

/** What was not reached without a failure was cancelled before it began. */
function statusOf(counts: TenantsResult['counts']): TenantsResult['status'] {
  if (counts.failed + counts.refused + counts.notReached > 0) return 'failed';
  if (counts.done > 0) return 'done';
  return counts.planned > 0 ? 'planned' : 'nothing-to-do';
}
