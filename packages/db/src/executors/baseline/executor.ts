import { formatBaseline, type BaselineOptions, type BaselineResult } from '@flashfusion/migrator';
import type { PromiseExecutor } from '@nx/devkit';
import { durationsOf, runTask } from '../shared/run-task';
import { nameText } from '../shared/options';
import { versionText } from '../shared/version-option';
import type { BaselineExecutorSchema } from './schema';

/** Marks a project's migrations as applied without running them. */
const baselineExecutor: PromiseExecutor<BaselineExecutorSchema> = (options, context) => {
  const { to, dryRun, confirm } = options;
  const optionsFor = (project: string): BaselineOptions => ({
    to: versionText('to', to, project),
    mode: dryRun === true ? 'dry-run' : 'run',
    confirm: nameText(confirm),
  });
  return runTask<BaselineResult>({
    options,
    context,
    overrides: durationsOf(options),
    choice: {
      per: 'target',
      named: {
        command: 'baseline',
        options: { to: String(to), ...(dryRun === true ? { 'dry-run': true } : {}) },
      },
    },
    check: ({ settings }) => ({ command: 'baseline', options: optionsFor(settings.project) }),
    run: (agent) => agent.baseline(optionsFor(agent.settings.project)),
    format: formatBaseline,
    succeeded: () => true,
    keepGoing: 'until-failure',
  });
};

export default baselineExecutor;
