import {
  formatStatus,
  formatTenantsStatus,
  type StatusResult,
  type TenantsStatusResult,
} from '@flashfusion/migrator';
import type { PromiseExecutor } from '@nx/devkit';
import { readReports } from '../shared/read-reports';
import { runTask } from '../shared/run-task';
import type { StatusExecutorSchema } from './schema';

/** Shows a project's migrations, or how its tenants stand. Changes nothing. */
const statusExecutor: PromiseExecutor<StatusExecutorSchema> = (options, context) =>
  runTask<StatusResult | TenantsStatusResult>({
    options,
    context,
    run: async (agent) => {
      const check = options.check === true;
      const history = check ? 'verify' : 'read';
      const reports = check ? await readReports(options.reportFolder, context) : [];
      return agent.hasTenants
        ? agent.statusTenants({ history, reports })
        : agent.status({ history, reports });
    },
    format: (result) => ('tenants' in result ? formatTenantsStatus(result) : formatStatus(result)),
    succeeded: (result) => options.check !== true || isClean(result),
    keepGoing: 'to-the-end',
  });

function isClean(result: StatusResult | TenantsStatusResult): boolean {
  if ('tenants' in result) return result.counts.upToDate === result.counts.total;
  const { counts, problems } = result;
  return counts.pending + counts.failed + counts.drifted + problems.length === 0;
}

export default statusExecutor;
