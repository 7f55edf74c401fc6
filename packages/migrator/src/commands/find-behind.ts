import { findPending } from '../plan/find-pending';
import type { Plan } from '../plan/types';
import type { TenantOutcome } from '../run/result';
import type { Concurrency } from '../targets/concurrency';
import type { Tenant } from './find-tenants';
import { lookAtTenants, type TenantView } from './look-at-tenants';
import type { MigrateTenantsOptions } from './migrate-tenants';
import { findFiles, planDryRun } from './plan-migrate';
import { refuseOtherEnvironment, type ProjectDatabase } from './project-database';
import { looked, refused } from './tenant-outcomes';

/** A tenant with nothing pending. */
const NOTHING_PLANNED: Pick<Plan, 'steps' | 'rename'> = { steps: [] };

/** A tenant with something to do. */
export interface PendingTenant extends Tenant {
  /** Whether nothing is known that would refuse a run. */
  readonly isFit: boolean;
}

/** What finding the tenants that are behind needs. */
export interface FindBehind {
  readonly project: ProjectDatabase;
  readonly tenants: readonly Tenant[];
  readonly options: MigrateTenantsOptions;
  /** Filled in for the tenants that need no run: those that are up to date, those that cannot be read. */
  readonly outcomes: Map<string, TenantOutcome>;
  readonly concurrency: Concurrency;
}

/**
 * The tenants that have something to do. Those that are up to date are not locked and get no connection of their own. Those
 * that cannot be read are refused. In a dry run everything is told at once, but for what needs a look at other projects'
 * databases.
 */
export async function findBehind({
  project,
  tenants,
  options,
  outcomes,
  concurrency,
}: FindBehind): Promise<PendingTenant[]> {
  const files = await findFiles(project.context);
  const dryRun = options.mode === 'dry-run';
  const looks = await lookAtTenants({
    project,
    tenants,
    concurrency,
    damage: 'throw',
    look: async ({ context, state, history }: TenantView) => {
      refuseOtherEnvironment(context.settings, state);
      const { entries } = state;
      const found = findPending({ project: context.settings.project, files, entries });
      const isFit = found.problems.length === 0;
      if (found.pending.length === 0 && isFit) return { plan: NOTHING_PLANNED, isFit };
      // Of what is about to run only the run itself decides, under the lock.
      if (!dryRun || options.prerequisites === 'apply') return { plan: undefined, isFit };
      // What other projects have not applied yet, they have by the time of the run.
      return { plan: await planDryRun(context, { files, state, history }, options), isFit };
    },
  });
  const behind: PendingTenant[] = [];
  for (const look of looks) {
    const { name } = look.tenant;
    if (!look.ok) outcomes.set(name, refused(name, look.error, 0));
    else if (look.seen.plan !== undefined) outcomes.set(name, looked(name, look.seen.plan));
    else behind.push({ ...look.tenant, isFit: look.seen.isFit });
  }
  return behind;
}
