import { escapeMarkdown, type Refusal } from './format-markdown';
import { redact } from '../text/redact';
import type { PresentReports, SkippedTask } from './present-reports';
import type { ReportOrigin } from './report-origin';
import { count } from './wording';

/** More entries than this are counted only. */
const MOST_LISTED = 50;

/** Which run a summary is about: time, commit and CI run; empty if the reports do not say. */
export function formatRunOrigin(batches: PresentReports<never>['batches']): string {
  const [first] = batches;
  const last = batches.at(-1);
  if (first === undefined || last === undefined) return '';
  const { gitCommit, ciRun } = last;
  const parts = [
    `Run of ${first.startedAt}`,
    ...(batches.length > 1 ? [`${count(batches.length, 'command')} of Nx`] : []),
    ...(gitCommit === undefined ? [] : [`commit ${gitCommit}`]),
    ...(ciRun === undefined ? [] : [ciRun]),
  ];
  return redact(parts.map(escapeMarkdown).join(' · '));
}

/** The tasks that have no result, as refusals of a summary. */
export function skippedRefusals(
  skipped: readonly SkippedTask[],
  reports: { readonly present: number; readonly stale: number },
): Refusal[] {
  if (skipped.length === 0 && reports.present === 0 && reports.stale > 0) {
    const message = 'no report is of the present run; tasks did not start, or wrote no report';
    return [{ name: 'No result', message }];
  }
  return skipped.map(({ task, because }) => ({
    name: task.id,
    message:
      because.length === 0
        ? 'skipped: the task has no report of this run'
        : `skipped, because ${because.join(', ')} did not succeed`,
  }));
}

/** Reports of earlier runs, which a summary does not count; empty if there are none. */
export function formatStaleReports(
  stale: readonly {
    readonly file: string;
    readonly origin?: ReportOrigin;
    readonly finishedAt?: string;
  }[],
): string {
  if (stale.length === 0) return '';
  const lines = stale.slice(0, MOST_LISTED).map(({ file, origin, finishedAt }) => {
    const time = finishedAt ?? origin?.finishedAt ?? origin?.startedAt;
    const commit = origin?.gitCommit;
    const details = [time, commit && `commit ${commit}`, origin?.ciRun].filter(Boolean).join(', ');
    return `- ${escapeMarkdown(details === '' ? file : `${file} (${details})`)}`;
  });
  const more = stale.length - lines.length;
  return redact(
    [
      `Not counted, ${count(stale.length, 'report')} of earlier runs:`,
      '',
      ...lines,
      ...(more > 0 ? [`- and ${more} more`] : []),
    ].join('\n'),
  );
}
