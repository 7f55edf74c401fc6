/**
 * A priority queue of ranks (a binary heap): `take` returns the lowest rank that was put in. It keeps the ordering of ten
 * thousand migrations at n·log n, where searching a list for the lowest would be n².
 */
export class RankQueue {
  readonly #heap: number[] = [];

  /** Adds a rank. */
  put(rank: number): void {
    const heap = this.#heap;
    let hole = heap.push(rank) - 1;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if (at(heap, parent) <= rank) break;
      heap[hole] = at(heap, parent);
      hole = parent;
    }
    heap[hole] = rank;
  }

  /** Removes and returns the lowest rank, `undefined` when there is none. */
  take(): number | undefined {
    const heap = this.#heap;
    const lowest = heap[0];
    const last = heap.pop();
    if (lowest === undefined || last === undefined || heap.length === 0) return lowest;
    let hole = 0;
    for (;;) {
      const child = lowerChild(heap, hole);
      if (child === undefined || at(heap, child) >= last) break;
      heap[hole] = at(heap, child);
      hole = child;
    }
    heap[hole] = last;
    return lowest;
  }
}

function lowerChild(heap: readonly number[], parent: number): number | undefined {
  const left = 2 * parent + 1;
  const right = left + 1;
  if (left >= heap.length) return undefined;
  return right < heap.length && at(heap, right) < at(heap, left) ? right : left;
}

function at(heap: readonly number[], index: number): number {
  return heap[index] ?? Number.POSITIVE_INFINITY;
}
