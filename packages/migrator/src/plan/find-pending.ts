import type { Problem } from '../errors';
import type { HistoryEntry } from '../history/entry';
import type { MigrationFile } from '../migration/types';
import { byVersion } from './by-version';
import { driftProblem, interruptedProblem } from './check-files';
import { effectiveState } from './effective-state';
import { readHistory } from './read-history';
import type { Planned } from './types';

/** What {@link findPending} looks at. */
export interface FindPendingOptions {
  readonly project: string;
  /** All migration files of the project. */
  readonly files: readonly MigrationFile[];
  /** The latest history row of each migration in the environment; those of other projects are passed over. */
  readonly entries: readonly HistoryEntry[];
}

/**
 * The files that are not applied, in order of version: what has to be loaded before an apply can be planned. Decided for
 * each migration on its own, never by a highest version, so that one merged late is found like any other.
 *
 * Everything that stands in the way is reported at once: `CHECKSUM_MISMATCH`, `FILE_MISSING`, `INTERRUPTED`,
 * `HISTORY_CORRUPT`.
 */
export function findPending({
  project,
  files,
  entries,
}: FindPendingOptions): Planned<readonly MigrationFile[]> {
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
  if (problems.length > 0) return { ok: false, problems };
  const pending = files.filter((file) => effectiveState(history.byId.get(file.id)) === 'pending');
  return { ok: true, plan: pending.sort(byVersion) };
}
