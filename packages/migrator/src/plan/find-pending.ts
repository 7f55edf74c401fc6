import type { Problem } from '../errors';
import type { HistoryEntry } from '../history/entry';
import type { MigrationFile } from '../migration/types';
import { byVersion } from './by-version';
import { driftProblem, interruptedProblem } from './check-files';
import { effectiveState } from './effective-state';
import { readHistory } from './read-history';

/** What {@link findPending} looks at. */
export interface FindPendingOptions {
  readonly project: string;
  /** All migration files of the project. */
  readonly files: readonly MigrationFile[];
  /** The latest history row of each migration in the environment; those of other projects are passed over. */
  readonly entries: readonly HistoryEntry[];
}

/** What is pending, and everything that stops a run because of what is applied. */
export interface FoundPending {
  readonly pending: readonly MigrationFile[];
  /** `CHECKSUM_MISMATCH`, `FILE_MISSING`, `INTERRUPTED`, `HISTORY_CORRUPT`. Planning adds its own before any is reported. */
  readonly problems: readonly Problem[];
}

/**
 * The files that are not applied, in order of version: what has to be loaded before an apply can be planned. Decided for
 * each migration on its own, never by a highest version, so that one merged late is found like any other.
 */
export function findPending({ project, files, entries }: FindPendingOptions): FoundPending {
  const own = entries.filter((entry) => entry.project === project);
  const history = readHistory(own);
  const fileOf = new Map(files.map((file) => [file.id, file]));
  const problems: Problem[] = [...history.problems];
  for (const entry of [...history.byId.values()].sort(byVersion)) {
    const stands = effectiveState(entry);
    if (stands === 'interrupted') problems.push(interruptedProblem(entry, fileOf.get(entry.id)));
    const problem = stands === 'applied' ? driftProblem(entry, fileOf.get(entry.id)) : undefined;
    if (problem !== undefined) problems.push(problem);
  }
  const pending = files.filter((file) => effectiveState(history.byId.get(file.id)) === 'pending');
  return { pending: pending.sort(byVersion), problems };
}
