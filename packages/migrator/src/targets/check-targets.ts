import type { MigrationAgent } from '../agent';
import type { BaselineOptions } from '../commands/baseline';
import type { RepairOptions, RepairResult } from '../commands/repair';
import type { RollbackOptions } from '../commands/rollback';
import { MigratorError } from '../errors';
import { isMigratorError } from '../report/error-shape';
import type { RunResult } from '../run/result';
import { targetPath } from '../target';
import type { Visit } from './visit-in-order';

/** A command that undoes or rewrites, as it is about to run on each of several targets. */
export type ChangingCommand =
  | { readonly command: 'rollback'; readonly options: RollbackOptions }
  | { readonly command: 'repair'; readonly options: RepairOptions }
  | { readonly command: 'baseline'; readonly options: BaselineOptions };

/** A target on which the command is refused. */
export interface RefusedTarget {
  readonly agent: MigrationAgent;
  readonly error: unknown;
}

/** What came of the targets of a command that was checked on several and refused on some: nothing was changed on any. */
export function refusedVisits(
  agents: readonly MigrationAgent[],
  refused: readonly RefusedTarget[],
): Visit<MigrationAgent, never>[] {
  return agents.map((target) => {
    const refusal = refused.find(({ agent }) => agent === target);
    return refusal === undefined
      ? { kind: 'not-reached', target }
      : { kind: 'refused', target, error: refusal.error };
  });
}

/** What a command would do on one target: equal texts do the same. */
interface Intention {
  readonly agent: MigrationAgent;
  readonly does: string;
}

/** More targets than this are not listed in a message. */
const MOST_LISTED = 10;

/**
 * Checks a command on all targets before the first one is changed, without locks. One target needs no check: the command itself
 * refuses before it changes anything.
 *
 * A rollback of the last migrations and a named repair have to do the same on each target (`TARGETS_DIFFER`). A rollback of a
 * named migration skips targets that do not have it applied, unless none has: pass `notApplied: 'skip'` when it runs.
 *
 * @returns the targets that refuse, with the reasons; none if the command may run on all
 */
export async function checkTargets(
  agents: readonly MigrationAgent[],
  command: ChangingCommand,
): Promise<readonly RefusedTarget[]> {
  if (agents.length < 2) return [];
  const refused: RefusedTarget[] = [];
  const intentions: Intention[] = [];
  for (const agent of agents) {
    try {
      intentions.push({ agent, does: await intentionOf(agent, command) });
    } catch (error) {
      refused.push({ agent, error });
    }
  }
  const remaining = isNamedRollback(command) ? withoutSkipped(refused, intentions) : refused;
  if (remaining.length > 0) return remaining;
  if (new Set(intentions.map(({ does }) => does)).size < 2 || !mustAgree(command)) return [];
  const error = differing(intentions, command);
  return agents.map((agent) => ({ agent, error }));
}

/** A dry run needs no confirmation, as it needs none on a single target. */
async function intentionOf(agent: MigrationAgent, command: ChangingCommand): Promise<string> {
  switch (command.command) {
    case 'rollback': {
      const { mode = 'run' } = command.options;
      const checked = mode === 'run' ? 'check' : mode;
      return reverted(
        await agent.rollback({ ...command.options, mode: checked, notApplied: 'refuse' }),
      );
    }
    case 'repair': {
      const { mode } = command.options;
      const checked = mode === 'run' ? 'check' : mode;
      return repaired(await agent.repair({ ...command.options, mode: checked }));
    }
    case 'baseline': {
      const { mode = 'run' } = command.options;
      await agent.baseline({ ...command.options, mode: mode === 'run' ? 'check' : mode });
      return '';
    }
  }
}

function reverted({ plan }: RunResult): string {
  const ids = plan.steps.map(({ migration }) => `${migration.id} (${migration.name})`);
  return ids.length === 0 ? 'revert nothing' : `revert ${ids.join(', ')}`;
}

/** The same action on a migration that stands differently is another change. */
function repaired({ steps }: RepairResult): string {
  return steps
    .map(
      ({ id, action, entry }) =>
        `${action} ${id}, which ${entry === undefined ? 'never ran there' : `is ${entry.state}`}`,
    )
    .join(', ');
}

/** `to` names the state that all targets end in; `--yes` does what has one honest answer on each. */
function mustAgree(command: ChangingCommand): boolean {
  switch (command.command) {
    case 'rollback':
      return command.options.selection.kind === 'last';
    case 'repair':
      return command.options.action !== undefined;
    case 'baseline':
      return false;
  }
}

function isNamedRollback(command: ChangingCommand): boolean {
  return command.command === 'rollback' && command.options.selection.kind === 'migration';
}

/** Where one target has the migration applied, the others have nothing to undo. */
function withoutSkipped(
  refused: readonly RefusedTarget[],
  intentions: readonly Intention[],
): readonly RefusedTarget[] {
  if (intentions.length === 0) return refused;
  return refused.filter(({ error }) => !isMigratorError(error) || error.code !== 'NOT_APPLIED');
}

function differing(intentions: readonly Intention[], { command }: ChangingCommand): MigratorError {
  const lines = intentions
    .slice(0, MOST_LISTED)
    .map(({ agent, does }) => `${targetPath(agent.settings)} would ${does}`);
  const rest = intentions.length - lines.length;
  return new MigratorError(
    'TARGETS_DIFFER',
    `The ${command} would not do the same on every target: ${lines.join('; ')}${rest > 0 ? `; and ${rest} more` : ''}. Nothing was changed anywhere.`,
    {
      hint:
        command === 'rollback'
          ? 'Name the migration to revert: targets that do not have it applied are skipped. Or run the command for each target by itself.'
          : 'Run the command for the targets that stand alike, or for each target by itself.',
    },
  );
}
