import { formatRunResult, type RunResult } from '@flashfusion/migrator';
import type { ExecutorContext, PromiseExecutor } from '@nx/devkit';
import { isInitiator } from '../shared/environment';
import { durationsOf, runTask } from '../shared/run-task';
import { writeReport } from '../shared/write-report';
import type { MigrateExecutorSchema } from './schema';

/** Applies a project's pending migrations. */
const migrateExecutor: PromiseExecutor<MigrateExecutorSchema> = (options, context) =>
  runTask<RunResult>({
    options,
    context,
    overrides: {
      ...durationsOf(options),
      ...(options.allowOutOfOrder === true ? { outOfOrder: 'allow' } : {}),
    },
    run: (agent) =>
      agent.migrate({
        to: targetVersion(options, context),
        mode: options.dryRun === true ? 'dry-run' : 'run',
        transaction: options.singleTransaction === true ? 'single' : 'each',
      }),
    format: (result) => formatRunResult(result),
    succeeded: (result) => result.status !== 'failed',
    afterFailure: 'stop',
    report: (results) => writeReport(results, options.reportFolder, context),
  });

/** A version belongs to one project: the projects before it, which get all options handed on, apply what is pending. */
function targetVersion(
  options: MigrateExecutorSchema,
  context: ExecutorContext,
): string | undefined {
  return options.to === undefined || !isInitiator(context) ? undefined : String(options.to);
}

export default migrateExecutor;
