import type { MigrationAgent } from '../agent';
import { quoteGiven } from '../config/connection-text';
import { MigratorError } from '../errors';
import { nameHint } from '../plan/nearest';
import { whereOf } from './where-of';

/** The databases of `migrate` in the order in which they are visited, and the canary of each. */
export interface PlacedCanary {
  readonly agents: readonly MigrationAgent[];
  /** The canary to name to `migrateTenants` of one of the agents; `undefined`: the first tenant that can run. */
  canaryOf(agent: MigrationAgent): string | undefined;
}

/**
 * Finds the databases that have the tenant that was named as the canary, and puts them first: no tenant of another database
 * begins before it. The other databases choose a canary of their own. One database needs no search: the run refuses a name that
 * it does not have. A database that cannot be asked is refused by its run.
 *
 * @param agents one for each database, with its tenants in it
 * @param canary as named; absent if none was
 * @throws {MigratorError} `UNKNOWN_TENANT` if no database has it
 */
export async function placeCanary(
  agents: readonly MigrationAgent[],
  canary: string | undefined,
): Promise<PlacedCanary> {
  const isPlaced = agents.length < 2 || !agents.some(({ hasTenants }) => hasTenants);
  if (canary === undefined || isPlaced) return { agents, canaryOf: () => canary };
  const having = new Set<MigrationAgent>();
  const known = new Set<string>();
  let areAllKnown = true;
  for (const agent of agents) {
    const names = await tenantsOf(agent);
    if (names === undefined) areAllKnown = false;
    else if (names.includes(canary)) having.add(agent);
    for (const name of names ?? []) known.add(name);
  }
  if (having.size > 0) {
    const others = agents.filter((agent) => !having.has(agent));
    return {
      agents: [...having, ...others],
      canaryOf: (agent) => (having.has(agent) ? canary : undefined),
    };
  }
  if (!areAllKnown) return { agents, canaryOf: () => canary };
  const where = whereOf(agents);
  throw new MigratorError(
    'UNKNOWN_TENANT',
    `The canary ${quoteGiven(canary)} is not among the tenants that this command acts on in ${where}. Nothing was changed.`,
    { where, hint: nameHint(canary, [...known], 'tenants') },
  );
}

/** `undefined` if they cannot be found. */
async function tenantsOf(agent: MigrationAgent): Promise<readonly string[] | undefined> {
  try {
    return await agent.tenants();
  } catch {
    return undefined;
  }
}
