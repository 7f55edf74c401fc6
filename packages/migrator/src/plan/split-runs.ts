import type { MigrationId } from '../migration/types';
import { compareText } from './by-version';
import { orderMigrations, type Orderable } from './order';

/** A migration that knows its project. */
interface Owned extends Orderable {
  readonly project: string;
}

/** Identities of each run in order, or every cycle that makes an order impossible. */
export type SplitRuns =
  | { readonly ok: true; readonly runs: readonly (readonly MigrationId[])[] }
  | { readonly ok: false; readonly cycles: readonly (readonly MigrationId[])[] };

/**
 * Splits the migrations of several projects into runs of one project each, so that every migration comes behind what it
 * depends on. A run takes all that its project can do by then, and the requested project waits until no other can go on,
 * which keeps the runs few. The last run is one of the requested project: what could only come behind that is needed by
 * nothing that was asked for, and is left out.
 */
export function splitRuns(migrations: readonly Owned[], requested: string): SplitRuns {
  const ordered = orderMigrations(migrations);
  if (!ordered.ok) return ordered;
  const waiting = new Map<string, Owned[]>();
  for (const migration of ordered.order) {
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
  // One that depends on itself is refused by name elsewhere; here it must not wait for ever.
  const isReady = ({ id, dependencies }: Owned) =>
    dependencies.every((needed) => !known.has(needed) || done.has(needed) || needed === id);
  const take = (project: string, until: 'first-waiting' | 'end'): MigrationId[] => {
    const taken: MigrationId[] = [];
    const left: Owned[] = [];
    for (const migration of waiting.get(project) ?? []) {
      const held = until === 'first-waiting' && left.length > 0;
      if (held || !isReady(migration)) left.push(migration);
      else {
        taken.push(migration.id);
        done.add(migration.id);
      }
    }
    waiting.set(project, left);
    return taken;
  };
  const next = (until: 'first-waiting' | 'end') => {
    for (const project of projects) {
      const ids = take(project, until);
      if (ids.length > 0) return { project, ids };
    }
    return undefined;
  };
  const runs: { project: string; ids: MigrationId[] }[] = [];
  while (done.size < known.size) {
    // In a project's own order as long as that leads on: where a run fails, nothing before it is out of order then.
    const run = next('first-waiting') ?? next('end');
    if (run === undefined) throw new TypeError('What can be ordered can be split.');
    runs.push(run);
  }
  const end = runs.findLastIndex(({ project }) => project === requested);
  return { ok: true, runs: runs.slice(0, end + 1).map(({ ids }) => ids) };
}
