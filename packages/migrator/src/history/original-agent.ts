import type { Session } from '../database/database';
import { migrationId } from '../migration/id';
import { unversioned } from '../migration/unversioned';
import { isoTime } from './columns';
import type { HistoryAction, HistoryEntry, MigrationState } from './entry';
import type { CatalogColumn } from './inspect';
import type { HistoryState } from './state';
import type { HistoryTables } from './tables';

/** `run_id` of the original agent's rows, which knew no runs. */
export const ORIGINAL_RUN_ID = 'original-agent';
/** `executed_at` of rows in which the original agent left it NULL. */
export const UNKNOWN_TIME = '1970-01-01T00:00:00.000Z';

/** A row of the original agent's table, with what our columns say of it. */
export interface OriginalRow {
  /** Its `id` as text; a row without one is known by its place. */
  readonly rowId: string;
  /** 14 digits where the original spelling allows; {@link unversioned} where the row names none. */
  readonly version: string;
  readonly name: string;
  /** `undefined`: NULL, counted to the environment that upgrades. */
  readonly environment: string | undefined;
  readonly action: HistoryAction;
  readonly state: MigrationState;
  readonly success: boolean;
  readonly executedAt: string;
  toEntry(of: { environment: string; project: string; attempt?: number }): HistoryEntry;
}

interface RawOriginalRow {
  readonly place: string;
  readonly known_id: string | null;
  readonly migration_name: string | null;
  readonly version: string | null;
  readonly description: string | null;
  readonly checksum: string | null;
  readonly executed_at: string | null;
  readonly execution_time_ms: number | null;
  readonly success: boolean | null;
  readonly marked: string | null;
  readonly environment: string | null;
  readonly agent_version: string | null;
}

/**
 * Reads the original agent's table as it is, in the order in which its rows were written (time, then id). Writes nothing.
 *
 * @param columns what the catalog says it has: none is taken for granted
 */
export async function readOriginal(
  session: Session,
  tables: HistoryTables,
  columns: ReadonlyMap<string, CatalogColumn>,
): Promise<OriginalRow[]> {
  const pick = (name: string, sql: string, type: string): string =>
    `${columns.has(name) ? sql : 'NULL'}::${type}`;
  const time = pick('executed_at', 'executed_at', 'timestamp with time zone');
  // The upgrade gives rows without a numeric id their ids in the order of `ctid`.
  const order = hasNumericId(columns) ? 'id' : 'ctid';
  const { rows } = await session.query<{ row: string }>(
    `SELECT pg_catalog.row_to_json(r)::text AS row FROM (
      SELECT ${pick('id', 'id', 'text')} AS known_id, ctid::text AS place,
        ${pick('migration_name', 'migration_name', 'text')} AS migration_name,
        ${pick('version', 'version', 'text')} AS version,
        ${pick('description', 'description', 'text')} AS description,
        ${pick('checksum', 'checksum', 'text')} AS checksum,
        ${isoTime(`(${time})`)} AS executed_at,
        ${pick('execution_time_ms', 'execution_time_ms', 'bigint')} AS execution_time_ms,
        ${pick('success', 'success', 'boolean')} AS success,
        ${
          columns.has('rollback_data')
            ? `CASE WHEN rollback_data::text LIKE '%rolled_back%' THEN rollback_data::text END`
            : 'NULL::text'
        } AS marked,
        ${pick('environment', 'environment', 'text')} AS environment,
        ${pick('agent_version', 'agent_version', 'text')} AS agent_version
      FROM ${tables.history} ORDER BY ${time} NULLS FIRST, ${order}) r`,
  );
  const nameless = new Map<string, number>();
  return rows.map(({ row }) => {
    const raw = JSON.parse(row) as RawOriginalRow;
    const rowId = raw.known_id ?? raw.place;
    return interpret(raw, rowId, versionOf(raw) ?? unversioned(placeOf(raw, rowId, nameless)));
  });
}

/** Whether the table has an `id` that the upgrade can keep. */
export function hasNumericId(columns: ReadonlyMap<string, CatalogColumn>): boolean {
  const id = columns.get('id');
  return id !== undefined && ['smallint', 'integer', 'bigint'].includes(id.type);
}

