import {
  formatError,
  formatStatus,
  formatStatusMatrix,
  type MigrationAgent,
  type StatusResult,
} from '@flashfusion/migrator';
import { parseWholeNumber } from '../arguments';
import { EXIT, exitCodeOfError, type ExitCode } from '../exit-code';
import { onEachDatabase, type Outcome, type Part } from '../outcome';
import { agentsOf, type DatabaseFlags, type Runtime } from '../runtime';
import { tenantsStatusPart } from './tenants-part';

export interface StatusFlags extends DatabaseFlags {
  readonly check?: true;
  /** How many of the newest history rows to show. */
  readonly recent?: string;
}

/**
 * `ff db status`: shows what is applied, pending, failed and drifted. Changes nothing. Several databases are shown side by
 * side, and one that cannot be reached does not keep the others from being shown.
 */
export async function status(flags: StatusFlags, runtime: Runtime): Promise<Outcome> {
  const recent =
    flags.recent === undefined ? undefined : parseWholeNumber('--recent', flags.recent, 0);
  const agents = await agentsOf(runtime, flags, { tenants: 'each' });
  const check = flags.check === true;
  const history = check ? 'verify' : 'read';
  const columns: { readonly name: string; readonly status: StatusResult | undefined }[] = [];
  const failures: string[] = [];
  const look = async (agent: MigrationAgent): Promise<Part> => {
    const name = agent.settings.databaseName ?? agent.settings.environment;
    try {
      if (agent.hasTenants)
        return tenantsStatusPart(await agent.statusTenants({ history }), check, runtime);
      const result = await agent.status({ recent, history });
      columns.push({ name, status: result });
      return {
        document: result,
        text: formatStatus(result, runtime.style),
        exitCode: check ? checkExitCode(result) : EXIT.done,
        effect: 'unchanged',
      };
    } catch (error) {
      if (agents.length === 1) throw error;
      if (!agent.hasTenants) columns.push({ name, status: undefined });
      const text = `${name}: ${formatError(error, { style: runtime.style })}`;
      failures.push(text);
      const { project, environment, databaseName } = agent.settings;
      const document = { project, environment, databaseName, error };
      return { document, text, exitCode: exitCodeOfError(error), effect: 'unchanged' };
    }
  };
  const outcome = await onEachDatabase(agents, look, 'to-the-end');
  if (columns.length < 2 || runtime.common.verbose) return outcome;
  return {
    ...outcome,
    text: [formatStatusMatrix(columns, runtime.style), ...failures].join('\n\n'),
  };
}

function checkExitCode({ counts, problems }: StatusResult): ExitCode {
  const found = counts.pending + counts.failed + counts.drifted + problems.length;
  return found === 0 ? EXIT.done : EXIT.checkFailed;
}
