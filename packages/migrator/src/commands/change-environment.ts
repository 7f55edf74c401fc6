import { repairCommand } from '../plan/commands';
import { randomUUID } from 'node:crypto';
import type { Settings } from '../config/settings';
import type { Session } from '../database/database';
import { MigratorError, type Problem } from '../errors';
import type { HistoryEntry, NewHistoryEntry } from '../history/entry';
import { History } from '../history/history';
import type { RowToCarry } from '../history/rows-to-carry';
import type { SchemaStamp } from '../history/stamps';
import type { HistoryState } from '../history/state';
import { nextAttempt } from '../migration/attempt';
import { effectiveState } from '../plan/effective-state';
import { claimedRunner } from '../run/claimed-runner';
import { commit, rollback } from '../run/transaction';

/** From which environment to which a database changes. */
export interface EnvironmentChange {
  /** The environments that are given up. */
  readonly from: readonly string[];
  readonly to: string;
  /** Whether the new stamps are protected, by the old stamp of a schema. */
  readonly isProtected: (old: SchemaStamp) => boolean;
  /** Why, for the new stamps. */
  readonly note: string;
  /** The project that rows of the original agent are counted to. */
  readonly project: string;
}

/** What changed in one schema. */
export interface ChangedHistory {
  readonly schema: string;
  /** The environment that its stamp named before. */
  readonly from: string;
  /** How many migrations were carried over, of all projects. */
  readonly migrations: number;
}

/**
 * Gives a database the present name of its environment, in every schema that has a former name and that the database user
 * may write to. The protection stays.
 *
 * @param state the history at hand, which has a former name
 */
export async function renameEnvironment(
  settings: Settings,
  session: Session,
  state: HistoryState,
): Promise<void> {
  const { project, environment, formerEnvironments, schema } = settings;
  const history = new History(session, schema);
  if (state.table === 'original' && state.renamedFrom !== undefined) {
    // Under its former name, so that its rows are carried over like all others.
    const names = [...formerEnvironments, environment];
    await history.prepare(
      { ...settings, environment: state.renamedFrom, formerEnvironments: names },
      state,
    );
  }
  const { read } = await history.stamps();
  const schemas = read.filter(
    (each) =>
      formerEnvironments.includes(each.stamp.environment) &&
      (each.writable || each.schema === schema),
  );
  await changeEnvironment(session, schemas, {
    from: formerEnvironments,
    to: environment,
    isProtected: ({ stamp }) => stamp.protected || settings.protected,
    note: `the environment was renamed to ${environment}`,
    project,
  });
}

/**
 * Makes a database of one environment a database of another, in every schema with such a history: carries the state of the
 * migrations of all projects over, by audited rows, and stamps the schema. One transaction: everything or nothing. Old
 * rows stay as they are. The caller must hold the database-wide lock alone.
 *
 * @param schemas the histories to change
 * @throws {MigratorError} `ENVIRONMENT_MISMATCH` if the new environment already has state that the old one does not know;
 *   `HISTORY_TOO_NEW`, `HISTORY_CORRUPT`, `PERMISSION_DENIED`, `TRANSACTION_ABORTED`
 */
export async function changeEnvironment(
  session: Session,
  schemas: readonly SchemaStamp[],
  change: EnvironmentChange,
): Promise<ChangedHistory[]> {
  for (const { schema, format, stamp } of schemas) {
    const history = new History(session, schema);
    if (format === history.format) continue;
    // Under its old name: rows can only be appended to tables of the present format.
    await history.prepare({
      ...stamp,
      project: change.project,
      formerEnvironments: namesOf(change),
    });
  }
  const changed: ChangedHistory[] = [];
  await session.query('BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE');
  try {
    const runId = randomUUID();
    for (const each of schemas) changed.push(await changeSchema(session, each, change, runId));
  } catch (error) {
    await rollback(session);
    throw error;
  }
  const outcome = await commit(session);
  if (outcome.kind !== 'committed') throw outcome.error;
  return changed;
}

/** Every name that a stamp of the database may have while it changes. */
function namesOf({ from, to }: EnvironmentChange): readonly string[] {
  return [...from, to];
}

async function changeSchema(
  session: Session,
  old: SchemaStamp,
  change: EnvironmentChange,
  runId: string,
): Promise<ChangedHistory> {
  const history = new History(session, old.schema);
  const from = old.stamp.environment;
  const rows = await history.rowsToCarry(from);
  const known = (await history.read(change.to, { damage: 'report' })).entries;
  refuseUnknownState(old, change, rows, known);
  const latest = new Map<string, Pick<HistoryEntry, 'attempt'>>(
    known.map((entry) => [entry.id, entry]),
  );
  for (const row of rows) {
    const attempt = nextAttempt(latest.get(row.entry.id));
    latest.set(row.entry.id, { attempt });
    const data = row.hasData ? await history.storedRollbackData(row.entry.rowId) : undefined;
    await history.append(carriedRow(row, { environment: change.to, attempt, runId }, data));
  }
  await history.stamp({ environment: change.to, protected: change.isProtected(old) }, change.note);
  return { schema: old.schema, from, migrations: new Set(rows.map(({ entry }) => entry.id)).size };
}

/**
 * The row under the new environment. A finished attempt becomes a repair in the same state. An unfinished one keeps its
 * action: whether a revert or an apply has to be resumed is told by nothing else.
 */
function carriedRow(
  { entry, kind }: RowToCarry,
  changes: Pick<NewHistoryEntry, 'environment' | 'attempt' | 'runId'>,
  rollbackData: string | undefined,
): NewHistoryEntry {
  return {
    ...entry,
    ...changes,
    action: kind === 'settled' ? 'repair' : entry.action,
    success: kind === 'settled',
    claimed: claimedRunner(),
    executionTimeMs: 0,
    rollbackData,
  };
}

/**
 * Rows that the new environment has from an earlier time are kept, and the carried rows follow them. A migration that is in
 * effect by such rows alone contradicts the environment that the database has now, and only a person can tell which is true.
 */
function refuseUnknownState(
  { schema, stamp }: SchemaStamp,
  { to }: EnvironmentChange,
  rows: readonly RowToCarry[],
  known: readonly HistoryEntry[],
): void {
  const carried = new Set(rows.map(({ entry }) => entry.id));
  const problems = known
    .filter((entry) => !carried.has(entry.id) && effectiveState(entry) !== 'pending')
    .map((entry): Problem => ({
      code: 'ENVIRONMENT_MISMATCH',
      message: `${entry.id} (${entry.name}) is ${entry.state} in '${to}' and unknown in '${stamp.environment}', in schema ${JSON.stringify(schema)}. Nothing was changed.`,
      hint: `Record its true state in '${stamp.environment}' first, with ${repairCommand({ ...entry, environment: stamp.environment }, entry.version, 'mark-applied')}, or apply it there.`,
      where: entry.id,
    }));
  if (problems.length > 0) throw MigratorError.fromProblems(problems);
}
