import { MigratorError, type Problem } from '../errors';
import type { HistoryEntry } from '../history/entry';
import type { History } from '../history/history';
import type { MigrationFile, MigrationId } from '../migration/types';
import { countFormerRows, pendingRename } from '../plan/former-names';
import { migrationStatuses } from '../plan/migration-statuses';
import { missingRowProblem, reportClaims, type EarlierReport } from '../plan/report-claims';
import type { MigrationStatus } from '../plan/types';
import type { StatusResult } from '../run/result';
import { findFiles, planMigrate, type MigrateFacts } from './plan-migrate';
import { lookAtHistory, projectDatabase, type CommandContext } from './project-database';
import type { ProjectHistory } from './read-project-history';

/** How much to look at. */
export interface StatusOptions {
  /** How many of the newest history rows to give. Default 10. */
  readonly recent?: number;
  /**
   * `verify` also verifies the hash of every row of the project's history, and names the rows that were edited, deleted or
   * inserted by hand among the problems. Default `read`: only what is found without it.
   */
  readonly history?: HistoryDepth;
  /**
   * Reports of earlier runs, to be compared with the history: a migration that a run applied or reverted without a row of that
   * run is among the problems (`HISTORY_CORRUPT`). Reports about another project, environment, database or tenant are ignored.
   */
  readonly reports?: readonly EarlierReport[];
}

export type { EarlierReport, EarlierRun } from '../plan/report-claims';

/** How thoroughly the history is looked at. */
export type HistoryDepth = 'read' | 'verify';

/** The state of every migration. See {@link MigrationAgent.status}. */
export async function status(
  context: CommandContext,
  { recent = 10, history: depth = 'read', reports }: StatusOptions,
): Promise<StatusResult> {
  const files = await findFiles(context);
  const database = await projectDatabase(context);
  return lookAtHistory(database, 'report', async (state, history) => ({
    ...database.result,
    ...(await standing(context, {
      files,
      state: await inDepth(context, state, { history, depth, reports }),
      history,
    })),
    ...pendingRename(state),
    recent: await recentRows(context, { state, history }, recent),
  }));
}

interface InDepth {
  readonly history: History | undefined;
  readonly depth: HistoryDepth;
  readonly reports?: readonly EarlierReport[];
}

/** The state with what verifying the history finds besides: one problem for each migration. */
export async function inDepth(
  { settings }: CommandContext,
  state: ProjectHistory,
  { history, depth, reports = [] }: InDepth,
): Promise<ProjectHistory> {
  if (history === undefined) return state;
  const { environment, project, formerNames } = settings;
  const damage = [...state.damage];
  const add = (problems: readonly Problem[]) => {
    for (const problem of problems) {
      if (damage.every(({ where }) => where !== problem.where)) damage.push(problem);
    }
  };
  if (depth === 'verify') {
    for (const name of [project, ...formerNames])
      add(await history.verify(state.renamedFrom ?? environment, name));
  }
  const missing = await history.verifyReports(reportClaims(settings, reports));
  add(missing.map(missingRowProblem));
  return { ...state, damage };
}

/** The newest rows, under whatever name the project had. Rows that are carried over already tell what the old ones did. */
async function recentRows(
  { settings: { environment, project } }: CommandContext,
  { state, history }: Pick<MigrateFacts, 'state' | 'history'>,
  limit: number,
): Promise<readonly HistoryEntry[]> {
  if (history === undefined) return [];
  const names = [project, ...countFormerRows(state.formerRows).map(({ from }) => from)];
  const rows: HistoryEntry[] = [];
  for (const name of names)
    rows.push(...(await history.recent(state.renamedFrom ?? environment, name, limit)));
  if (names.length === 1) return rows;
  return rows.sort((a, b) => Number(BigInt(b.rowId) - BigInt(a.rowId))).slice(0, limit);
}

/** How the migrations stand in a history that was read with `damage: 'report'`. */
export async function standing(
  context: CommandContext,
  facts: MigrateFacts,
): Promise<Pick<StatusResult, 'migrations' | 'counts' | 'problems'>> {
  const { project } = context.settings;
  const { files, state } = facts;
  const { entries } = state;
  const problems = await problemsOf(() => planMigrate(context, facts, {}));
  const migrations = migrationStatuses({
    project,
    files,
    entries,
    late: lateOnes(files, problems),
  });
  const count = (...wanted: (typeof migrations)[number]['state'][]) =>
    migrations.filter((migration) => wanted.includes(migration.state)).length;
  return {
    migrations,
    counts: {
      applied: count('applied', 'retired'),
      pending: migrations.filter(isPending).length,
      failed: count('failed', 'running'),
      drifted: migrations.filter(({ drift }) => drift !== 'none').length,
    },
    problems: [...state.damage, ...problems],
  };
}

/** Whether `migrate` would apply it: one that was reverted and has no file any more will never run again. */
export function isPending({ state, file }: MigrationStatus): boolean {
  return file !== undefined && (state === 'pending' || state === 'reverted');
}

/** Whether a migration is late depends on the dependencies of all that are pending: planning has found out. */
function lateOnes(
  files: readonly MigrationFile[],
  problems: readonly Problem[],
): ReadonlySet<MigrationId> {
  const paths = new Set(
    problems.flatMap(({ code, where }) => (code === 'OUT_OF_ORDER' ? (where ?? []) : [])),
  );
  return new Set(files.flatMap(({ id, path }) => (paths.has(path) ? [id] : [])));
}

/** What would stop `migrate`: found by planning it, which loads what is pending and touches nothing. */
async function problemsOf(plan: () => Promise<unknown>): Promise<readonly Problem[]> {
  try {
    await plan();
    return [];
  } catch (error) {
    if (error instanceof MigratorError) return error.problems;
    throw error;
  }
}
