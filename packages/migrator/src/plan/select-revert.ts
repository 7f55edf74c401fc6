import type { Problem } from '../errors';
import type { HistoryEntry } from '../history/entry';
import type { MigrationFile, MigrationId } from '../migration/types';
import { driftProblem, interruptedProblem, noFileToRevert } from './check-files';
import { migrateCommands, repairCommand, rollbackCommands } from './commands';
import { findMigration, knownMigrations } from './find-migration';
import { orderMigrations } from './order';
import { inPlannedOrder, isUpTo, plannedOrder, type OrderNode } from './planned-order';
import { effectiveState } from './effective-state';
import { readHistory } from './read-history';
import type { Planned } from './types';

/** What a person asks to have reverted. */
export type RevertSelection =
  /** One migration, by name or version. */
  | { readonly kind: 'migration'; readonly nameOrVersion: string }
  /** Every applied migration that comes after this one in the planned order. This one stays. */
  | { readonly kind: 'to'; readonly version: string }
  /** The last ones in the order in which they are applied (dependencies, then version). */
  | { readonly kind: 'last'; readonly count: number };

/** What {@link selectRevert} chooses from. */
export interface SelectRevertOptions {
  readonly project: string;
  readonly environment?: string;
  readonly databaseName?: string | undefined;
  readonly tenant?: string | undefined;
  /** All migration files of the project. */
  readonly files: readonly MigrationFile[];
  /** Latest history rows of the environment. */
  readonly entries: readonly HistoryEntry[];
  readonly selection: RevertSelection;
  /** With a target of `to` that is not applied: that migration and what it needs, loaded. Default: none. */
  readonly pending?: readonly OrderNode[];
}

/**
 * The applied migrations to revert, in the order in which to revert them: the exact reverse of the order of applying. An
 * empty selection is no problem.
 *
 * Problems, all at once: `UNKNOWN_MIGRATION`, `AMBIGUOUS_MIGRATION`, `NOT_APPLIED`, `INVALID_ARGUMENT` (a count below one),
 * `INTERRUPTED`, and for what would be reverted `FILE_MISSING` and `CHECKSUM_MISMATCH`, because another `down` would run.
 */
export function selectRevert(options: SelectRevertOptions): Planned<readonly HistoryEntry[]> {
  const { project, files, entries } = options;
  const history = readHistory(entries.filter((entry) => entry.project === project));
  if (history.problems.length > 0) return { ok: false, problems: history.problems };

  const chosen = choose(options, history.byId);
  if (!chosen.ok) return chosen;

  const filesById = new Map(files.map((file) => [file.id, file]));
  const problems: Problem[] = [];
  for (const entry of chosen.plan) {
    const file = filesById.get(entry.id);
    const problem = file === undefined ? noFileToRevert(entry) : driftProblem(entry, file);
    if (problem !== undefined) problems.push(revertProblem(problem, entry));
  }
  return problems.length > 0 ? { ok: false, problems } : chosen;
}

function choose(
  options: SelectRevertOptions,
  history: ReadonlyMap<MigrationId, HistoryEntry>,
): Planned<readonly HistoryEntry[]> {
  const { project, files, entries, selection, pending = [] } = options;
  const known = knownMigrations(project, files, entries);
  if (selection.kind === 'migration') {
    const found = findMigration(selection.nameOrVersion, options, known);
    if (!found.ok) return refuse(found.problem);
    const entry = history.get(found.migration.id);
    if (entry === undefined || effectiveState(entry) === 'pending') {
      return refuse(notApplied(found.migration, entry));
    }
    // A revert that failed part-way may be tried again by whoever names it; one that never ended needs a repair.
    if (entry.state === 'running') {
      return refuse(interruptedProblem(entry, fileOf(files, entry)));
    }
    return { ok: true, plan: [entry] };
  }

  const interrupted = [...history.values()].filter(
    (entry) => effectiveState(entry) === 'interrupted',
  );
  if (interrupted.length > 0) {
    const problems = interrupted.map((entry) => interruptedProblem(entry, fileOf(files, entry)));
    return { ok: false, problems };
  }
  const applied = [...history.values()].filter((entry) => effectiveState(entry) === 'applied');
  if (selection.kind === 'to') {
    const found = findMigration(selection.version, options, known);
    if (!found.ok) return refuse(found.problem);
    const { id, version } = found.migration;
    // A target whose file is gone has the dependencies of its last attempt.
    const itself = { id, version, project, dependencies: history.get(id)?.dependencies ?? [] };
    const order = plannedOrder({ entries, pending: [...pending, itself] });
    const after = inPlannedOrder(applied, order).filter((entry) => !isUpTo(entry.id, id, order));
    return { ok: true, plan: after.reverse() };
  }
  if (!Number.isInteger(selection.count) || selection.count < 1) {
    return refuse({
      code: 'INVALID_ARGUMENT',
      message: `Cannot revert the last ${selection.count} migrations.`,
      hint: 'Give a whole number of at least 1.',
    });
  }
  return { ok: true, plan: newestFirst(applied, entries).slice(0, selection.count) };
}

