import {
  ciOrigin,
  foldReports,
  formatMarkdownSummary,
  formatRunOrigin,
  formatStaleReports,
  selectPresent,
  skippedRefusals,
  targetPath,
} from '@flashfusion/migrator';
import { EXIT } from '../exit-code';
import { singleOutcome, type Outcome } from '../outcome';
import type { Runtime } from '../runtime';
import { readReports, type ReadReport } from './read-reports';

export interface ReportFlags {
  /** The CI run whose reports count. Default: the one that this command runs in. */
  readonly ciRun?: string;
}

/**
 * `ff db report`: folds the results of several runs, as `--json` printed them or as the Nx executors wrote them, into one.
 * Counts only reports of the present run; names the tasks of that run that have no report, and lists earlier reports apart.
 *
 * @param paths files, and folders in which every `.json` file at any depth is a report
 * @throws {MigratorError} `FILE_UNREADABLE`, `INVALID_ARGUMENT` for all files that hold no result and for folders without a
 *   report
 */
export async function report(
  paths: readonly string[],
  flags: ReportFlags,
  { surroundings }: Runtime,
): Promise<Outcome> {
  const { reports, plans } = await readReports(paths, surroundings.cwd);
  const ciRun = flags.ciRun ?? ciOrigin(surroundings.env).ciRun;
  const selected = selectPresent(reports, { plans, ciRun, failed });
  const { present, skipped, batches } = selected;
  const stale = oncePerFile(selected.stale);
  const runs = present.flatMap((found) => found.runs);
  const refusals = present.flatMap(({ refusal }) => refusal ?? []);
  const missing = skippedRefusals(skipped, { present: present.length, stale: stale.length });

  const folded = foldReports(runs);
  const status = refusals.length + missing.length > 0 ? 'failed' : folded.status;
  const summary = formatMarkdownSummary(runs, [
    ...refusals.map(({ file, code, message, target }) => ({
      name: target === undefined ? file : `${target.project} ${targetPath(target)} (${file})`,
      code,
      message,
    })),
    ...missing,
  ]);
  const blocks = [summary.trimEnd(), formatRunOrigin(batches), formatStaleReports(stale)];
  return singleOutcome({
    document: {
      ...folded,
      status,
      refusals,
      skipped: skipped.map(({ task, because }) => ({ ...task, because })),
      stale: stale.map(({ file, origin, finishedAt }) => ({ file, origin, finishedAt })),
      batches,
    },
    text: blocks.filter((block) => block !== '').join('\n\n'),
    exitCode: EXIT.done,
    effect: 'unchanged',
  });
}

/** The newest of each file: a file with the results of several targets is one report of an earlier run. */
function oncePerFile(reports: readonly ReadReport[]): ReadReport[] {
  const files = new Map<string, ReadReport>();
  for (const report of reports) {
    const known = files.get(report.file);
    if (known === undefined || (report.finishedAt ?? '') > (known.finishedAt ?? '')) {
      files.set(report.file, report);
    }
  }
  return [...files.values()];
}

function failed({ runs, refusal }: ReadReport): boolean {
  return refusal !== undefined || runs.some(({ status }) => status === 'failed');
}
