import type { HistoryEntry } from '../history/entry';
import { repairCommand } from '../plan/commands';
import type { MigrationStatus } from '../plan/types';
import type { StatusResult } from '../run/result';
import { formatDuration, formatMoment } from './duration';
import { formatProblems } from './format-error';
import { formatRename } from './format-rename';
import { redact } from '../text/redact';
import { foreignValue } from '../text/foreign-value';
import { plainStyle, type Style } from './style';
import { formatTable } from './table';
import { count, firstLine, formatHead, indent, paragraphs } from './wording';

/** Characters of an error in a row of the table. */
const WIDEST_ERROR = 200;

const DRIFT: Record<Exclude<MigrationStatus['drift'], 'none'>, string> = {
  checksumMismatch: 'changed since',
  fileMissing: 'file gone',
  outOfOrder: 'late',
};

/** The state of a project, for people: every migration, the counts, what is in the way, and the latest history rows. */
export function formatStatus(given: StatusResult, style: Style = plainStyle): string {
  const result = foreignValue(given);
  return redact(
    paragraphs([
      formatHead(result, style),
      formatMigrations(result.migrations, style),
      formatCounts(result, style),
      formatRename(result, result),
      result.problems.length === 0
        ? undefined
        : `${style.bad('In the way of the next migrate:')}\n${indent(formatProblems(result.problems, style))}`,
      formatAbandoned(result, style),
      formatRecent(result.recent, style),
    ]),
  );
}

function formatMigrations(migrations: readonly MigrationStatus[], style: Style): string {
  if (migrations.length === 0) return 'No migrations yet.';
  const head = ['VERSION', 'NAME', 'STATE', 'AT', 'TOOK', 'BY'].map((title) => style.quiet(title));
  return formatTable([head, ...migrations.map((migration) => migrationRow(migration, style))]);
}

function migrationRow(migration: MigrationStatus, style: Style): readonly string[] {
  const { version, name, entry } = migration;
  const row = [version, name, formatState(migration, style)];
  if (entry === undefined) return [...row, '', '', ''];
  const took = entry.action === 'apply' || entry.action === 'revert';
  return [
    ...row,
    formatMoment(entry.executedAt),
    took ? formatDuration(entry.executionTimeMs) : entry.action,
    formatRunner(entry),
  ];
}

function formatState({ state, drift, file }: MigrationStatus, style: Style): string {
  // Nobody can try again what has no file: it stays failed until it is repaired.
  const strayed = drift === 'none' && state === 'failed' && file === undefined;
  const shown = strayed ? 'fileMissing' : drift;
  const painted = paintState(state, style);
  return shown === 'none' ? painted : `${painted}, ${style.warning(DRIFT[shown])}`;
}

function paintState(state: MigrationStatus['state'], style: Style): string {
  switch (state) {
    case 'applied':
      return style.good(state);
    case 'failed':
      return style.bad(state);
    case 'running':
      // Nothing runs while somebody looks under the lock, or another runner is at work just now: both want attention.
      return style.bad('running or interrupted');
    case 'pending':
    case 'retired':
    case 'reverted':
      return state;
  }
}

/** Proven by the server first; what the runner says of itself is in brackets. */
function formatRunner({ databaseUser, claimed }: HistoryEntry): string {
  const claims =
    claimed.osUser === undefined
      ? claimed.host
      : `${claimed.osUser}${claimed.host === undefined ? '' : `@${claimed.host}`}`;
  if (databaseUser === undefined) return claims === undefined ? '' : `(${claims})`;
  return claims === undefined ? databaseUser : `${databaseUser} (${claims})`;
}

function formatCounts({ counts, migrations }: StatusResult, style: Style): string {
  const retired = migrations.filter(({ state }) => state === 'retired').length;
  const parts = [
    `${counts.applied} applied${retired > 0 ? ` (${retired} of them retired)` : ''}`,
    `${counts.pending} pending`,
    counts.failed > 0 ? style.bad(`${counts.failed} failed`) : `${counts.failed} failed`,
    counts.drifted > 0 ? style.warning(`${counts.drifted} drifted`) : `${counts.drifted} drifted`,
  ];
  return parts.join(', ');
}

/** A failed migration without a file stops no run, but every check counts it: how to settle it without a guess. */
function formatAbandoned({ migrations }: StatusResult, style: Style): string | undefined {
  const abandoned = migrations.flatMap(({ state, file, entry }) =>
    state === 'failed' && file === undefined && entry?.action !== 'revert' ? (entry ?? []) : [],
  );
  if (abandoned.length === 0) return undefined;
  const lines = abandoned.map(
    (entry) =>
      `${entry.id} (${entry.name}) failed, and its file is gone. Bring the file back; or, if nothing of it is in the database: ` +
      `${repairCommand(entry, entry.version, 'mark-reverted')}.`,
  );
  return `${style.warning('To settle:')}\n${indent(lines.join('\n'))}`;
}

function formatRecent(recent: readonly HistoryEntry[], style: Style): string | undefined {
  if (recent.length === 0) return undefined;
  const rows = recent.map((entry) => [
    formatMoment(entry.executedAt),
    entry.action,
    `${entry.version} ${entry.name}`,
    entry.success ? style.good('ok') : entry.state === 'running' ? 'started' : style.bad('failed'),
    formatDuration(entry.executionTimeMs),
    entry.error === undefined
      ? ''
      : `${entry.error.code}: ${firstLine(entry.error.message, WIDEST_ERROR)}`,
  ]);
  return `Last ${count(recent.length, 'history row')}:\n${indent(formatTable(rows))}`;
}