/** The reverse of the planned order, for migrations of one project. */
export function newestFirst(
  selected: readonly HistoryEntry[],
  entries: readonly HistoryEntry[],
): readonly HistoryEntry[] {
  return inPlannedOrder(selected, plannedOrder({ entries, pending: [] })).reverse();
}

/**
 * The reverse of an order of applying, for migrations of several projects. Should recorded dependencies form a cycle (nothing
 * that was planned here can), versions alone decide.
 */
export function inRevertOrder<E extends Pick<HistoryEntry, 'id' | 'version' | 'dependencies'>>(
  entries: readonly E[],
): readonly E[] {
  const ordered = orderMigrations(entries);
  if (ordered.ok) return [...ordered.order].reverse();
  const flat = entries.map((entry) => ({
    id: entry.id,
    version: entry.version,
    dependencies: [],
    entry,
  }));
  const byVersion = orderMigrations(flat);
  return byVersion.ok ? byVersion.order.map(({ entry }) => entry).reverse() : entries;
}

function fileOf(files: readonly MigrationFile[], entry: HistoryEntry): MigrationFile | undefined {
  return files.find(({ id }) => id === entry.id);
}

function notApplied(
  { id, name }: { readonly id: MigrationId; readonly name: string },
  entry: HistoryEntry | undefined,
): Problem {
  const state = entry === undefined ? 'pending: it never ran here' : describe(entry);
  return {
    code: 'NOT_APPLIED',
    message: `${id} (${name}) is not applied, so it cannot be reverted. It is ${state}.`,
    hint: entry === undefined ? 'Check the environment that you meant.' : leftBehind(entry),
    where: id,
  };
}

/** A failed migration may have left a part of its changes: whether it ran in a transaction is not recorded. */
function leftBehind(entry: HistoryEntry): string {
  if (entry.state === 'reverted') {
    return `Nothing of it is to be undone. To apply it: ${migrateCommands(entry)}.`;
  }
  return `In a transaction, it left nothing. Without one, a part of it may be there: undo that by hand, then ${repairCommand(entry, entry.version, 'mark-reverted')}. To apply it: ${migrateCommands(entry)}.`;
}

function describe({ state, executedAt, error }: HistoryEntry): string {
  if (state === 'reverted') return `reverted since ${executedAt}`;
  return `failed, since ${executedAt}${error === undefined ? '' : ` (${error.code})`}`;
}

/**
 * The same finding as before an apply, with the steps that work for a revert. The checksum covers the whole file, and what
 * was applied is not stored, so it cannot be known that only `down` was corrected: a person has to say it.
 */
function revertProblem(problem: Problem, entry: HistoryEntry): Problem {
  if (problem.code !== 'CHECKSUM_MISMATCH') return problem;
  const corrected =
    entry.state === 'failed'
      ? repairCommand(entry, entry.version, 'resume')
      : `${repairCommand(entry, entry.version, 'accept-checksum')}, then ${rollbackCommands(entry, entry.version)}`;
  return {
    ...problem,
    message: `${problem.message} Its \`down\` may no longer undo what its \`up\` did.`,
    hint: `If you corrected \`down\`, and it undoes what was applied: ${corrected}. Otherwise undo the edit.`,
  };
}

function refuse(problem: Problem): { readonly ok: false; readonly problems: readonly Problem[] } {
  return { ok: false, problems: [problem] };
}
