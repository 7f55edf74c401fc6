import type { RunResult } from '../run/result';
import { formatDuration } from './duration';
import { foldReports } from './fold-reports';
import { countMessages, firstLineOf, formatUnkept } from './format-messages';
import { shortList } from './format-rename';
import { groupByReason, type ReasonGroup } from './group-by-reason';
import { foreignText } from '../text/inert';
import { redact } from '../text/redact';
import { toRunReports, type RunReport } from './run-report';
import { count } from './wording';

/** More rows than this would push the rest of a job's summary away. */
const MOST_LISTED = 50;

/** What has no run to show: a task that was refused, or a database that was skipped because of it. */
export interface Refusal {
  /** What it is known by: a file, or project and environment. */
  readonly name: string;
  readonly code?: string;
  readonly message: string;
}

/**
 * Runs as Markdown for a CI's job summary: a table of projects, then what was carried out, what failed and what was refused.
 * Text from migrations and servers is escaped, so that it can neither break the table nor bring HTML of its own.
 */
export function formatMarkdownSummary(
  results: readonly (RunResult | RunReport)[],
  refusals: readonly Refusal[] = [],
): string {
  const { runs, status } = foldReports(
    results.flatMap((result) => ('format' in result ? [result] : toRunReports(result))),
  );
  const refused = refusals.length > 0;
  const blocks = [
    `### ${TITLES[refused ? (runs.length === 0 ? 'refused' : 'failed') : status]}`,
    refused && runs.length === 0 ? '' : formatTotals(runs),
    ...formatFailures(runs),
    ...refusals.map(formatRefusal),
    formatWarnings(runs),
    formatDetails(runs),
  ];
  return redact(`${blocks.filter((block) => block !== '').join('\n\n')}\n`);
}

const TITLES = {
  done: 'Database migrations: done',
  failed: 'Database migrations: failed',
  refused: 'Database migrations: refused',
  planned: 'Database migrations: dry run',
  'nothing-to-do': 'Database migrations: nothing to do',
};

function formatTotals(runs: readonly RunReport[]): string {
  if (runs.length === 0) return 'No runs.';
  const rows = [...groupTenants(runs).values()].map(([run, ...others]) =>
    others.length === 0 ? rowOf(run) : tenantsRow([run, ...others]),
  );
  return [
    '| Project | Environment | Status | Applied | Reverted | Failed | Skipped | Took |',
    '| --- | --- | --- | ---: | ---: | --- | ---: | ---: |',
    ...rows.map((row) => `| ${row.join(' | ')} |`),
  ].join('\n');
}

/** What failed; tenants with the same reason are one line. */
function formatFailures(runs: readonly RunReport[]): string[] {
  const failures = runs.filter(({ failed }) => failed !== undefined);
  const groups = groupByReason(failures, (run) => {
    const { tenant, failed } = run;
    const place = [run.project, run.environment, run.database ?? ''];
    const reason = [failed?.id, failed?.name, failed?.code, failed?.message];
    // A run without a tenant is a line of its own.
    const own = tenant === undefined ? run.runId : '';
    return { name: tenant ?? '', reason: JSON.stringify([...place, own, ...reason]) };
  });
  const more = groups.length - MOST_LISTED;
  return [
    ...groups.slice(0, MOST_LISTED).map(formatFailure),
    ...(more > 0 ? [`and ${count(more, 'more reason')}`] : []),
  ];
}

/** The tenants of a database are one row; everything else is a row of its own. */
function groupTenants(runs: readonly RunReport[]): Map<string, [RunReport, ...RunReport[]]> {
  const groups = new Map<string, [RunReport, ...RunReport[]]>();
  for (const [index, run] of runs.entries()) {
    const { project, environment, database, tenant, action } = run;
    const key =
      tenant === undefined
        ? String(index)
        : [project, environment, database ?? '', action].join('\u0000');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [run]);
    else group.push(run);
  }
  return groups;
}

function rowOf(run: RunReport): string[] {
  const where = [run.environment, run.database, run.tenant].filter((part) => part !== undefined);
  return [
    escapeMarkdown(run.project),
    escapeMarkdown(where.join('/')),
    run.status,
    run.action === 'apply' ? String(run.done.length) : '',
    run.action === 'revert' ? String(run.done.length) : '',
    run.failed === undefined ? '' : escapeMarkdown(run.failed.id),
    run.notReached.length === 0 ? '' : String(run.notReached.length),
    formatDuration(run.durationMs),
  ];
}

