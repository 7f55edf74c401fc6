import {
  formatRunResult,
  MigratorError,
  type RepairOptions,
  type RepairResult,
  type RepairStep,
} from '@flashfusion/migrator';
import { EXIT, exitCodeOfFailedRun } from '../exit-code';
import { onEachDatabase, type Outcome } from '../outcome';
import { agentsOf, type DatabaseFlags, type Runtime } from '../runtime';

export interface RepairFlags extends DatabaseFlags {
  readonly resume?: true;
  readonly markApplied?: true;
  readonly markReverted?: true;
  readonly acceptChecksum?: true;
  readonly yes?: true;
}

/** `ff db repair`: mends what the history says. Only shows it, unless one of the flags says to go on. */
export async function repair(
  nameOrVersion: string | undefined,
  flags: RepairFlags,
  runtime: Runtime,
): Promise<Outcome> {
  const options = repairOptionsOf(nameOrVersion, flags);
  const agents = await agentsOf(runtime, flags);
  return onEachDatabase(agents, async (agent) => {
    const result = await agent.repair(options);
    return {
      document: result,
      text: formatRepair(result, runtime),
      exitCode:
        result.status === 'failed' ? exitCodeOfFailedRun(result.run?.failed?.error) : EXIT.done,
      effect: result.status === 'done' || result.status === 'failed' ? 'changed' : 'unchanged',
    };
  });
}

/**
 * What the engine is asked for. An action that is named is meant; without one `--yes` does what `repair` has shown.
 *
 * @throws {MigratorError} `INVALID_ARGUMENT` for several actions, or for one that needs a migration and has none
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
      { hint: 'Give one of them.' },
    );
  }
  const [action] = actions;
  if (action !== undefined && action !== 'accept-checksum' && nameOrVersion === undefined) {
    throw new MigratorError('INVALID_ARGUMENT', `--${action} needs the migration that it is for.`, {
      hint: `For example: ff db repair 20250917102200 --${action}. \`ff db repair\` alone shows what needs repair.`,
    });
  }
  return {
    migration: nameOrVersion,
    action,
    mode: action !== undefined || flags.yes ? 'run' : 'show',
  };
}

function actionsOf(flags: RepairFlags): RepairStep['action'][] {
  return [
    ...(flags.resume ? (['resume'] as const) : []),
    ...(flags.markApplied ? (['mark-applied'] as const) : []),
    ...(flags.markReverted ? (['mark-reverted'] as const) : []),
    ...(flags.acceptChecksum ? (['accept-checksum'] as const) : []),
  ];
}

function formatRepair(result: RepairResult, { style }: Runtime): string {
  const scope = `${result.project} in ${result.environment}`;
  if (result.status === 'nothing-to-do') return `Nothing needs repair: ${scope}.`;
  const heads = {
    planned: `Would repair ${scope}:`,
    done: `Repaired ${scope}:`,
    failed: `Could not repair ${scope}:`,
  };
  const lines = [heads[result.status], ...result.steps.map(formatStep)];
  if (result.run !== undefined) lines.push('', formatRunResult(result.run, style));
  if (result.status === 'planned') {
    lines.push('', 'Nothing was changed. To do it, add --yes, or name the step yourself:');
    lines.push(...result.steps.map((step) => `  ff db repair ${versionOf(step)} --${step.action}`));
  }
  return lines.join('\n');
}

function formatStep(step: RepairStep): string {
  return `  ${step.id}  ${step.action}\n    ${step.why}`;
}

function versionOf({ id }: RepairStep): string {
  return id.slice(id.lastIndexOf(':') + 1);
}
