import {
  formatAdoption,
  formatRepair,
  formatRunResult,
  MigratorError,
  type AdoptEnvironmentResult,
  type MigrationAgent,
  type RepairAction,
  type RepairResult,
} from '@flashfusion/migrator';
import type { PromiseExecutor } from '@nx/devkit';
import { refuseTenants } from '../shared/refuse-tenants';
import { durationsOf, runTask } from '../shared/run-task';
import { versionText } from '../shared/version-option';
import type { RepairExecutorSchema } from './schema';

/** Corrects what the history of a project says. Only shows it, unless an option asks for more. */
const repairExecutor: PromiseExecutor<RepairExecutorSchema> = (options, context) => {
  const task = [context.projectName, context.targetName, context.configurationName];
  const command = `nx run ${task.filter(Boolean).join(':')}`;
  const database = options.database === undefined ? '' : ` --database=${options.database}`;
  return runTask<RepairResult | AdoptEnvironmentResult>({
    options,
    context,
    overrides: durationsOf(options),
    targets: 'one',
    run: (agent) => repair(agent, options),
    format: (result, detail) =>
      'histories' in result
        ? formatAdoption(result)
        : formatRepair(result, {
            doAll: '--yes',
            commandFor: ({ version }, action) =>
              `${command} --name=${version} --${action}${database}`,
            formatRun: (run) => formatRunResult(run, { detail }),
          }),
    succeeded: (result) => result.status !== 'failed',
    afterFailure: 'stop',
  });
};

async function repair(
  agent: MigrationAgent,
  options: RepairExecutorSchema,
): Promise<RepairResult | AdoptEnvironmentResult> {
  const actions = actionsOf(options);
  const { name, adoptEnvironment: from, confirm } = options;
  if (from !== undefined) {
    if (name !== undefined || actions.length > 0) {
      throw invalid(
        '--adopt-environment is about a whole database. It takes no --name and no other action.',
        'Adopt the environment first, then repair single migrations.',
      );
    }
    return agent.adoptEnvironment({ from, mode: options.dryRun ? 'show' : 'run', confirm });
  }
  refuseTenants(agent, 'repair');
  const [action, ...more] = actions;
  if (more.length > 0) {
    const given = actions.map((each) => `--${each}`).join(', ');
    throw invalid(
      `A migration cannot be repaired in ${actions.length} ways at once: ${given}.`,
      'Give one of them.',
    );
  }
  if (action !== undefined && name === undefined) {
    throw invalid(
      `--${action} needs the migration that it is for.`,
      `Give --name=<name or version>. Without any option the target shows what needs repair.`,
    );
  }
  return agent.repair({
    migration: name === undefined ? undefined : versionText('name', name, agent.settings.project),
    action,
    mode: options.dryRun !== true && (action !== undefined || options.yes) ? 'run' : 'show',
    confirm,
  });
}

function actionsOf(options: RepairExecutorSchema): RepairAction[] {
  return [
    ...(options.resume ? (['resume'] as const) : []),
    ...(options.markApplied ? (['mark-applied'] as const) : []),
    ...(options.markRetired ? (['mark-retired'] as const) : []),
    ...(options.markReverted ? (['mark-reverted'] as const) : []),
    ...(options.acceptChecksum ? (['accept-checksum'] as const) : []),
  ];
}

function invalid(message: string, hint: string): MigratorError {
  return new MigratorError('INVALID_ARGUMENT', message, { hint });
}

export default repairExecutor;
