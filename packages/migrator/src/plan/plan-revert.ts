import type { Problem } from '../errors';
import type { HistoryEntry } from '../history/entry';
import { nextAttempt } from '../migration/attempt';
import type { MigrationId } from '../migration/types';
import { noFileToRevert } from './check-files';
import { rollbackCommands } from './commands';
import { effectiveState } from './effective-state';
import { readHistory } from './read-history';
import { inRevertOrder, newestFirst, type RevertSelection } from './select-revert';
import type { Plan, PlannableMigration, Planned, PlanStep, StepReason } from './types';

/** A longer list is not typed by anybody; asking again gives the rest. */
const MOST_COMMANDS = 10;

/** What {@link planRevert} decides from. */
export interface PlanRevertOptions<M extends PlannableMigration> {
  readonly project: string;
  readonly environment: string;
  /** The selected migrations, loaded. */
  readonly migrations: readonly M[];
  /** What `selectRevert` chose. */
  readonly selected: readonly HistoryEntry[];
  /** Latest history rows of the environment, of all projects. */
  readonly entries: readonly HistoryEntry[];
  /** Latest rows of projects that have histories of their own, be it several of one project. Default: none. */
  readonly elsewhere?: readonly HistoryEntry[];
  /** What was asked for, so that each step can say why it is there. */
  readonly selection?: RevertSelection;
}

/**
 * Decides in which order the selected migrations are reverted: newest first, each before what it depends on.
 *
 * Everything that stands in the way is reported at once: `REQUIRED_BY_OTHERS` for each selected migration that an applied
 * one of any project depends on, `FILE_MISSING` for one that was not loaded.
 */
export function planRevert<M extends PlannableMigration>(
  options: PlanRevertOptions<M>,
): Planned<Plan<M>> {
  const { project, environment, migrations, selected, entries, selection } = options;
  const loaded = new Map(migrations.map((migration) => [migration.id, migration]));
  const problems = requiredByOthers(options);
  const steps: PlanStep<M>[] = [];
  for (const entry of newestFirst(selected, entries)) {
    const migration = loaded.get(entry.id);
    if (migration === undefined) {
      problems.push(noFileToRevert(entry));
      continue;
    }
    steps.push({ migration, reason: reasonFor(selection), attempt: nextAttempt(entry) });
  }
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, plan: { action: 'revert', project, environment, steps } };
}

function requiredByOthers({
  selected,
  entries,
  elsewhere = [],
}: Pick<PlanRevertOptions<PlannableMigration>, 'selected' | 'entries' | 'elsewhere'>): Problem[] {
  const going = new Set(selected.map(({ id }) => id));
  // An interrupted one may stand in the database as well: it counts. One that stands in several histories is told once.
  const all = [...readHistory(entries).byId.values(), ...elsewhere];
  const standingOf = new Map(
    all.flatMap((entry) =>
      effectiveState(entry) === 'pending' ? [] : [[entry.id, entry] as const],
    ),
  );
  const staying = [...standingOf.values()].filter(({ id }) => !going.has(id));
  const dependentsOf = new Map<MigrationId, HistoryEntry[]>();
  for (const entry of staying) {
    for (const dependency of new Set(entry.dependencies)) {
      const dependents = dependentsOf.get(dependency);
      if (dependents === undefined) dependentsOf.set(dependency, [entry]);
      else dependents.push(entry);
    }
  }
  return selected.flatMap((entry) => {
    const needing = dependentsOf.get(entry.id);
    return needing === undefined ? [] : [requiredProblem(entry, needing, dependentsOf)];
  });
}

function requiredProblem(
  entry: HistoryEntry,
  needing: readonly HistoryEntry[],
  dependentsOf: ReadonlyMap<MigrationId, readonly HistoryEntry[]>,
): Problem {
  const first = inRevertOrder([...withTheirDependents(needing, dependentsOf)]);
  const commands = first
    .slice(0, MOST_COMMANDS)
    .map((dependent) => rollbackCommands(dependent, dependent.version));
  const rest = first.length - commands.length;
  const names = [...inRevertOrder(needing)].reverse().map(({ id, name }) => `${id} (${name})`);
  return {
    code: 'REQUIRED_BY_OTHERS',
    message: `${entry.id} (${entry.name}) is required by ${names.join(', ')}, still applied.`,
    hint:
      commands.length === 1
        ? `Revert that one first: ${commands.join('')}.`
        : `Revert these first, in this order: ${commands.join('; then ')}${rest > 0 ? `; then ${rest} more` : ''}.`,
    where: entry.id,
  };
}

/** Those that need it, those that need them, and so on: the hint should not lead into the next refusal. */
function withTheirDependents(
  needing: readonly HistoryEntry[],
  dependentsOf: ReadonlyMap<MigrationId, readonly HistoryEntry[]>,
): ReadonlySet<HistoryEntry> {
  const all = new Set(needing);
  for (const entry of all) {
    for (const dependent of dependentsOf.get(entry.id) ?? []) all.add(dependent);
  }
  return all;
}

function reasonFor(selection: RevertSelection | undefined): StepReason {
  return selection?.kind === 'to'
    ? { kind: 'after-target', target: selection.version }
    : { kind: 'requested' };
}
