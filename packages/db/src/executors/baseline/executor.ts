import { formatBaseline, type BaselineResult } from '@flashfusion/migrator';
import type { PromiseExecutor } from '@nx/devkit';
import { refuseTenants } from '../shared/refuse-tenants';
import { durationsOf, runTask } from '../shared/run-task';
import { versionText } from '../shared/version-option';
import type { BaselineExecutorSchema } from './schema';

/** Marks a project's migrations as applied without running them. */
const baselineExecutor: PromiseExecutor<BaselineExecutorSchema> = (options, context) =>
  runTask<BaselineResult>({
    options,
    context,
    overrides: durationsOf(options),
    targets: 'one',
    run: async (agent) => {
      refuseTenants(agent, 'baseline');
      return agent.baseline({
        to: versionText('to', options.to, agent.settings.project),
        mode: options.dryRun === true ? 'dry-run' : 'run',
        confirm: options.confirm,
      });
    },
    format: formatBaseline,
    succeeded: () => true,
    afterFailure: 'stop',
  });

export default baselineExecutor;
