import { checkTargets, formatBaseline } from '@flashfusion/migrator';
import { EXIT } from '../exit-code';
import { onEachTarget, refusedOutcome, type Outcome } from '../outcome';
import { agentsOf, type DatabaseFlags, type Runtime } from '../runtime';

export interface BaselineFlags extends DatabaseFlags {
  readonly to: string;
  readonly dryRun?: true;
  /** The environment's name, which a protected database requires. */
  readonly confirm?: string;
}

/** `ff db baseline`: marks migrations as applied without running them, for a database that already has what they do. */
export async function baseline(flags: BaselineFlags, runtime: Runtime): Promise<Outcome> {
  const { to, dryRun, confirm } = flags;
  const agents = await agentsOf(runtime, 'baseline', flags, {
    per: 'target',
    named: { command: 'baseline', options: { to, ...(dryRun ? { 'dry-run': true } : {}) } },
  });
  const options = { to, mode: dryRun ? 'dry-run' : 'run', confirm } as const;
  const refused = await checkTargets(agents, { command: 'baseline', options });
  if (refused.length > 0) return refusedOutcome(agents, refused);
  return onEachTarget(agents, async (agent) => {
    const result = await agent.baseline(options);
    return {
      document: result,
      text: formatBaseline(result),
      exitCode: EXIT.done,
      effect: result.status === 'done' ? 'changed' : 'unchanged',
    };
  });
}
