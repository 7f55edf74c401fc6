import type { Problem } from '../errors';
import type { HistoryEntry } from '../history/entry';
import type { MigrationFile } from '../migration/types';
import { byVersion } from './by-version';
import { effectiveState } from './effective-state';

/** The applied migration of a project with the highest version. */
export function newestApplied(
  project: string,
  entries: readonly HistoryEntry[],
): HistoryEntry | undefined {
  let newest: HistoryEntry | undefined;
  for (const entry of entries) {
    if (entry.project !== project || effectiveState(entry) !== 'applied') continue;
    if (newest === undefined || byVersion(newest, entry) < 0) newest = entry;
  }
  return newest;
}

/**
 * A migration that this environment never saw, below one that is applied there: other environments ran, or will run, the
 * two the other way round. One that was attempted or applied here before had its turn already, and is not late.
 *
 * @param entry the migration's own latest row
 */
export function outOfOrderProblem(
  file: MigrationFile,
  entry: HistoryEntry | undefined,
  newest: HistoryEntry | undefined,
): Problem | undefined {
  if (entry !== undefined || newest === undefined || file.version >= newest.version)
    return undefined;
  return {
    code: 'OUT_OF_ORDER',
    message:
      `${file.id} (${file.name}) is pending, but the newer ${newest.id} (${newest.name}) ` +
      'is applied already.',
    hint:
      `Generate it again, so that it gets a version above ${newest.version}; or, if the two do not touch ` +
      "the same things, allow it with `--allow-out-of-order`, or with `outOfOrder: 'allow'` for this environment.",
    where: file.path,
  };
}
