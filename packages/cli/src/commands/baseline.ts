import { formatBaseline } from '@flashfusion/migrator';
import { EXIT } from '../exit-code';
import { onEachDatabase, type Outcome } from '../outcome';
import { agentsOf, type DatabaseFlags, type Runtime } from '../runtime';

export interface BaselineFlags extends DatabaseFlags {
  readonly to: string;
  readonly dryRun?: true;
  /** The environment's name, which a protected database requires. */
  readonly confirm?: string;
}

/** `ff db baseline`: marks migrations as applied without running them, for a database that already has what they do. */
export async function baseline(flags: BaselineFlags, runtime: Runtime): Promise<Outcome> {
  const agents = await agentsOf(runtime, 'baseline', flags);
  return onEachDatabase(agents, async (agent) => {
    const result = await agent.baseline({
      to: flags.to,
      mode: flags.dryRun ? 'dry-run' : 'run',
      confirm: flags.confirm,
    });
    return {
      document: result,
      text: formatBaseline(result),
      exitCode: EXIT.done,
      effect: result.status === 'done' ? 'changed' : 'unchanged',
    };
  });
}
