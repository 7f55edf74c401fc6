import type { Problem } from '../errors';
import { migrationId } from '../migration/id';
import type { HistoryAction, HistoryEntry, MigrationState, RecordedError } from './entry';

const actions: readonly string[] = [
  'apply',
  'revert',
  'baseline',
  'repair',
] satisfies HistoryAction[];
const states: readonly string[] = [
  'applied',
  'reverted',
  'failed',
  'running',
] satisfies MigrationState[];

/** SQL of a moment as ISO 8601 in UTC, whatever the session's settings are. */
export function isoTime(column: string): string {
  return `pg_catalog.to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}

/**
 * The select list that {@link toEntry} understands. Rows travel as JSON text, so that no type parser of an application's
 * pool and no driver's own taste comes between.
 *
 * @param details `summary` leaves the stack out: plans and status read thousands of rows and never look at it
 */
export function entryColumns(details: 'summary' | 'full'): string {
  return `id::text AS row_id, project, version, migration_name AS name, description, checksum,
    checksum_algorithm, action, state, success, attempt, run_id, environment, dependencies,
    ${isoTime('executed_at')} AS executed_at, execution_time_ms, error_code, error_message,
    ${details === 'full' ? 'error_stack' : 'NULL::text AS error_stack'}, database_user, os_user, host, git_commit,
    ci_url, agent_version, finished_statements, finished_digest`;
}

/** A row as {@link entryColumns} selects it. What a hand could have edited is `unknown`. */
export interface RawRow {
  readonly row_id: string;
  readonly project: string;
  readonly version: string;
  readonly name: string;
  readonly description: string;
  readonly checksum: string;
  readonly checksum_algorithm: string;
  readonly action: string;
  readonly state: string;
  readonly success: boolean;
  readonly attempt: number;
  readonly run_id: string;
  readonly environment: string;
  readonly dependencies: unknown;
  readonly executed_at: string;
  readonly execution_time_ms: number;
  readonly error_code: string | null;
  readonly error_message: string | null;
  readonly error_stack: string | null;
  readonly database_user: string | null;
  readonly os_user: string | null;
  readonly host: string | null;
  readonly git_commit: string | null;
  readonly ci_url: string | null;
  readonly agent_version: string;
  readonly finished_statements: number;
  readonly finished_digest: string | null;
}

/** What every message about a damaged history advises. */
export const damageHint =
  'The history was changed by hand. Compare it with a backup, then record the true state with `ff db repair`.';

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
  const problems: Problem[] = [];
  const report = (what: string): void => void problems.push(rowProblem(table, row.row_id, what));
  if (!states.includes(row.state))
    report(`state is '${row.state}', which is none of ${states.join(', ')}`);
  if (!actions.includes(row.action))
    report(`action is '${row.action}', which is none of ${actions.join(', ')}`);
  if (!isTextArray(row.dependencies))
    report(`dependencies is not an array of texts but ${JSON.stringify(row.dependencies)}`);
  return problems;
}

/** A checked row as the rest of the engine sees it. */
export function toEntry(row: RawRow): HistoryEntry {
  return {
    rowId: row.row_id,
    id: migrationId(row.project, row.version),
    project: row.project,
    version: row.version,
    name: row.name,
    description: row.description,
    checksum: row.checksum,
    checksumAlgorithm: row.checksum_algorithm,
    action: row.action as HistoryAction,
    state: row.state as MigrationState,
    success: row.success,
    attempt: row.attempt,
    runId: row.run_id,
    environment: row.environment,
    dependencies: isTextArray(row.dependencies) ? row.dependencies : [],
    executedAt: row.executed_at,
    executionTimeMs: row.execution_time_ms,
    error: recordedError(row),
    databaseUser: row.database_user ?? undefined,
    claimed: {
      osUser: row.os_user ?? undefined,
      host: row.host ?? undefined,
      gitCommit: row.git_commit ?? undefined,
      ciUrl: row.ci_url ?? undefined,
    },
    agentVersion: row.agent_version,
    finishedStatements: row.finished_statements,
    finishedDigest: row.finished_digest ?? undefined,
  };
}

function recordedError(row: RawRow): RecordedError | undefined {
  if (row.error_code === null && row.error_message === null) return undefined;
  return {
    code: row.error_code ?? '',
    message: row.error_message ?? '',
    stack: row.error_stack ?? undefined,
  };
}

function isTextArray(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
