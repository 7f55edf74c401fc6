import type { HistoryEntry } from '../history/entry';
import { parseMigrationId } from '../migration/id';
import type { MigrationId } from '../migration/types';
import { byVersion } from './by-version';
import { effectiveState } from './effective-state';
import { topologicalOrder, type Orderable } from './order';

/** A migration with a place in the planned order, with what is known of its dependencies. */
export interface OrderNode extends Orderable {
  readonly project: string;
}

/** The planned order of every project, as far as the migrations are known. */
export interface PlannedOrder {
  /** All known migrations of a project, in planned order. Those in a dependency cycle are left out. */
  of(project: string): readonly MigrationId[];
  /** The index of a migration in the order of its project; `undefined` for an unknown one and for one in a cycle. */
  position(id: MigrationId): number | undefined;
}

/** What {@link plannedOrder} orders. */
export interface KnownMigrations {
  /** Latest history rows, with the dependencies that were recorded. Those whose changes are not there are ignored. */
  readonly entries: readonly HistoryEntry[];
  /** Loaded migrations that are not applied, with the dependencies in their files. */
  readonly pending: readonly OrderNode[];
}

/**
 * The one order in which migrations are applied, whatever is applied already: dependencies first, then by version. A run
 * that stops leaves a beginning of this order behind, so the rest is never late.
 *
 * The order spans all projects, because migrations of other projects can link two migrations of one: if `p:1` needs `q:2` and
 * `q:2` needs `p:3`, then `p:3` comes before `p:1`. A project's own order is its part of that order. It depends only on its
 * migrations and on what they need, so every run finds the same order, whether or not it knows the other projects.
 */
export function plannedOrder({ entries, pending }: KnownMigrations): PlannedOrder {
  const nodes = new Map<MigrationId, OrderNode>();
  for (const entry of entries) {
    if (effectiveState(entry) !== 'pending') nodes.set(entry.id, entry);
  }
  const applied = new Set(nodes.keys());
  for (const migration of pending) {
    if (!nodes.has(migration.id)) nodes.set(migration.id, migration);
  }
  const nodesOf = byProject(nodes.values());
  const orders = new Map<string, readonly MigrationId[]>();
  const positions = new Map<MigrationId, number>();

  const orderOf = (project: string): readonly MigrationId[] => {
    const known = orders.get(project);
    if (known !== undefined) return known;
    const together = [...neededProjects(project, nodesOf)].flatMap(
      (name) => nodesOf.get(name) ?? [],
    );
    const own = orderNodes(together, applied).filter((node) => node.project === project);
    const ids = own.map(({ id }) => id);
    ids.forEach((id, index) => positions.set(id, index));
    orders.set(project, ids);
    return ids;
  };
  return {
    of: orderOf,
    position(id) {
      const node = nodes.get(id);
      if (node !== undefined) orderOf(node.project);
      return positions.get(id);
    },
  };
}

function byProject(nodes: Iterable<OrderNode>): ReadonlyMap<string, readonly OrderNode[]> {
  const groups = new Map<string, OrderNode[]>();
  for (const node of nodes) {
    const group = groups.get(node.project);
    if (group === undefined) groups.set(node.project, [node]);
    else group.push(node);
  }
  return groups;
}

/** Recorded dependencies on migrations that were reverted and edited can form a cycle. What is applied does not need them. */
function orderNodes(
  nodes: readonly OrderNode[],
  applied: ReadonlySet<MigrationId>,
): readonly OrderNode[] {
  const first = topologicalOrder(nodes);
  if (first.stuck.length === 0) return first.order;
  const stuck = new Set(first.stuck.map(({ id }) => id));
  const freed = nodes.map((node) =>
    stuck.has(node.id) && applied.has(node.id) ? { ...node, dependencies: [] } : node,
  );
  return topologicalOrder(freed).order;
}

/** The project itself and all projects that it needs, directly or through others. */
function neededProjects(
  project: string,
  nodesOf: ReadonlyMap<string, readonly OrderNode[]>,
): ReadonlySet<string> {
  const needed = new Set([project]);
  // A Set visits what is added during the walk.
  for (const name of needed) {
    for (const { dependencies } of nodesOf.get(name) ?? []) {
      for (const id of dependencies) needed.add(parseMigrationId(id).project);
    }
  }
  return needed;
}

/** Whether a migration is the target or comes before it in the planned order of their project. */
export function isUpTo(id: MigrationId, target: MigrationId, order: PlannedOrder): boolean {
  if (id === target) return true;
  const [position, last] = [order.position(id), order.position(target)];
  return position !== undefined && last !== undefined && position < last;
}

/**
 * Sorts by planned order. Migrations without a position come last, by version.
 *
 * @returns a new array
 */
export function inPlannedOrder<N extends OrderNode>(nodes: readonly N[], order: PlannedOrder): N[] {
  const rank = (node: N) => order.position(node.id) ?? Number.POSITIVE_INFINITY;
  return [...nodes].sort((left, right) => {
    const [before, after] = [rank(left), rank(right)];
    return before === after ? byVersion(left, right) : before - after;
  });
}
