import { MigratorError, type Problem } from '../errors';
import { migrationStatuses } from '../plan/migration-statuses';
import type { StatusResult } from '../run/result';
import { findFiles, planMigrate } from './migrate';
import { lookAtHistory, projectDatabase, type CommandContext } from './project-database';

/** How much to look at. */
export interface StatusOptions {
  /** How many of the newest history rows to give. Default 10. */
  readonly recent?: number;
}

/** The state of every migration. See {@link MigrationAgent.status}. */
export async function status(
  context: CommandContext,
  { recent = 10 }: StatusOptions,
): Promise<StatusResult> {
  const { settings } = context;
  const { project, environment, outOfOrder } = settings;
  const files = await findFiles(context);
  const database = await projectDatabase(context);
  return lookAtHistory(database, 'report', async (state, history) => {
    const { entries } = state;
    const migrations = migrationStatuses({ project, files, entries, outOfOrder });
    const count = (...wanted: (typeof migrations)[number]['state'][]) =>
      migrations.filter((migration) => wanted.includes(migration.state)).length;
    return {
      ...database.result,
      migrations,
      counts: {
        applied: count('applied'),
        // One that was reverted and has no file any more will never run again.
        pending: migrations.filter(
          ({ state, file }) => file !== undefined && (state === 'pending' || state === 'reverted'),
        ).length,
        failed: count('failed', 'running'),
        drifted: migrations.filter(({ drift }) => drift !== 'none').length,
      },
      recent: (await history?.recent(environment, project, recent)) ?? [],
      problems: [
        ...state.damage,
        ...(await problemsOf(() => planMigrate(context, files, state, {}))),
      ],
    };
  });
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
