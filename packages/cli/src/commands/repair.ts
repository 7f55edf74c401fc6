import {
  checkTargets,
  formatAdoption,
  formatRepair,
  MigratorError,
  targetPath,
  type MigrationAgent,
  type RepairAction,
  type RepairOptions,
  type TargetChoice,
} from '@flashfusion/migrator';
import { EXIT, exitCodeOfFailedRun } from '../exit-code';
import { onEachTarget, refusedOutcome, type Outcome, type Part } from '../outcome';
import { agentsOf, type DatabaseFlags, type Runtime } from '../runtime';
import { formatRun } from './run-part';

export interface RepairFlags extends DatabaseFlags {
  readonly resume?: true;
  readonly markApplied?: true;
  readonly markRetired?: true;
  readonly markReverted?: true;
  readonly acceptChecksum?: true;
  readonly adoptEnvironment?: string;
  readonly yes?: true;
  readonly dryRun?: true;
  /** The environment's name, which a protected database requires. */
  readonly confirm?: string;
}

/** `ff db repair`: corrects the history. Only shows what needs repair, unless a flag chooses an action. */
export async function repair(
  nameOrVersion: string | undefined,
  flags: RepairFlags,
  runtime: Runtime,
): Promise<Outcome> {
  if (flags.adoptEnvironment !== undefined) return adopt(nameOrVersion, flags, runtime);
  const options = repairOptionsOf(nameOrVersion, flags);
  const { action } = options;
  const changes = action !== undefined || flags.yes === true;
  const agents = await agentsOf(runtime, 'repair', flags, {
    per: 'target',
    ...(changes ? { named: remedyOf(nameOrVersion, action) } : {}),
  });
  if (changes) {
    const refused = await checkTargets(agents, { command: 'repair', options });
    if (refused.length > 0) return refusedOutcome(agents, refused);
  }
  const run = async (agent: MigrationAgent): Promise<Part> => {
    const result = await agent.repair(options);
    return {
      document: result,
      text: formatRepair(result, {
        doAll: '--yes',
        formatRun: (each) => formatRun(each, runtime),
      }),
      exitCode:
        result.status === 'failed' ? exitCodeOfFailedRun(result.run?.failed?.error) : EXIT.done,
      effect: result.status === 'done' || result.status === 'failed' ? 'changed' : 'unchanged',
    };
  };
  return onEachTarget(agents, run, changes ? 'until-failure' : 'to-the-end');
}

function remedyOf(
  migration: string | undefined,
  action: RepairAction | undefined,
): TargetChoice['named'] {
  return { command: 'repair', migration, options: { [action ?? 'yes']: true } };
}

/** A restored copy becomes a database of this environment, with the histories of all its projects. */
async function adopt(
  nameOrVersion: string | undefined,
  flags: RepairFlags,
  runtime: Runtime,
): Promise<Outcome> {
  const { adoptEnvironment: from = '', dryRun, confirm } = flags;
  if (nameOrVersion !== undefined || actionsOf(flags).length > 0) {
    throw new MigratorError(
      'INVALID_ARGUMENT',
      '--adopt-environment is about a whole database. It takes no migration and no other action.',
      { hint: 'Adopt the environment first, then repair single migrations.' },
    );
  }
  const agents = await agentsOf(runtime, 'repair', flags, { per: 'database' });
  if (agents.length > 1) {
    throw new MigratorError(
      'INVALID_ARGUMENT',
      `--adopt-environment works on one database, and ${agents.length} are meant: ${agents.map(({ settings }) => targetPath(settings)).join(', ')}.`,
      { hint: 'Name it with --database=<name>.' },
    );
  }
  return onEachTarget(agents, async (agent) => {
    const options = { from, mode: dryRun ? 'show' : 'run', confirm } as const;
    const result = await agent.adoptEnvironment(options);
    return {
      document: result,
      text: formatAdoption(result),
      exitCode: EXIT.done,
      effect: result.status === 'done' ? 'changed' : 'unchanged',
    };
  });
}

/**
 * What the engine is asked for. An action that is named is meant; without one `--yes` does what `repair` has shown.
 *
 * @throws {MigratorError} `INVALID_ARGUMENT` for several actions, or for one without a migration
 */
export function repairOptionsOf(
  nameOrVersion: string | undefined,
  flags: RepairFlags,
): RepairOptions {
  const actions = actionsOf(flags);
  if (actions.length > 1) {
    throw new MigratorError(
      'INVALID_ARGUMENT',
      `A migration cannot be repaired in ${actions.length} ways at once: ${actions.map((action) => `--${action}`).join(', ')}.`,
      { hint: 'Pass one of them.' },
    );
  }
  const [action] = actions;
  if (action !== undefined && nameOrVersion === undefined) {
    throw new MigratorError('INVALID_ARGUMENT', `--${action} needs the migration that it is for.`, {
      hint: `For example: ff db repair 20250917102200 --${action}. \`ff db repair\` alone shows what needs repair.`,
    });
  }
  return {
    migration: nameOrVersion,
    action,
    mode: !flags.dryRun && (action !== undefined || flags.yes) ? 'run' : 'show',
    confirm: flags.confirm,
  };
}

function actionsOf(flags: RepairFlags): RepairAction[] {
  return [
    ...(flags.resume ? (['resume'] as const) : []),
    ...(flags.markApplied ? (['mark-applied'] as const) : []),
    ...(flags.markRetired ? (['mark-retired'] as const) : []),
    ...(flags.markReverted ? (['mark-reverted'] as const) : []),
    ...(flags.acceptChecksum ? (['accept-checksum'] as const) : []),
  ];
}
