import type { MigrationId } from '../migration/types';
import { byVersion, type Versioned } from './by-version';
import { findCycles } from './cycles';
import { RankQueue } from './rank-queue';

/** What can be put in order. */
export interface Orderable extends Versioned {
  readonly dependencies: readonly MigrationId[];
}

/** The order, or every cycle that makes one impossible. */
export type Ordered<N> =
  | { readonly ok: true; readonly order: readonly N[] }
  | { readonly ok: false; readonly cycles: readonly (readonly MigrationId[])[] };

/**
 * Puts migrations in the one order in which they are applied: each behind its dependencies, and as near to the order of
 * versions as that allows. The order of the input does not matter. Dependencies outside of `nodes`, and of a node on
 * itself, are left to the caller.
 *
 * @param nodes migrations with different identities
 */
export function orderMigrations<N extends Orderable>(nodes: readonly N[]): Ordered<N> {
  const { order, stuck } = topologicalOrder(nodes);
  if (stuck.length === 0) return { ok: true, order };
  return { ok: false, cycles: findCycles(stuck) };
}

/** As {@link orderMigrations}, with what can be ordered, and what is in a cycle or waits for one. */
export function topologicalOrder<N extends Orderable>(
  nodes: readonly N[],
): { readonly order: readonly N[]; readonly stuck: readonly N[] } {
  // Kahn's algorithm; among those that are ready the lowest version goes first.
  const ranked = [...nodes].sort(byVersion);
  const rankOf = new Map(ranked.map((node, rank) => [node.id, rank]));
  const dependents: number[][] = ranked.map(() => []);
  const waitingFor: number[] = ranked.map(() => 0);
  ranked.forEach((node, rank) => {
    for (const dependency of new Set(node.dependencies)) {
      const before = rankOf.get(dependency);
      if (before === undefined || before === rank) continue;
      dependents[before]?.push(rank);
      waitingFor[rank] = (waitingFor[rank] ?? 0) + 1;
    }
  });

  const ready = new RankQueue();
  waitingFor.forEach((count, rank) => {
    if (count === 0) ready.put(rank);
  });
  const order: N[] = [];
  for (let rank = ready.take(); rank !== undefined; rank = ready.take()) {
    const node = ranked[rank];
    if (node !== undefined) order.push(node);
    for (const dependent of dependents[rank] ?? []) {
      const left = (waitingFor[dependent] ?? 0) - 1;
      waitingFor[dependent] = left;
      if (left === 0) ready.put(dependent);
    }
  }

  return { order, stuck: ranked.filter((_, rank) => waitingFor[rank] !== 0) };
}
