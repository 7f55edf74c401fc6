import type { MigrationId } from '../migration/types';
import type { MigrationStatus } from '../plan/types';
import type { StatusResult } from '../run/result';
import { formatProblems } from './format-error';
import { firstLineOf } from './format-messages';
import { formatRename } from './format-rename';
import { redact } from '../text/redact';
import { foreignValue } from '../text/foreign-value';
import { plainStyle, type Style } from './style';
import { formatTable } from './table';
import { formatTarget, indent, paragraphs } from './wording';

/** One database of a matrix. */
export interface MatrixColumn {
  readonly name: string;
  /** `undefined` for one that could not be looked at. */
  readonly status: StatusResult | undefined;
}

/** Migrations × databases: what is where, at a glance, and below it what is in the way. */
export function formatStatusMatrix(
  given: readonly MatrixColumn[],
  style: Style = plainStyle,
): string {
  const columns = foreignValue(given);
  const rows = new Map<MigrationId, MigrationStatus>();
  for (const { status } of columns) {
    for (const migration of status?.migrations ?? []) rows.set(migration.id, migration);
  }
  const ordered = [...rows.values()].sort((left, right) => (left.id < right.id ? -1 : 1));
  const cells = columns.map(({ status }) => {
    const byId = new Map(status?.migrations.map((migration) => [migration.id, migration]));
    return (id: MigrationId) =>
      status === undefined ? style.bad('?') : formatCell(byId.get(id), style);
  });
  const head = ['VERSION', 'NAME', ...columns.map(({ name }) => name)];
  const table = [
    head.map((title) => style.quiet(title)),
    ...ordered.map(({ id, version, name }) => [version, name, ...cells.map((cell) => cell(id))]),
  ];
  const first = columns.find(({ status }) => status !== undefined)?.status;
  return redact(
    paragraphs([
      first && `${style.strong(first.project)} · ${style.strong(first.environment)}`,
      formatTable(columns.map((column) => formatColumn(column, style))),
      ordered.length === 0 ? 'No migrations yet.' : formatTable(table),
      columns.some(({ status }) => (status?.counts.drifted ?? 0) > 0)
        ? style.quiet('! changed, gone or late: `--database=<name>` tells which')
        : undefined,
      ...columns.map(({ name, status }) => {
        const renamed = status && formatRename(status, status);
        return renamed === undefined ? undefined : `${style.strong(name)}: ${renamed}`;
      }),
      ...columns.map((column) => formatFailures(column, style)),
      ...columns.map((column) => formatObstacles(column, style)),
    ]),
  );
}

function formatCell(migration: MigrationStatus | undefined, style: Style): string {
  if (migration === undefined) return style.quiet('–');
  const { state, drift } = migration;
  const word = drift === 'none' ? state : `${state}!`;
  if (state === 'failed' || state === 'running') return style.bad(word);
  if (drift !== 'none') return style.warning(word);
  return state === 'applied' ? style.good(word) : word;
}

function formatColumn({ name, status }: MatrixColumn, style: Style): string[] {
  if (status === undefined) return [style.strong(name), style.bad('could not be looked at')];
  const { applied, pending, failed, drifted } = status.counts;
  const counts = `${applied} applied, ${pending} pending, ${failed} failed, ${drifted} drifted`;
  return [style.strong(name), counts, style.quiet(formatTarget(status.target))];
}

/** The recorded reasons of failed migrations. What was interrupted is among the obstacles. */
function formatFailures({ name, status }: MatrixColumn, style: Style): string | undefined {
  const lines = (status?.migrations ?? []).flatMap(({ id, name: title, state, entry }) => {
    if (state !== 'failed' || entry?.error === undefined) return [];
    const { code, message } = entry.error;
    return `${id} ${title}: ${code}: ${firstLineOf(message)}`;
  });
  if (lines.length === 0) return undefined;
  return `${style.bad(`Failed on ${name}:`)}\n${indent(lines.join('\n'))}`;
}

function formatObstacles({ name, status }: MatrixColumn, style: Style): string | undefined {
  if (status === undefined || status.problems.length === 0) return undefined;
  const head = style.bad(`In the way of the next migrate of ${name}:`);
  return `${head}\n${indent(formatProblems(status.problems, style))}`;
}
