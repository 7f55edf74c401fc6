import { formatStatus, type StatusResult } from '@flashfusion/migrator';
import type { PromiseExecutor } from '@nx/devkit';
import { runTask } from '../shared/run-task';
import type { StatusExecutorSchema } from './schema';

/** Shows a project's migrations. Changes nothing. */
const statusExecutor: PromiseExecutor<StatusExecutorSchema> = (options, context) =>
  runTask<StatusResult>({
    options,
    context,
    run: (agent) => agent.status(),
    format: (result) => formatStatus(result),
    succeeded: (result) => options.check !== true || isClean(result),
    afterFailure: 'continue',
  });

function isClean({ counts, problems }: StatusResult): boolean {
  return counts.pending + counts.failed + counts.drifted + problems.length === 0;
}

export default statusExecutor;
