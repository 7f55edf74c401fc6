import { foreignText } from '../text/inert';
import { agentVersion } from './agent-version';
import type { HistoryAction, MigrationState, NewHistoryEntry } from './entry';

/** Types of the columns, as `format_type` prints them. */
export type ColumnType =
  'text' | 'bigint' | 'integer' | 'boolean' | 'jsonb' | 'timestamp with time zone';

/**
 * One column of `migration_history`. Insert, select, row checks and row hashes are derived from {@link historyColumns}: a
 * new column is one entry there, its DDL in `history/sql`, and its field in {@link toEntry}.
 */
export interface HistoryColumn {
  readonly name: string;
  readonly type: ColumnType;
  /**
   * Format of the history that added the column. Older tables are read as if it were NULL. A column that is added to rows
   * with hashes (format 2 and later) must be NULL in them, since a hash covers the columns that are not NULL.
   */
  readonly since: number;
  /** What a new row holds, as text or NULL; `server`: the server fills the column in; a statement must not send a value. */
  readonly value: ((entry: NewHistoryEntry) => string | null) | 'server';
  /**
   * Whether rows are read with it: `always`; `full` leaves it out where thousands of rows are read; `never` for data that
   * only one command needs.
   */
  readonly read: 'always' | 'full' | 'never';
  /** Whether NULL is a legal value. */
  readonly nullable: boolean;
  /** The only legal values of a text. */
  readonly oneOf?: readonly string[];
  /** The lowest legal value of a number. */
  readonly minimum?: number;
}

/** Characters of an error message and of a stack that are kept. A message may be that of several problems. */
const MESSAGE_LIMIT = 20_000;
const STACK_LIMIT = 50_000;

/** Bytes of a JSON column that rows are read with. */
const JSON_LIMIT = 1_000_000;

const actions = ['apply', 'revert', 'baseline', 'repair'] satisfies HistoryAction[];
const states = ['applied', 'retired', 'reverted', 'failed', 'running'] satisfies MigrationState[];

const required = { since: 1, read: 'always', nullable: false } as const;
const optional = { since: 1, read: 'always', nullable: true } as const;
const server = { since: 1, read: 'always', value: 'server' } as const;

/** Every column, in the order in which a new row names them. */
export const historyColumns = [
  { name: 'id', type: 'bigint', ...server, nullable: false },
  { name: 'migration_name', type: 'text', ...required, value: (entry) => entry.name },
  { name: 'version', type: 'text', ...required, value: (entry) => entry.version },
  { name: 'description', type: 'text', ...required, value: (entry) => entry.description },
  { name: 'checksum', type: 'text', ...required, value: (entry) => entry.checksum },
  {
    name: 'checksum_algorithm',
    type: 'text',
    ...required,
    value: (entry) => entry.checksumAlgorithm ?? 'sha256',
  },
  { name: 'executed_at', type: 'timestamp with time zone', ...server, nullable: false },
  {
    name: 'execution_time_ms',
    type: 'bigint',
    ...required,
    minimum: 0,
    value: (entry) => String(Math.round(entry.executionTimeMs)),
  },
  { name: 'success', type: 'boolean', ...required, value: (entry) => String(entry.success) },
  {
    name: 'rollback_data',
    type: 'jsonb',
    ...optional,
    read: 'never',
    value: (entry) => entry.rollbackData ?? null,
  },
  { name: 'environment', type: 'text', ...required, value: (entry) => entry.environment },
  { name: 'agent_version', type: 'text', ...required, value: () => agentVersion() },
  { name: 'project', type: 'text', ...required, value: (entry) => entry.project },
  { name: 'action', type: 'text', ...required, oneOf: actions, value: (entry) => entry.action },
  { name: 'state', type: 'text', ...required, oneOf: states, value: (entry) => entry.state },
  {
    name: 'attempt',
    type: 'integer',
    ...required,
    minimum: 1,
    value: (entry) => String(entry.attempt),
  },
  { name: 'run_id', type: 'text', ...required, value: (entry) => entry.runId },
  {
    name: 'dependencies',
    type: 'jsonb',
    ...required,
    value: (entry) => JSON.stringify(entry.dependencies),
  },
  { name: 'error_code', type: 'text', ...optional, value: (entry) => entry.error?.code ?? null },
  {
    name: 'error_message',
    type: 'text',
    ...optional,
    value: (entry) => storable(entry.error?.message, MESSAGE_LIMIT),
  },
  {
    name: 'error_stack',
    type: 'text',
    ...optional,
    read: 'full',
    value: (entry) => storable(entry.error?.stack, STACK_LIMIT),
  },
  { name: 'database_user', type: 'text', ...server, nullable: true },
  { name: 'os_user', type: 'text', ...optional, value: (entry) => storable(entry.claimed.osUser) },
  { name: 'host', type: 'text', ...optional, value: (entry) => storable(entry.claimed.host) },
  {
    name: 'git_commit',
    type: 'text',
    ...optional,
    value: (entry) => storable(entry.claimed.gitCommit),
  },
  { name: 'ci_url', type: 'text', ...optional, value: (entry) => storable(entry.claimed.ciUrl) },
  {
    name: 'finished_statements',
    type: 'integer',
    ...required,
    minimum: 0,
    value: (entry) => String(entry.finishedStatements),
  },
  {
    name: 'finished_statement',
    type: 'jsonb',
    since: 2,
    nullable: true,
    read: 'full',
    value: ({ finishedStatement }) =>
      finishedStatement === undefined ? null : JSON.stringify(finishedStatement),
  },
] as const satisfies readonly HistoryColumn[];

