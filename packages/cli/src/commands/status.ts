import {
  formatError,
  formatStatus,
  formatStatusMatrix,
  MigratorError,
  presentableError,
  targetOf,
  type EarlierReport,
  type MigrationAgent,
  type StatusResult,
} from '@flashfusion/migrator';
import { parseWholeNumber } from '../arguments';
import { EXIT, exitCodeOfError, type ExitCode } from '../exit-code';
import { onEachTarget, type Outcome, type Part } from '../outcome';
import { agentsOf, type DatabaseFlags, type Runtime } from '../runtime';
import { readReports } from './read-reports';
import { tenantsStatusPart } from './tenants-part';

export interface StatusFlags extends DatabaseFlags {
  readonly check?: true;
  /** How many of the newest history rows to show. */
  readonly recent?: string;
  /** Files, and folders of files, with what earlier runs did. */
  readonly report?: readonly string[];
}

/**
 * `ff db status`: shows what is applied, pending, failed and drifted. Changes nothing. Several databases are shown side by
 * side, and one that cannot be reached does not keep the others from being shown.
 */
export async function status(flags: StatusFlags, runtime: Runtime): Promise<Outcome> {
  const recent =
    flags.recent === undefined ? undefined : parseWholeNumber('--recent', flags.recent, 0);
  const agents = await agentsOf(runtime, 'status', flags, { per: 'database' });
  const check = flags.check === true;
  const history = check ? 'verify' : 'read';
  const reports = await reportsOf(flags, runtime);
  const columns: { readonly name: string; readonly status: StatusResult | undefined }[] = [];
  const failures: string[] = [];
  const look = async (agent: MigrationAgent): Promise<Part> => {
    const name = agent.settings.databaseName ?? agent.settings.environment;
    try {
      if (agent.hasTenants)
        return tenantsStatusPart(await agent.statusTenants({ history, reports }), check, runtime);
      const result = await agent.status({ recent, history, reports });
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
      const document = { ...targetOf(agent.settings), error: presentableError(error) };
      return { document, text, exitCode: exitCodeOfError(error), effect: 'unchanged' };
    }
  };
  const outcome = await onEachTarget(agents, look, 'to-the-end');
  if (columns.length < 2 || runtime.common.verbose) return outcome;
  return {
    ...outcome,
    text: [formatStatusMatrix(columns, runtime.style), ...failures].join('\n\n'),
  };
}

async function reportsOf(
  { check, report: paths = [] }: StatusFlags,
  { surroundings: { cwd } }: Runtime,
): Promise<readonly EarlierReport[]> {
  if (paths.length === 0) return [];
  if (check !== true) {
    throw new MigratorError('INVALID_ARGUMENT', '--report needs --check.', {
      hint: 'Add --check: it compares the history with the reports, and exits with 5 if a row is missing.',
    });
  }
  const { reports } = await readReports(paths, cwd);
  return reports.flatMap(({ file, runs }) => runs.map((report) => ({ file, report })));
}

function checkExitCode({ counts, problems }: StatusResult): ExitCode {
  const found = counts.pending + counts.failed + counts.drifted + problems.length;
  return found === 0 ? EXIT.done : EXIT.checkFailed;
}
