import type { MigrationId } from '../migration/types';
import { byVersion } from './by-version';
import type { Orderable } from './order';

/** More circles than this help nobody: mending the first ones shows the next. */
const MOST_CYCLES = 10;

/**
 * Finds the circles among migrations that cannot be ordered. Each is given whole, starting and ending with its lowest
 * version, every element depending on the next one: `[1, 2, 1]` says that 1 depends on 2, and 2 on 1.
 *
 * @param stuck migrations of which at least one is in a circle; others may merely wait for one
 */
export function findCycles(stuck: readonly Orderable[]): readonly (readonly MigrationId[])[] {
  const nodes = new Map(stuck.map((node) => [node.id, node]));
  const reported = new Set<MigrationId>();
  const cycles: MigrationId[][] = [];
  for (const start of [...stuck].sort(byVersion)) {
    if (cycles.length === MOST_CYCLES) break;
    if (reported.has(start.id)) continue;
    const cycle = shortestWayBack(start, nodes);
    if (cycle === undefined) continue;
    cycle.forEach((id) => reported.add(id));
    cycles.push(cycle);
  }
  return cycles;
}

/** Breadth first along the dependencies, from a migration back to itself. */
function shortestWayBack(
  start: Orderable,
  nodes: ReadonlyMap<MigrationId, Orderable>,
): MigrationId[] | undefined {
  const cameFrom = new Map<MigrationId, MigrationId>();
  const queue: Orderable[] = [start];
  for (const node of queue) {
    for (const dependency of node.dependencies) {
      if (dependency === node.id) continue;
      if (dependency === start.id) return pathTo(node.id, start.id, cameFrom);
      const next = nodes.get(dependency);
      if (next === undefined || cameFrom.has(dependency)) continue;
      cameFrom.set(dependency, node.id);
      queue.push(next);
    }
  }
  return undefined;
}

function pathTo(
  last: MigrationId,
  start: MigrationId,
  cameFrom: ReadonlyMap<MigrationId, MigrationId>,
): MigrationId[] {
  const path = [start];
  for (let id: MigrationId | undefined = last; id !== undefined && id !== start;) {
    path.unshift(id);
    id = cameFrom.get(id);
  }
  return [start, ...path];
}