/** The name of a column of {@link historyColumns}. */
export type ColumnName = (typeof historyColumns)[number]['name'];

const columns: readonly HistoryColumn[] = historyColumns;

/** The columns that a new row sends a value for. */
const sent = columns.flatMap(({ value, ...column }) =>
  value === 'server' ? [] : [{ ...column, value }],
);

/** The column list of an INSERT, and the placeholders `$1, $2, …` that {@link insertValues} fill. */
export const insertNames = sent.map(({ name }) => name).join(', ');
export const insertPlaceholders = sent
  .map((column, index) => placeholder(column, index))
  .join(', ');

/** The parameters of an INSERT, in the order of {@link insertNames}. Secrets are removed from errors and claims. */
export function insertValues(entry: NewHistoryEntry): (string | null)[] {
  return sent.map(({ value }) => value(entry));
}

/**
 * The select list of rows that `row.ts` reads, under the columns' own names. Rows travel as JSON text, so that no type
 * parser of an application's pool and no driver's own taste comes between.
 *
 * @param details `summary` leaves out what plans and status never need
 * @param format format of the table that is read
 */
export function selectColumns(details: 'summary' | 'full', format: number): string {
  return columns
    .filter(({ read }) => read === 'always' || (read === 'full' && details === 'full'))
    .map(({ name, type, since }) => `${since <= format ? shown(name, type) : 'NULL'} AS ${name}`)
    .join(', ');
}

/**
 * The columns with which a row can be compared and hashed: each with SQL for its value as text, which is the same
 * whatever the session's settings are.
 */
export function columnTexts(
  alias: string,
): readonly { readonly name: string; readonly sql: string }[] {
  return columns.map(({ name, type }) => ({ name, sql: textOf(`${alias}.${name}`, type) }));
}

/** SQL that lists, as one text, the columns whose value is not the one that {@link insertValues} sent; `''` for none. */
export function changedColumns(alias: string): string {
  const changed = sent.map((column, index) => {
    return `CASE WHEN ${alias}.${column.name} IS DISTINCT FROM ${placeholder(column, index)} THEN '${column.name}' END`;
  });
  return `pg_catalog.concat_ws(', ', ${changed.join(', ')})`;
}

/** The placeholder of one column's value, e.g. `$9::text`. */
export function placeholderOf(name: ColumnName): string {
  const index = sent.findIndex((column) => column.name === name);
  const column = sent[index];
  if (column === undefined) throw new TypeError(`A new row sends no ${name}`);
  return placeholder(column, index);
}

/** SQL of a moment as ISO 8601 in UTC, whatever the session's settings are. */
export function isoTime(column: string): string {
  return `pg_catalog.to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}

function placeholder({ type }: Pick<HistoryColumn, 'type'>, index: number): string {
  return type === 'text' ? `$${index + 1}::text` : `$${index + 1}::text::${type}`;
}

/** Infinite moments, and those whose year has not four digits, are NULL: no run writes them and no caller expects them. */
function usualTime(column: string): string {
  return `CASE WHEN ${column} >= '0001-01-02 00:00:00+00' AND ${column} < '9999-12-31 00:00:00+00' THEN ${isoTime(column)} END`;
}

function textOf(column: string, type: ColumnType): string {
  if (type === 'text') return column;
  if (type !== 'timestamp with time zone') return `${column}::text`;
  return `pg_catalog.to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z" BC')`;
}

function shown(name: string, type: ColumnType): string {
  if (type === 'timestamp with time zone') return usualTime(name);
  // A value of absurd size is not shipped: a text stands for it, which no check accepts.
  if (type === 'jsonb')
    return `CASE WHEN pg_catalog.octet_length(${name}::text) <= ${JSON_LIMIT} THEN ${name}
      ELSE pg_catalog.to_jsonb(pg_catalog.octet_length(${name}::text)::text || ' bytes of JSON') END`;
  return name === 'id' ? 'id::text' : name;
}

/** Text that Postgres takes (no NUL character) and a terminal shows, without secrets, of bounded length. */
function storable(text: string | undefined, limit = 2_000): string | null {
  return text === undefined ? null : foreignText(text, limit);
}
