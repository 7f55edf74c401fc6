import type { RunResult } from '../run/result';
import { formatDuration } from './duration';
import { foldReports } from './fold-reports';
import { maskSecrets } from './mask';
import { toRunReports, type RunReport } from './run-report';
import { count } from './wording';

/** More rows than this would push the rest of a job's summary away. */
const MOST_LISTED = 50;

/**
 * Runs as Markdown for a CI's job summary: a table of projects, then what was carried out and what failed. Text from
 * migrations and servers is escaped, so that it can neither break the table nor bring HTML of its own.
 */
export function formatMarkdownSummary(results: readonly (RunResult | RunReport)[]): string {
  const folded = foldReports(
    results.flatMap((result) => ('format' in result ? [result] : toRunReports(result))),
  );
  const blocks = [
    `### ${TITLES[folded.status]}`,
    formatTotals(folded.runs),
    ...folded.runs.flatMap((run) => (run.failed === undefined ? [] : [formatFailure(run)])),
    formatDetails(folded.runs),
  ];
  return maskSecrets(`${blocks.filter((block) => block !== '').join('\n\n')}\n`);
}

const TITLES = {
  done: 'Database migrations: done',
  failed: 'Database migrations: failed',
  planned: 'Database migrations: dry run',
  'nothing-to-do': 'Database migrations: nothing to do',
};

function formatTotals(runs: readonly RunReport[]): string {
  if (runs.length === 0) return 'No runs.';
  const rows = runs.map((run) => [
    escapeMarkdown(run.project),
    escapeMarkdown(
      run.database === undefined ? run.environment : `${run.environment}/${run.database}`,
    ),
    run.status,
    run.action === 'apply' ? String(run.done.length) : '',
    run.action === 'revert' ? String(run.done.length) : '',
    run.failed === undefined ? '' : escapeMarkdown(run.failed.id),
    run.notReached.length === 0 ? '' : String(run.notReached.length),
    formatDuration(run.durationMs),
  ]);
  return [
    '| Project | Environment | Status | Applied | Reverted | Failed | Not reached | Took |',
    '| --- | --- | --- | ---: | ---: | --- | ---: | ---: |',
    ...rows.map((row) => `| ${row.join(' | ')} |`),
  ].join('\n');
}

function formatFailure({ failed }: RunReport): string {
  if (failed === undefined) return '';
  const what = `**${escapeMarkdown(failed.id)} ${escapeMarkdown(failed.name)}**`;
  return `${what}: ${escapeMarkdown(failed.code)}: ${escapeMarkdown(failed.message)}`;
}

function formatDetails(runs: readonly RunReport[]): string {
  const lines = runs.flatMap((run) =>
    run.status === 'planned'
      ? run.planned.map((id) => `- would ${run.action} ${escapeMarkdown(id)}`)
      : run.done.map(
          ({ id, name, durationMs }) =>
            `- ${run.action === 'apply' ? 'applied' : 'reverted'} ${escapeMarkdown(id)} ${escapeMarkdown(name)} (${formatDuration(durationMs)})`,
        ),
  );
  if (lines.length === 0) return '';
  const shown = lines.slice(0, MOST_LISTED);
  const more = lines.length - shown.length;
  return [
    `<details><summary>${count(lines.length, 'migration')}</summary>`,
    '',
    ...shown,
    ...(more > 0 ? [`- and ${more} more`] : []),
    '',
    '</details>',
  ].join('\n');
}

/** Text as text: no table cell, emphasis, code, link, mention or HTML comes of it. Line ends become spaces. */
export function escapeMarkdown(text: string): string {
  return text
    .replace(/[\r\n]+\s*/g, ' ')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/[\\`*_|[\]~#!]/g, '\\$&')
    .replace(/@/g, '@\u200b');
}
