import {
  failedTargets,
  MigratorError,
  NOTHING_TO_REPEAT,
  placeCanary,
  type MigrationAgent,
} from '@flashfusion/migrator';
import { parseWholeNumber } from '../arguments';
import { EXIT } from '../exit-code';
import { onEachTarget, type Outcome } from '../outcome';
import { agentsOf, type DatabaseFlags, type Runtime } from '../runtime';
import { runPart } from './run-part';
import { tenantsPart } from './tenants-part';

export interface MigrateFlags extends DatabaseFlags {
  readonly dryRun?: true;
  /** The last version to apply. */
  readonly to?: string;
  readonly singleTransaction?: true;
  readonly allowOutOfOrder?: true;
  /** Apply what is needed of other projects first. */
  readonly withDependencies?: true;
  /** How many tenants at once. */
  readonly concurrency?: string;
  /** The tenant that goes first and alone. */
  readonly canary?: string;
  /** Only the targets that an earlier run failed on. */
  readonly onlyFailed?: true;
  /** Begin no further tenant after so many failures. */
  readonly stopAfter?: string;
}

/** `ff db migrate`: applies what is pending, to every tenant where the environment has tenants. */
export async function migrate(flags: MigrateFlags, runtime: Runtime): Promise<Outcome> {
  const options = {
    to: flags.to,
    mode: flags.dryRun ? 'dry-run' : 'run',
    transaction: flags.singleTransaction ? 'single' : 'each',
    prerequisites: flags.withDependencies ? 'apply' : 'require',
  } as const;
  const careful = {
    concurrency: numberOf('--concurrency', flags.concurrency),
    stopAfterFailures: numberOf('--stop-after', flags.stopAfter),
  };
  const agents = await agentsOf(runtime, 'migrate', flags, {
    outOfOrder: flags.allowOutOfOrder ? 'allow' : undefined,
    per: 'database',
  });
  refuseWithoutTenants(agents, { ...careful, canary: flags.canary });
  const chosen = flags.onlyFailed ? await failedTargets(agents) : agents;
  if (chosen.length === 0) return { ...NONE_FAILED, parts: [] };
  const placed = await placeCanary(chosen, flags.canary);
  const run = async (agent: MigrationAgent) => {
    if (!agent.hasTenants) return runPart(await agent.migrate(options), runtime);
    const canary = placed.canaryOf(agent);
    return tenantsPart(await agent.migrateTenants({ ...options, ...careful, canary }), runtime);
  };
  return onEachTarget(placed.agents, run, 'past-refusals');
}

/** `--only-failed` with nothing to repeat. In JSON it is an empty list. */
const NONE_FAILED = {
  text: NOTHING_TO_REPEAT,
  error: undefined,
  exitCode: EXIT.done,
} as const;

function numberOf(option: string, text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseWholeNumber(option, text, 1);
}

/** An option that would be passed over is a mistake of whoever gave it. */
function refuseWithoutTenants(
  agents: readonly MigrationAgent[],
  options: Readonly<Record<string, unknown>>,
): void {
  if (agents.some((agent) => agent.hasTenants)) return;
  if (Object.values(options).every((value) => value === undefined)) return;
  const isOneTenant = agents.some(({ settings }) => settings.tenant !== undefined);
  throw new MigratorError(
    'INVALID_ARGUMENT',
    `--concurrency, --canary and --stop-after are about several tenants, and ${isOneTenant ? '--tenant names one' : 'there are none here'}.`,
    {
      hint: isOneTenant
        ? 'Leave them out.'
        : 'Leave them out, or choose an environment that has tenants with --env.',
    },
  );
}
