import { foldReports, formatMarkdownSummary } from '@flashfusion/migrator';
import { EXIT } from '../exit-code';
import { singleOutcome, type Outcome } from '../outcome';
import type { Runtime } from '../runtime';
import { readReports } from './read-reports';

/**
 * `ff db report`: folds the results of several runs, as `--json` printed them or as the Nx executors wrote them, into one.
 *
 * @param paths files, and folders in which every `.json` file at any depth is a report
 * @throws {MigratorError} `FILE_UNREADABLE`, `INVALID_ARGUMENT` for all files that hold no result and for folders without a
 *   report
 */
export async function report(
  paths: readonly string[],
  { surroundings }: Runtime,
): Promise<Outcome> {
  const { runs: found, refusals } = await readReports(paths, surroundings.cwd);
  const runs = found.map(({ report: run }) => run);

  const folded = foldReports(runs);
  const status = refusals.length > 0 ? 'failed' : folded.status;
  return singleOutcome({
    document: { ...folded, status, refusals },
    text: formatMarkdownSummary(
      runs,
      refusals.map(({ file, ...refusal }) => ({ name: file, ...refusal })),
    ).trimEnd(),
    exitCode: EXIT.done,
    effect: 'unchanged',
  });
}
