import type { Problem } from '../errors';
import type { HistoryEntry } from '../history/entry';
import { parseMigrationId } from '../migration/id';
import type { MigrationFile, MigrationId } from '../migration/types';
import { byVersion } from './by-version';
import { effectiveState } from './effective-state';
import { topologicalOrder } from './order';
import type { KnownMigrations, OrderNode, PlannedOrder } from './planned-order';

/** What {@link findLate} decides from. */
export interface LateFacts {
  readonly project: string;
  readonly order: PlannedOrder;
  readonly known: KnownMigrations;
  /** Latest row of each migration of the project. */
  readonly history: ReadonlyMap<MigrationId, HistoryEntry>;
}

/**
 * Finds pending migrations of a project that are late: an applied one comes after them in the planned order, so other
 * environments apply the two in the other order. One that was attempted or applied here before is not late. Neither is one
 * that precedes the applied one only because that needs a newer migration of another project.
 *
 * @returns the late migrations, each with the newest applied one that follows it
 */
export function findLate(facts: LateFacts): ReadonlyMap<MigrationId, HistoryEntry> {
  const { project, order, known, history } = facts;
  const late = followers(order.of(project), history);
  const needsOthers = (id: MigrationId) => parseMigrationId(id).project !== project;
  const own = [...history.values(), ...known.pending].filter((node) => node.project === project);
  if (late.size === 0 || !own.some((node) => node.dependencies.some(needsOthers))) return late;
  const alone = followers(orderByOwnVersions(project, known), history);
  return new Map([...late].filter(([id]) => alone.has(id)));
}

function followers(
  order: readonly MigrationId[],
  history: ReadonlyMap<MigrationId, HistoryEntry>,
): Map<MigrationId, HistoryEntry> {
  const late = new Map<MigrationId, HistoryEntry>();
  let follower: HistoryEntry | undefined;
  for (const id of [...order].reverse()) {
    const entry = history.get(id);
    if (entry === undefined) {
      if (follower !== undefined) late.set(id, follower);
    } else if (effectiveState(entry) === 'applied') {
      if (follower === undefined || byVersion(follower, entry) < 0) follower = entry;
    }
  }
  return late;
}

/**
 * The order of a project in which the versions of other projects do not count. A migration that waited for a newer one of
 * another project was applied after it, but a migration that was written in the meantime is not late for that.
 */
function orderByOwnVersions(
  project: string,
  { entries, pending }: KnownMigrations,
): readonly MigrationId[] {
  const nodes = new Map<MigrationId, OrderNode>();
  for (const entry of entries) if (effectiveState(entry) !== 'pending') nodes.set(entry.id, entry);
  for (const one of pending) if (!nodes.has(one.id)) nodes.set(one.id, one);
  const first = [...nodes.values()].map((node) =>
    node.project === project ? node : { ...node, version: '' },
  );
  return topologicalOrder(first).order.flatMap((node) => (node.project === project ? node.id : []));
}

/** A migration that is late, as a problem. */
export function outOfOrderProblem(file: MigrationFile, follower: HistoryEntry): Problem {
  const why =
    file.version < follower.version
      ? 'which is newer'
      : 'which depends on a migration that comes later';
  return {
    code: 'OUT_OF_ORDER',
    message:
      `${file.id} (${file.name}) is pending, but ${follower.id} (${follower.name}) follows it in the planned order and is ` +
      `applied already: dependencies come first, then versions, and it comes before ${follower.version}, ${why}.`,
    hint:
      `Generate it again, so that it gets a version above ${follower.version}; or, if the two do not touch ` +
      "the same things, allow it with `--allow-out-of-order`, or with `outOfOrder: 'allow'` for this environment.",
    where: file.path,
  };
}
