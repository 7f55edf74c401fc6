import {
  endingOfMigrate,
  failedTargets,
  formatRunResult,
  formatTenantsResult,
  MigratorError,
  type MigrateTenantsOptions,
  type MigrationAgent,
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
const migrateExecutor: PromiseExecutor<MigrateExecutorSchema> = (options, context) =>
  runTask<RunResult | TenantsResult>({
    options,
    context,
    overrides: {
      ...durationsOf(options),
      ...(options.allowOutOfOrder === true ? { outOfOrder: 'allow' } : {}),
    },
    narrow: (agents) => (options.onlyFailed === true ? failedTargets(agents) : agents),
    run: async (agent) => {
      try {
        return await migrate(agent, options, context);
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

async function migrate(
  agent: MigrationAgent,
  options: MigrateExecutorSchema,
  context: ExecutorContext,
): Promise<RunResult | TenantsResult> {
  const { concurrency, canary, stopAfter: stopAfterFailures } = options;
  const careful: MigrateTenantsOptions = {
    concurrency,
    canary: nameText(canary),
    stopAfterFailures,
  };
  const what = {
    to: targetVersion(options, context, agent.settings.project),
    mode: options.dryRun === true ? 'dry-run' : 'run',
    transaction: options.singleTransaction === true ? 'single' : 'each',
    prerequisites: options.withDependencies === true ? 'apply' : 'require',
  } as const;
  if (agent.hasTenants) return agent.migrateTenants({ ...what, ...careful });
  if (isInitiator(context) && Object.values(careful).some((value) => value !== undefined)) {
    throw new MigratorError(
      'INVALID_ARGUMENT',
      `--concurrency, --canary and --stopAfter are about tenants, and ${agent.settings.environment} has none.`,
      { hint: 'Leave them out, or choose an environment that has tenants.' },
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
