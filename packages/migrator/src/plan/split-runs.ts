import type { MigrationId } from '../migration/types';
import { compareText } from './by-version';
import { orderMigrations } from './order';
import { inPlannedOrder, type OrderNode, type PlannedOrder } from './planned-order';

/** Identities of each run in order, or every cycle that makes an order impossible. */
export type SplitRuns =
  | { readonly ok: true; readonly runs: readonly (readonly MigrationId[])[] }
  | { readonly ok: false; readonly cycles: readonly (readonly MigrationId[])[] };

/**
 * Splits the migrations of several projects into runs of one project each, so that every migration comes after what it
 * depends on, and every run continues its project's planned order: a stop between two runs makes nothing late. A run takes
 * all that its project can do by then, and the requested project waits until no other can continue, which keeps the runs few.
 * The last run is one of the requested project: what could only come after that is needed by nothing that was asked for, and
 * is left out.
 */
export function splitRuns(
  migrations: readonly OrderNode[],
  requested: string,
  order: PlannedOrder,
): SplitRuns {
  const ordered = orderMigrations(migrations);
  if (!ordered.ok) return ordered;
  const waiting = new Map<string, OrderNode[]>();
  // Reversed, so that the next one of a project is at the end of its list.
  for (const migration of inPlannedOrder(migrations, order).reverse()) {
    const others = waiting.get(migration.project);
    if (others === undefined) waiting.set(migration.project, [migration]);
    else others.push(migration);
  }
  const known = new Set(migrations.map(({ id }) => id));
  const projects = [...waiting.keys()].sort(
    (left, right) =>
      Number(left === requested) - Number(right === requested) || compareText(left, right),
  );
  const done = new Set<MigrationId>();
  // One that depends on itself is refused by name elsewhere. Here it must not wait forever.
  const isReady = ({ id, dependencies }: OrderNode) =>
    dependencies.every((needed) => !known.has(needed) || done.has(needed) || needed === id);
  const take = (project: string): MigrationId[] => {
    const left = waiting.get(project) ?? [];
    const taken: MigrationId[] = [];
    for (let next = left.at(-1); next !== undefined && isReady(next); next = left.at(-1)) {
      taken.push(next.id);
      done.add(next.id);
      left.pop();
    }
    return taken;
  };
  const next = () => {
    for (const project of projects) {
      const ids = take(project);
      if (ids.length > 0) return { project, ids };
    }
    return undefined;
  };
  const runs: { project: string; ids: MigrationId[] }[] = [];
  while (done.size < known.size) {
    const run = next();
    if (run === undefined) throw new TypeError('What can be ordered can be split.');
    runs.push(run);
  }
  const end = runs.findLastIndex(({ project }) => project === requested);
  return { ok: true, runs: runs.slice(0, end + 1).map(({ ids }) => ids) };
}