/** Times of tenants that ran at once say nothing when they are added up. */
function tenantsRow(runs: readonly [RunReport, ...RunReport[]]): string[] {
  const [first] = runs;
  const folded = foldReports(runs);
  const { counts } = folded;
  const where = [first.environment, first.database].filter((part) => part !== undefined);
  return [
    escapeMarkdown(first.project),
    `${escapeMarkdown(where.join('/'))}, ${count(runs.length, 'tenant')}`,
    folded.status,
    first.action === 'apply' ? String(counts.applied) : '',
    first.action === 'revert' ? String(counts.reverted) : '',
    counts.failed === 0 ? '' : count(counts.failed, 'tenant'),
    counts.notReached === 0 ? '' : String(counts.notReached),
    '',
  ];
}

function formatFailure({ first: { failed, tenant }, names }: ReasonGroup<RunReport>): string {
  if (failed === undefined) return '';
  const who = names.length > 1 ? shortList(names) : tenant;
  const name = `${who === undefined ? '' : `${who}: `}${failed.id} ${failed.name}`;
  const what = `**${escapeMarkdown(name)}**`;
  return `${what}: ${escapeMarkdown(failed.code)}: ${escapeMarkdown(failed.message)}`;
}

function formatRefusal({ name, code, message }: Refusal): string {
  const text = [code, message].filter((part) => part !== undefined).map(escapeMarkdown);
  return `**${escapeMarkdown(name)}**: ${text.join(': ')}`;
}

/** The warnings of the server, each once, and how many more were counted. */
function formatWarnings(runs: readonly RunReport[]): string {
  const ran = runs.flatMap(({ done, failed }) =>
    (failed === undefined ? done : [...done, failed]).flatMap(({ id, messages }) =>
      messages === undefined ? [] : [{ id, messages }],
    ),
  );
  const lines = ran.flatMap(({ id, messages }) =>
    messages.kept
      .filter(({ severity }) => severity === 'WARNING')
      .map(
        ({ message }) =>
          `- **WARNING** of ${escapeMarkdown(id)}: ${escapeMarkdown(firstLineOf(message))}`,
      ),
  );
  const unique = [...new Set(lines)];
  const more = unique.length - MOST_LISTED;
  const unkept = formatUnkept(
    ran.map(({ messages }) => messages),
    (severity) => severity === 'WARNING',
  );
  return [
    ...unique.slice(0, MOST_LISTED),
    ...(more > 0 ? [`- and ${more} more`] : []),
    ...unkept.map((line) => `- ${line}`),
  ].join('\n');
}

function formatDetails(runs: readonly RunReport[]): string {
  const lines = runs.flatMap((run) =>
    run.status === 'planned'
      ? run.planned.map((id) => `- would ${run.action} ${escapeMarkdown(id)}`)
      : run.done.map(
          ({ id, name, durationMs, messages }) =>
            `- ${run.tenant === undefined ? '' : `${escapeMarkdown(run.tenant)}: `}${run.action === 'apply' ? 'applied' : 'reverted'} ${escapeMarkdown(id)} ${escapeMarkdown(name)} (${[formatDuration(durationMs), countMessages(messages)].filter((part) => part !== '').join(', ')})`,
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

/**
 * What GitHub may take for a mention, with what follows (the name of a scoped project and the version behind it), for a link or
 * for the number of an issue.
 */
const REFERENCE =
  /(@[A-Za-z0-9][\w.-]*(?:\/[\w.-]+)?(?::\d+)?|(?:https?:\/\/|www\.)[^\s`|\\]+|#\d+)/i;

/** Characters of a foreign text that are shown: a summary may hold one megabyte. */
const LONGEST_PART = 2_000;

/**
 * Text as text: no table cell, emphasis, code, formula, link, image, mention or HTML comes of it. Line ends become spaces. A possible
 * mention or link becomes a code span, which is copied without any added character. Redacted and cut to 2,000 characters.
 */
export function escapeMarkdown(text: string): string {
  return foreignText(text, LONGEST_PART)
    .replace(/\n\s*/g, ' ')
    .split(REFERENCE)
    .map((part, index) => (index % 2 === 1 ? `\`${part}\`` : escapePlain(part)))
    .join('');
}

function escapePlain(text: string): string {
  return text
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/[\\`*_|[\]~#!$]/g, '\\$&');
}
