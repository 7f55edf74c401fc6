import type { TenantsResult } from '../run/result';

/** The tenants that a run stopped before, as a report keeps them: they have no run of their own. */
export interface TenantsNotReached {
  readonly project: string;
  readonly environment: string;
  readonly databaseName: string | undefined;
  readonly status: 'not-reached';
  /** How many. */
  readonly tenants: number;
}

/**
 * What the reports of the tenants that were run on do not say: that there are more. Without it a run that was cancelled
 * between two tenants would look as if it was done.
 *
 * @returns `undefined` where all were reached
 */
export function tenantsNotReached(
  result: Pick<TenantsResult, 'project' | 'environment' | 'databaseName' | 'tenants'>,
): TenantsNotReached | undefined {
  const tenants = result.tenants.filter(({ status }) => status === 'not-reached').length;
  if (tenants === 0) return undefined;
  const { project, environment, databaseName } = result;
  return { project, environment, databaseName, status: 'not-reached', tenants };
}
