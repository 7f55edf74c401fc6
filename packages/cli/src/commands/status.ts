import { formatStatus, type StatusResult } from '@flashfusion/migrator';
import { parseWholeNumber } from '../arguments';
import { EXIT, type ExitCode } from '../exit-code';
import { onEachDatabase, type Outcome } from '../outcome';
import { agentsOf, type DatabaseFlags, type Runtime } from '../runtime';

export interface StatusFlags extends DatabaseFlags {
  readonly check?: true;
  /** How many of the newest history rows to show. */
  readonly recent?: string;
}

/** `ff db status`: shows what is applied, pending, failed and drifted. Changes nothing. */
export async function status(flags: StatusFlags, runtime: Runtime): Promise<Outcome> {
  const recent =
    flags.recent === undefined ? undefined : parseWholeNumber('--recent', flags.recent, 0);
  const agents = await agentsOf(runtime, flags);
  const look = async (agent: (typeof agents)[number]) => {
    const result = await agent.status({ recent });
    return {
      document: result,
      text: formatStatus(result, runtime.style),
      exitCode: flags.check ? checkExitCode(result) : EXIT.done,
      effect: 'unchanged',
    } as const;
  };
  return onEachDatabase(agents, look, 'to-the-end');
}

function checkExitCode({ counts, problems }: StatusResult): ExitCode {
  const found = counts.pending + counts.failed + counts.drifted + problems.length;
  return found === 0 ? EXIT.done : EXIT.checkFailed;
}
