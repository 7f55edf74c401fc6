import {
  endingOfMigrate,
  failedTargets,
  formatRunResult,
  formatTenantsResult,
  MigratorError,
  placeCanary,
  type MigrateTenantsOptions,
  type MigrationAgent,
  type PlacedCanary,
  type RunResult,
  type TenantsResult,
} from '@flashfusion/migrator';
import type { ExecutorContext, PromiseExecutor } from '@nx/devkit';
import { isInitiator } from '../shared/environment';
import { explainLostOrder } from '../shared/lost-order';
import { durationsOf, runTask } from '../shared/run-task';
import { nameText } from '../shared/options';
import { versionText } from '../shared/version-option';
import { reportTo } from '../shared/write-report';
import type { MigrateExecutorSchema } from './schema';

/** Applies a project's pending migrations, to every tenant where the environment has tenants. */
const migrateExecutor: PromiseExecutor<MigrateExecutorSchema> = (options, context) => {
  const named = nameText(options.canary);
  let canaryOf: PlacedCanary['canaryOf'] = () => named;
  return runTask<RunResult | TenantsResult>({
    options,
    context,
    overrides: {
      ...durationsOf(options),
      ...(options.allowOutOfOrder === true ? { outOfOrder: 'allow' } : {}),
    },
    narrow: async (agents) => {
      const chosen = options.onlyFailed === true ? await failedTargets(agents) : agents;
      const placed = await placeCanary(chosen, named);
      canaryOf = (agent) => placed.canaryOf(agent);
      return placed.agents;
    },
    run: async (agent) => {
      try {
        return await migrate(agent, options, { context, canary: canaryOf(agent) });
      } catch (error) {
        throw explainLostOrder(error, context);
      }
    },
    format: (result, detail) =>
      'tenants' in result
        ? formatTenantsResult(result, { detail: detail === 'verbose' ? 'each' : 'short' })
        : formatRunResult(result, { detail }),
    succeeded: (result) => result.status !== 'failed',
    endingOf: endingOfMigrate,
    keepGoing: 'past-refusals',
    reporter: reportTo(options.reportFolder, context),
  });
};

async function migrate(
  agent: MigrationAgent,
  options: MigrateExecutorSchema,
  { context, canary }: { readonly context: ExecutorContext; readonly canary: string | undefined },
): Promise<RunResult | TenantsResult> {
  const { concurrency, stopAfter: stopAfterFailures } = options;
  const careful: MigrateTenantsOptions = { concurrency, canary, stopAfterFailures };
  const what = {
    to: targetVersion(options, context, agent.settings.project),
    mode: options.dryRun === true ? 'dry-run' : 'run',
    transaction: options.singleTransaction === true ? 'single' : 'each',
    prerequisites: options.withDependencies === true ? 'apply' : 'require',
  } as const;
  if (agent.hasTenants) return agent.migrateTenants({ ...what, ...careful });
  if (isInitiator(context) && Object.values(careful).some((value) => value !== undefined)) {
    const { tenant, environment } = agent.settings;
    throw new MigratorError(
      'INVALID_ARGUMENT',
      `--concurrency, --canary and --stopAfter are about several tenants, and ${tenant === undefined ? `${environment} has none` : '--tenant names one'}.`,
      {
        hint:
          tenant === undefined
            ? 'Leave them out, or choose an environment that has tenants.'
            : 'Leave them out.',
      },
    );
  }
  return agent.migrate(what);
}

/** A version belongs to one project: the projects before it, which get all options handed on, apply what is pending. */
function targetVersion(
  options: MigrateExecutorSchema,
  context: ExecutorContext,
  project: string,
): string | undefined {
  if (options.to === undefined || !isInitiator(context)) return undefined;
  return versionText('to', options.to, project);
}

export default migrateExecutor;
