import { onEachDatabase, type Outcome } from '../outcome';
import { agentsOf, type DatabaseFlags, type Runtime } from '../runtime';
import { runPart } from './run-part';

export interface MigrateFlags extends DatabaseFlags {
  readonly dryRun?: true;
  /** The last version to apply. */
  readonly to?: string;
  readonly singleTransaction?: true;
  readonly allowOutOfOrder?: true;
}

/** `ff db migrate`: applies what is pending. */
export async function migrate(flags: MigrateFlags, runtime: Runtime): Promise<Outcome> {
  const agents = await agentsOf(runtime, flags, flags.allowOutOfOrder ? 'allow' : undefined);
  return onEachDatabase(agents, async (agent) => {
    const result = await agent.migrate({
      to: flags.to,
      mode: flags.dryRun ? 'dry-run' : 'run',
      transaction: flags.singleTransaction ? 'single' : 'each',
    });
    return runPart(result, runtime);
  });
}
