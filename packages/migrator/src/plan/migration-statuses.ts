import type { HistoryEntry } from '../history/entry';
import type { MigrationFile, MigrationId } from '../migration/types';
import { byVersion } from './by-version';
import { fileDrift } from './check-files';
import { effectiveState } from './effective-state';
import type { MigrationStatus } from './types';

/** What {@link migrationStatuses} looks at. */
export interface MigrationStatusesOptions {
  readonly project: string;
  readonly files: readonly MigrationFile[];
  /** Latest history rows of the environment; those of other projects are passed over. */
  readonly entries: readonly HistoryEntry[];
  /** Pending migrations that are refused as late, as planning found them. Default: none. */
  readonly late?: ReadonlySet<MigrationId>;
}

/**
 * The state of every migration that has a file or a history, in order of version. One that is recorded but has no file is
 * there too: nothing vanishes from the list.
 */
export function migrationStatuses({
  project,
  files,
  entries,
  late = new Set(),
}: MigrationStatusesOptions): MigrationStatus[] {
  const own = entries.filter((entry) => entry.project === project);
  const entryOf = new Map<MigrationId, HistoryEntry>();
  for (const entry of own) if (!entryOf.has(entry.id)) entryOf.set(entry.id, entry);

  const statuses = files.map((file) => statusOf(file, file, entryOf.get(file.id), late));
  const withFile = new Set(files.map(({ id }) => id));
  for (const entry of entryOf.values()) {
    if (!withFile.has(entry.id)) statuses.push(statusOf(entry, undefined, entry, late));
  }
  return statuses.sort(byVersion);
}

function statusOf(
  { id, version, name }: Pick<HistoryEntry, 'id' | 'version' | 'name'>,
  file: MigrationFile | undefined,
  entry: HistoryEntry | undefined,
  late: ReadonlySet<MigrationId>,
): MigrationStatus {
  return {
    id,
    version,
    name,
    description: entry?.description ?? '',
    state: shownState(file, entry),
    drift: driftOf(file, entry, late),
    entry,
    file,
  };
}

/** A retired migration whose file returned is applied like any other. */
function shownState(
  file: MigrationFile | undefined,
  entry: HistoryEntry | undefined,
): MigrationStatus['state'] {
  if (entry === undefined) return 'pending';
  return entry.state === 'retired' && file !== undefined ? 'applied' : entry.state;
}

function driftOf(
  file: MigrationFile | undefined,
  entry: HistoryEntry | undefined,
  late: ReadonlySet<MigrationId>,
): MigrationStatus['drift'] {
  if (entry !== undefined && effectiveState(entry) !== 'pending') {
    const drift = fileDrift(entry, file);
    return drift === 'unknownAlgorithm' ? 'checksumMismatch' : drift;
  }
  return file !== undefined && late.has(file.id) ? 'outOfOrder' : 'none';
}
