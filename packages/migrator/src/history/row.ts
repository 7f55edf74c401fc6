import type { Problem } from '../errors';
import { migrationId } from '../migration/id';
import { historyColumns, type ColumnName, type HistoryColumn } from './columns';
import type {
  StatementRecord,
  HistoryAction,
  HistoryEntry,
  MigrationState,
  RecordedError,
} from './entry';

/** A row as `selectColumns` reads it. A hand could have edited every value of it. */
export type RawRow = Readonly<Partial<Record<ColumnName, unknown>>>;

/** What every message about a damaged history advises. The command `repair` itself prints the commands for each row. */
export const damageHint =
  'The history was changed by hand. Compare it with a backup, then record the true state: the command repair shows how.';

/** A problem of one row of the history. */
export function rowProblem(table: string, rowId: string, what: string): Problem {
  return {
    code: 'HISTORY_CORRUPT',
    message: `Row ${rowId} of ${table}: ${what}.`,
    hint: damageHint,
    where: `${table} row ${rowId}`,
  };
}

/** What a hand has done to a row, as far as the row itself shows it. */
export function findRowProblems(row: RawRow, table: string): Problem[] {
  const found = columns.flatMap((column) =>
    column.name in row ? (columnProblem(column, row[column.name]) ?? []) : [],
  );
  const { project, version } = row;
  const id =
    typeof project === 'string' && typeof version === 'string'
      ? migrationId(project, version)
      : undefined;
  return found.map((what) => ({
    ...rowProblem(table, text(row, 'id'), id === undefined ? what : `${what} (${id})`),
    // Where repair looks for what is wrong with a migration.
    ...(id === undefined ? {} : { where: id }),
  }));
}

/** A row as the rest of the engine sees it. A value of the wrong type, which {@link findRowProblems} reports, is left out. */
export function toEntry(row: RawRow): HistoryEntry {
  const project = text(row, 'project');
  const version = text(row, 'version');
  return {
    rowId: text(row, 'id'),
    id: migrationId(project, version),
    project,
    version,
    name: text(row, 'migration_name'),
    description: text(row, 'description'),
    checksum: text(row, 'checksum'),
    checksumAlgorithm: text(row, 'checksum_algorithm'),
    action: known(row, 'action', 'apply') as HistoryAction,
    state: known(row, 'state', 'failed') as MigrationState,
    success: row.success === true,
    attempt: number(row, 'attempt'),
    runId: text(row, 'run_id'),
    environment: text(row, 'environment'),
    dependencies: isTextArray(row.dependencies) ? row.dependencies : [],
    executedAt: text(row, 'executed_at'),
    executionTimeMs: number(row, 'execution_time_ms'),
    error: recordedError(row),
    databaseUser: optionalText(row, 'database_user'),
    claimed: {
      osUser: optionalText(row, 'os_user'),
      host: optionalText(row, 'host'),
      gitCommit: optionalText(row, 'git_commit'),
      ciUrl: optionalText(row, 'ci_url'),
    },
    agentVersion: text(row, 'agent_version'),
    finishedStatements: number(row, 'finished_statements'),
    ...finishedStatement(row),
  };
}

const columns: readonly (HistoryColumn & { readonly name: ColumnName })[] = historyColumns;

function columnProblem(column: HistoryColumn, value: unknown): string | undefined {
  const { name, type, nullable, oneOf, minimum } = column;
  if (value === null && type === 'timestamp with time zone')
    return `${name} is no time that a run writes`;
  if (value === null) return nullable ? undefined : `${name} is NULL`;
  if (name === 'dependencies') {
    return isTextArray(value)
      ? undefined
      : `dependencies is not an array of texts but ${brief(value)}`;
  }
  if (oneOf !== undefined && !(typeof value === 'string' && oneOf.includes(value)))
    return `${name} is ${brief(value)}, which is none of ${oneOf.join(', ')}`;
  if (minimum !== undefined && !(Number.isSafeInteger(value) && (value as number) >= minimum))
    return `${name} is ${brief(value)}, which no run writes`;
  if (type === 'boolean' && typeof value !== 'boolean') return `${name} is ${brief(value)}`;
  return undefined;
}

/** A value for a message, of bounded length. */
function brief(value: unknown): string {
  const shown = typeof value === 'string' ? `'${value}'` : JSON.stringify(value);
  return shown.length <= 200 ? shown : `${shown.slice(0, 200)}…`;
}

function text(row: RawRow, name: ColumnName): string {
  return optionalText(row, name) ?? '';
}

/** One of the legal texts of a column; `otherwise` for a text that no run writes. */
function known(row: RawRow, name: ColumnName, otherwise: string): string {
  const { oneOf = [] } = columns.find((column) => column.name === name) ?? {};
  const value = text(row, name);
  return oneOf.includes(value) ? value : otherwise;
}

function optionalText(row: RawRow, name: ColumnName): string | undefined {
  const value = row[name];
  return typeof value === 'string' ? value : undefined;
}

function number(row: RawRow, name: ColumnName): number {
  const value = row[name];
  return typeof value === 'number' ? value : 0;
}

function finishedStatement(row: RawRow): Pick<HistoryEntry, 'finishedStatement'> {
  const value = row.finished_statement;
  if (typeof value !== 'object' || value === null) return {};
  return { finishedStatement: value as StatementRecord };
}

function recordedError(row: RawRow): RecordedError | undefined {
  const code = optionalText(row, 'error_code');
  const message = optionalText(row, 'error_message');
  if (code === undefined && message === undefined) return undefined;
  return { code: code ?? '', message: message ?? '', stack: optionalText(row, 'error_stack') };
}

function isTextArray(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
