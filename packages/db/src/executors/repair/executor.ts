import {
  formatAdoption,
  formatRepair,
  formatRunResult,
  MigratorError,
  type AdoptEnvironmentResult,
  type MigrationAgent,
  type ChangingCommand,
  type RepairAction,
  type RepairOptions,
  type RepairResult,
} from '@flashfusion/migrator';
import type { PromiseExecutor } from '@nx/devkit';
import { durationsOf, runTask } from '../shared/run-task';
import { nameText } from '../shared/options';
import { versionText } from '../shared/version-option';
import type { RepairExecutorSchema } from './schema';

/** Corrects what the history of a project says. Only shows it, unless an option asks for more. */
const repairExecutor: PromiseExecutor<RepairExecutorSchema> = (options, context) => {
  const { name, yes, adoptEnvironment } = options;
  const [action] = actionsOf(options);
  const changes = action !== undefined || yes === true;
  const named = {
    command: 'repair' as const,
    ...(name === undefined ? {} : { migration: String(name) }),
    options: { [action ?? 'yes']: true as const },
  };
  const choice = { per: 'target' as const, ...(changes ? { named } : {}) };
  return runTask<RepairResult | AdoptEnvironmentResult>({
    options,
    context,
    overrides: durationsOf(options),
    choice: adoptEnvironment === undefined ? choice : { per: 'database' },
    ...(changes || adoptEnvironment !== undefined
      ? { check: (agent) => commandFor(agent, options) }
      : {}),
    run: (agent) =>
      adoptEnvironment === undefined
        ? agent.repair(repairOptionsOf(options, agent.settings.project))
        : adopt(agent, String(adoptEnvironment), options),
    format: (result, detail) =>
      'histories' in result
        ? formatAdoption(result)
        : formatRepair(result, {
            doAll: '--yes',
            formatRun: (run) => formatRunResult(run, { detail }),
          }),
    succeeded: (result) => result.status !== 'failed',
    keepGoing: changes ? 'until-failure' : 'to-the-end',
  });
};

/** The command that is checked on several targets. */
function commandFor({ settings }: MigrationAgent, options: RepairExecutorSchema): ChangingCommand {
  if (options.adoptEnvironment !== undefined) {
    throw invalid(
      '--adopt-environment works on one database, and several are meant.',
      'Name it: --database=<name>.',
    );
  }
  return { command: 'repair', options: repairOptionsOf(options, settings.project) };
}

function adopt(
  agent: MigrationAgent,
  from: string,
  options: RepairExecutorSchema,
): Promise<AdoptEnvironmentResult> {
  const { name, confirm, dryRun } = options;
  if (name !== undefined || actionsOf(options).length > 0) {
    throw invalid(
      '--adopt-environment is about a whole database. It takes no --name and no other action.',
      'Adopt the environment first, then repair single migrations.',
    );
  }
  return agent.adoptEnvironment({
    from,
    mode: dryRun ? 'show' : 'run',
    confirm: nameText(confirm),
  });
}

function repairOptionsOf(options: RepairExecutorSchema, project: string): RepairOptions {
  const { name, confirm } = options;
  const actions = actionsOf(options);
  const [action, ...more] = actions;
  if (more.length > 0) {
    const given = actions.map((each) => `--${each}`).join(', ');
    throw invalid(
      `A migration cannot be repaired in ${actions.length} ways at once: ${given}.`,
      'Pass one of them.',
    );
  }
  if (action !== undefined && name === undefined) {
    throw invalid(
      `--${action} needs the migration that it is for.`,
      `Give --name=<name or version>. Without any option the target shows what needs repair.`,
    );
  }
  return {
    migration: name === undefined ? undefined : versionText('name', name, project),
    action,
    mode: options.dryRun !== true && (action !== undefined || options.yes) ? 'run' : 'show',
    confirm: nameText(confirm),
  };
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
