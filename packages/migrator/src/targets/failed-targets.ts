import type { MigrationAgent } from '../agent';
import type { Problem } from '../errors';

/** What a command says if {@link failedTargets} finds none. */
export const NOTHING_TO_REPEAT =
  'Nothing to repeat: no database or tenant has failed. What is pending is applied without --only-failed.';

/**
 * The targets that a run failed on and that are not in order yet, found by reading their histories: a migration failed or was
 * interrupted, something would stop `migrate` now (a changed file, another environment), or the target cannot be reached. A target
 * that was skipped, or refused for a reason that is gone (a held lock), left no trace and is not among them.
 *
 * @param agents one for each database, with its tenants in it; or for each target
 * @returns the agents of those databases, narrowed to those tenants; none if nothing failed. Changes nothing and takes no lock.
 */
export async function failedTargets(agents: readonly MigrationAgent[]): Promise<MigrationAgent[]> {
  const failed: MigrationAgent[] = [];
  for (const agent of agents) {
    const found = await failedOn(agent);
    if (found !== undefined) failed.push(found);
  }
  return failed;
}

/** A database that cannot be read is tried again as a whole, and reported by the run. */
async function failedOn(agent: MigrationAgent): Promise<MigrationAgent | undefined> {
  try {
    if (!agent.hasTenants) {
      return hasFailed(await agent.status({ recent: 0 })) ? agent : undefined;
    }
    const { tenants } = await agent.statusTenants();
    const names = tenants
      .filter((tenant) => tenant.error !== undefined || hasFailed(tenant))
      .map(({ tenant }) => tenant);
    return names.length === 0 ? undefined : agent.withTenants(names);
  } catch {
    return agent;
  }
}

interface TargetState {
  readonly counts: { readonly failed: number; readonly drifted: number };
  readonly problems: readonly Pick<Problem, 'code'>[];
}

function hasFailed({ counts, problems }: TargetState): boolean {
  const stopping = problems.filter(({ code }) => code !== 'PREREQUISITE_NOT_APPLIED');
  return counts.failed + counts.drifted + stopping.length > 0;
}