/** Counts rows that name no version. Rows of the same name are attempts of one migration. */
function placeOf(
  { migration_name: name }: RawOriginalRow,
  rowId: string,
  nameless: Map<string, number>,
): number {
  const key = JSON.stringify(name === null || name === '' ? { rowId } : { name });
  const place = nameless.get(key) ?? nameless.size + 1;
  nameless.set(key, place);
  return place;
}

/** The state of one environment as the upgrade will record it: what `status` and dry runs show before the upgrade. */
export function originalState(
  rows: readonly OriginalRow[],
  of: { environment: string; project: string },
): HistoryState {
  const latest = new Map<string, HistoryEntry>();
  for (const { row, attempt } of numberAttempts(rows, of.environment)) {
    if ((row.environment ?? of.environment) !== of.environment) continue;
    latest.set(row.version, row.toEntry({ ...of, attempt }));
  }
  const named = rows.map((row) => row.environment).filter((name) => name !== undefined);
  return {
    entries: [...latest.values()].sort((a, b) => compare(a.version, b.version)),
    renamedFrom: undefined,
    stamp: undefined,
    elsewhere: [],
    format: undefined,
    table: 'original',
    environments: [...new Set(named)].sort(compare),
    damage: [],
  };
}

/** Numbers the attempts of each migration in each environment, in the order of the rows given. */
export function* numberAttempts(
  rows: readonly OriginalRow[],
  environment: string,
): Generator<{ row: OriginalRow; attempt: number }> {
  const counts = new Map<string, number>();
  for (const row of rows) {
    const key = JSON.stringify([row.environment ?? environment, row.version]);
    const attempt = (counts.get(key) ?? 0) + 1;
    counts.set(key, attempt);
    yield { row, attempt };
  }
}

function interpret(raw: RawOriginalRow, rowId: string, version: string): OriginalRow {
  const reverted = isRolledBack(raw.marked);
  const success = raw.success === true;
  const row = {
    rowId,
    version,
    name: raw.migration_name ?? '',
    environment: raw.environment ?? undefined,
    action: reverted ? ('revert' as const) : ('apply' as const),
    state: reverted ? ('reverted' as const) : success ? ('applied' as const) : ('failed' as const),
    success,
    executedAt: raw.executed_at ?? UNKNOWN_TIME,
  };
  return {
    ...row,
    toEntry: ({ environment, project, attempt = 1 }) => ({
      rowId: row.rowId,
      id: migrationId(project, row.version),
      project,
      version: row.version,
      name: row.name,
      description: raw.description ?? '',
      checksum: raw.checksum ?? '',
      checksumAlgorithm: 'legacy',
      action: row.action,
      state: row.state,
      success,
      attempt,
      runId: ORIGINAL_RUN_ID,
      environment: row.environment ?? environment,
      dependencies: [],
      executedAt: row.executedAt,
      executionTimeMs: raw.execution_time_ms ?? 0,
      error: undefined,
      databaseUser: undefined,
      claimed: { osUser: undefined, host: undefined, gitCommit: undefined, ciUrl: undefined },
      agentVersion: raw.agent_version ?? '',
      finishedStatements: 0,
    }),
  };
}

/**
 * The original agent wrote versions as 14 digits or as `2025-09-17T10-22-00`, and used the latter in file names: a row
 * without a version is known by the head of its name. Other spellings are kept as they are.
 */
function versionOf(raw: RawOriginalRow): string | undefined {
  if (raw.version !== null && raw.version !== '') return normaliseVersion(raw.version);
  const head = /^(\d{14}|\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d)(?=_|$)/.exec(
    raw.migration_name ?? '',
  )?.[0];
  return head === undefined ? undefined : normaliseVersion(head);
}

function normaliseVersion(version: string): string {
  return /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d$/.test(version) ? version.replace(/\D/g, '') : version;
}

/** `rolled_back: true` at the top of the rollback data is how the original agent marked what it had reverted. */
function isRolledBack(json: string | null): boolean {
  if (json === null) return false;
  try {
    const data = JSON.parse(json) as unknown;
    return (
      typeof data === 'object' &&
      data !== null &&
      (data as { rolled_back?: unknown }).rolled_back === true
    );
  } catch {
    return false;
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
