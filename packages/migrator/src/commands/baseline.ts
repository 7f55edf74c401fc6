import { MigratorError } from '../errors';
import type { Migration, MigrationFile } from '../migration/types';
import { findCycles } from '../plan/cycles';
import { findMigration, knownMigrations } from '../plan/find-migration';
import { topologicalOrder } from '../plan/order';
import { cycleProblem } from '../plan/plan-apply';
import { inPlannedOrder, isUpTo, plannedOrder } from '../plan/planned-order';
import { count } from '../report/wording';
import { appendMarks } from './mark';
import { loadAncestors } from './load-ancestors';
import { findFiles } from './plan-migrate';
import { ownDatabase, prepareHistory, runScope } from './own-project';
import {
  lookAtHistory,
  projectDatabase,
  refuseOtherEnvironment,
  refuseOtherStamps,
  refuseUnconfirmed,
  refuseWrongConfirmation,
  type CommandContext,
} from './project-database';
import type { ProjectHistory } from './read-project-history';
import { refusePossibleRename } from './refuse-possible-rename';
import type { ResultContext } from '../run/result';

/** Up to where a database already is. */
export interface BaselineOptions {
  /** The last migration that the database already has, by version or name, and with it all before it in planned order. */
  readonly to: string;
  /** `check` is a `dry-run` that also refuses what a run refuses for want of `confirm`. Default `run`. */
  readonly mode?: 'run' | 'dry-run' | 'check';
  /** The environment's name: a protected database gets no baseline without it. */
  readonly confirm?: string;
}

/** What was, or would be, marked as applied. */
export interface BaselineResult extends ResultContext {
  readonly status: 'planned' | 'done';
  /** In planned order. */
  readonly marked: readonly { readonly id: string; readonly name: string }[];
}

/** Marks migrations as applied without running them. See {@link MigrationAgent.baseline}. */
export async function baseline(
  context: CommandContext,
  { to, mode, confirm }: BaselineOptions,
): Promise<BaselineResult> {
  const project = await projectDatabase(context);
  if (mode === 'dry-run' || mode === 'check') {
    refuseWrongConfirmation(context.settings, confirm);
    return lookAtHistory(project, 'throw', async (state, history) => {
      const stamps = await refuseOtherStamps(context.settings, history);
      const migrations = await chooseMigrations(context, state, to);
      if (mode === 'check')
        refuseUnconfirmed(context.settings, stamps, confirm, consequencesOf(migrations));
      return { ...project.result, status: 'planned', marked: migrations.map(identity) };
    });
  }
  return ownDatabase(project, { damage: 'throw', confirm }, async (owned) => {
    const migrations = await chooseMigrations(context, owned.state, to);
    owned.permit(consequencesOf(migrations));
    const scope = runScope(project, owned);
    await prepareHistory(project, owned, scope);
    const marks = migrations.map((migration) => ({
      ...migration,
      checksum: migration.file.checksum,
      state: 'applied' as const,
      attempt: 1,
    }));
    await appendMarks(scope, 'baseline', marks);
    return { ...project.result, status: 'done', marked: migrations.map(identity) };
  });
}

/** The changes, each as a phrase after "this would". */
function consequencesOf(migrations: readonly Migration[]): readonly string[] {
  return migrations.map(({ id, name }) => `mark ${id} (${name}) as applied without running it`);
}

/** Loaded, because the history records descriptions and dependencies: a broken file is better found now. */
async function chooseMigrations(
  context: CommandContext,
  state: ProjectHistory,
  to: string,
): Promise<readonly Migration[]> {
  const { settings } = context;
  const { project, environment } = settings;
  refuseOtherEnvironment(settings, state);
  const recorded = state.entries.filter((entry) => entry.project === project);
  if (recorded.length > 0) {
    throw new MigratorError(
      'HISTORY_NOT_EMPTY',
      `${project} already has a history in ${environment}: ${count(recorded.length, 'migration')}. A baseline is for a database that no migration has touched yet.`,
      { hint: 'To mend single migrations, use repair.' },
    );
  }
  const files = await findFiles(context);
  const found = findMigration(state.currentId(to), settings, knownMigrations(project, files, []));
  if (!found.ok) throw MigratorError.fromProblems([found.problem]);
  const { id } = found.migration;
  const target = files.find((file) => file.id === id);
  if (target === undefined) return [];
  const loaded = await loadAncestors(context, { target, files, state });
  const order = plannedOrder({ entries: state.entries, pending: loaded });
  const upTo = inPlannedOrder(loaded, order).filter((one) => isUpTo(one.id, id, order));
  refuseCycle(loaded, target);
  await refusePossibleRename(
    context,
    upTo.map(({ file }) => file),
    state,
  );
  return upTo;
}

/** @throws {MigratorError} `DEPENDENCY_CYCLE`, if the target has no place in the planned order */
function refuseCycle(loaded: readonly Migration[], { id }: MigrationFile): void {
  const { stuck } = topologicalOrder(loaded);
  if (!stuck.some((migration) => migration.id === id)) return;
  throw MigratorError.fromProblems(findCycles(stuck).map(cycleProblem));
}

function identity({ id, name }: Migration): { id: string; name: string } {
  return { id, name };
}
