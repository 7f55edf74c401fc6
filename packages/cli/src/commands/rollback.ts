import { checkTargets, MigratorError, type RevertSelection } from '@flashfusion/migrator';
import { parseWholeNumber } from '../arguments';
import { onEachTarget, refusedOutcome, type Outcome } from '../outcome';
import { agentsOf, type DatabaseFlags, type Runtime } from '../runtime';
import { runPart } from './run-part';

export interface RollbackFlags extends DatabaseFlags {
  readonly to?: string;
  /** `true` for `--last` without a number. */
  readonly last?: string | true;
  readonly dryRun?: true;
  /** The environment's name, which a protected database requires. */
  readonly confirm?: string;
}

/** `ff db rollback`: reverts applied migrations with their stored rollback data, newest first. */
export async function rollback(
  nameOrVersion: string | undefined,
  flags: RollbackFlags,
  runtime: Runtime,
): Promise<Outcome> {
  const { dryRun, confirm, to, last } = flags;
  const selection = selectionOf(nameOrVersion, flags);
  const agents = await agentsOf(runtime, 'rollback', flags, {
    per: 'target',
    named: {
      command: 'rollback',
      migration: nameOrVersion,
      options: {
        ...(to === undefined ? {} : { to }),
        ...(last === undefined ? {} : { last }),
        ...(dryRun ? { 'dry-run': true } : {}),
      },
    },
  });
  const options = {
    selection,
    mode: dryRun ? 'dry-run' : 'run',
    confirm,
    notApplied: agents.length > 1 ? 'skip' : 'refuse',
  } as const;
  const refused = await checkTargets(agents, { command: 'rollback', options });
  if (refused.length > 0) return refusedOutcome(agents, refused);
  return onEachTarget(agents, async (agent) => runPart(await agent.rollback(options), runtime));
}

/**
 * What a person asks to have reverted.
 *
 * @throws {MigratorError} `INVALID_ARGUMENT` unless there is exactly one way of selecting
 */
export function selectionOf(
  nameOrVersion: string | undefined,
  flags: Pick<RollbackFlags, 'to' | 'last'>,
): RevertSelection {
  const ways: RevertSelection[] = [];
  if (nameOrVersion !== undefined) ways.push({ kind: 'migration', nameOrVersion });
  if (flags.to !== undefined) ways.push({ kind: 'to', version: flags.to });
  if (flags.last !== undefined) ways.push({ kind: 'last', count: countOf(flags.last) });

  const [only, second] = ways;
  if (only !== undefined && second === undefined) return only;
  throw new MigratorError(
    'INVALID_ARGUMENT',
    only === undefined
      ? 'The command does not say what to revert.'
      : 'The command says in more than one way what to revert.',
    {
      hint: 'Pass one of: a migration’s name or version, --to=<version> for everything after it, --last[=<n>] for the newest.',
    },
  );
}

function countOf(last: string | true): number {
  return last === true ? 1 : parseWholeNumber('--last', last, 1);
}
