import type { HistoryEntry } from '../history/entry';
import { nextAttempt } from '../migration/attempt';
import type { CurrentId } from './project-names';
import type { Plan } from './types';

/** A migration whose newest row is under a former name of its project. */
export interface FormerRow {
  /** That row, as it is in the history. */
  readonly row: HistoryEntry;
  /** The same under the present name. Its attempt is the number of the row that will carry it over. */
  readonly entry: HistoryEntry;
}

/** The history of a renamed project as one project. */
export interface RenamedHistory {
  /** Latest rows of all projects; a migration of the renamed project is among them once, under the present name. */
  readonly entries: readonly HistoryEntry[];
  /** What is only under a former name, in order of version. A run carries it over before it does anything else. */
  readonly formerRows: readonly FormerRow[];
}

/** What {@link underPresentName} decides from. */
export interface FormerNames {
  readonly project: string;
  readonly formerNames: readonly string[];
  /** Tells whether a row under a former name belongs to the renamed project: another project may have the name now. */
  readonly isOwn: (entry: HistoryEntry) => boolean;
}

/**
 * Shows a history as if a project had always had its present name. For each version the row that was written last counts,
 * whatever name it is under: a runner on a checkout from before the rename may have written one after the others.
 *
 * @param entries the latest row of each migration by project and version, as the history has them
 */
export function underPresentName(
  entries: readonly HistoryEntry[],
  { project, formerNames, isOwn }: FormerNames,
): RenamedHistory {
  const former = entries.filter((entry) => formerNames.includes(entry.project) && isOwn(entry));
  if (former.length === 0) return { entries, formerRows: [] };
  const own = new Map<string, HistoryEntry>();
  for (const entry of entries) if (entry.project === project) own.set(entry.version, entry);

  const newest = new Map<string, HistoryEntry>();
  for (const row of former) {
    const known = newest.get(row.version);
    if (known === undefined || isLater(row, known)) newest.set(row.version, row);
  }
  const formerRows: FormerRow[] = [];
  for (const row of newest.values()) {
    const present = own.get(row.version);
    if (present !== undefined && isLater(present, row)) continue;
    const attempt = nextAttempt(present);
    formerRows.push({ row, entry: { ...row, id: `${project}:${row.version}`, project, attempt } });
  }
  const replaced = new Set<HistoryEntry>(former);
  for (const { row } of formerRows) {
    const present = own.get(row.version);
    if (present !== undefined) replaced.add(present);
  }
  return {
    entries: [
      ...entries.filter((entry) => !replaced.has(entry)),
      ...formerRows.map(({ entry }) => entry),
    ],
    formerRows: formerRows.sort((a, b) => (a.row.version < b.row.version ? -1 : 1)),
  };
}

/** A project that had a name which another project has now. */
export interface Heir {
  readonly name: string;
  /** Whether this version is one of its migrations. */
  readonly hasVersion: (version: string) => boolean;
}

/**
 * Gives rows under a project's name to the project that had the name when they were written.
 *
 * @param entries latest rows, as the history has them
 * @param name the name that both projects had
 */
export function givenToHeirs(
  entries: readonly HistoryEntry[],
  name: string,
  heirs: readonly Heir[],
): readonly HistoryEntry[] {
  const known = new Set(entries.map(({ id }) => id));
  return entries.flatMap((entry) => {
    if (entry.project !== name) return entry;
    const heir = heirs.find(({ hasVersion }) => hasVersion(entry.version));
    if (heir === undefined) return entry;
    const id = `${heir.name}:${entry.version}`;
    return known.has(id) ? [] : { ...entry, id, project: heir.name };
  });
}

/** Rows with the present names of the projects in their dependencies. */
export function withCurrentDependencies<E extends Pick<HistoryEntry, 'dependencies'>>(
  entries: readonly E[],
  currentId: CurrentId,
): readonly E[] {
  return entries.map((entry) => {
    const dependencies = entry.dependencies.map(currentId);
    const same = dependencies.every((id, index) => id === entry.dependencies[index]);
    return same ? entry : { ...entry, dependencies };
  });
}

/** How many migrations are under which former name. */
export function countFormerRows(
  formerRows: readonly FormerRow[],
): readonly { readonly from: string; readonly migrations: number }[] {
  const counts = new Map<string, number>();
  for (const { row } of formerRows) counts.set(row.project, (counts.get(row.project) ?? 0) + 1);
  return [...counts].map(([from, migrations]) => ({ from, migrations }));
}

/** What the next run that changes anything carries over because of a rename. */
export interface PendingRename {
  /**
   * The name that the environment had before and that the database still has. The next command that changes anything stamps
   * it with the present name and carries its history over.
   */
  readonly formerEnvironment: string | undefined;
  /**
   * Names that the project had before and that rows are still under: they count as the project's own, and the next run
   * carries them over.
   */
  readonly formerNames: readonly { readonly from: string; readonly migrations: number }[];
}

/** What a history shows of renames that no run has carried over yet. */
export function pendingRename(state: {
  readonly renamedFrom: string | undefined;
  readonly formerRows: readonly FormerRow[];
}): PendingRename {
  return {
    formerEnvironment: state.renamedFrom,
    formerNames: countFormerRows(state.formerRows),
  };
}

/** A dry run's plan with the rename that the run would carry over first. A run without steps carries nothing over. */
export function withPendingRename<P extends Plan>(plan: P, rename: PendingRename): P {
  const isPending = rename.formerEnvironment !== undefined || rename.formerNames.length > 0;
  return isPending && plan.steps.length > 0 ? { ...plan, rename } : plan;
}

/** Row numbers are bigints as text. */
function isLater(one: HistoryEntry, other: HistoryEntry): boolean {
  return BigInt(one.rowId) > BigInt(other.rowId);
}
