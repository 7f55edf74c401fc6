import type { Problem } from '../errors';
import type { HistoryAction, HistoryEntry, MigrationState } from '../history/entry';
import type { MigrationId } from '../migration/types';
import { repairCommand } from './commands';

/** The states that each action can leave a migration in. A failed revert in a transaction leaves it applied. */
const POSSIBLE: Record<HistoryAction, readonly MigrationState[]> = {
  apply: ['applied', 'failed', 'running'],
  revert: ['reverted', 'applied', 'failed', 'running'],
  baseline: ['applied'],
  repair: ['applied', 'retired', 'reverted', 'failed', 'running'],
};

/** Entries by identity, and whatever in them cannot be true. */
export interface ReadHistory {
  readonly byId: ReadonlyMap<MigrationId, HistoryEntry>;
  readonly problems: readonly Problem[];
}

/**
 * Puts history entries under their identities and finds what contradicts itself there: a migration that stands twice, an
 * identity that is not its project and version, a state that its action cannot lead to.
 */
export function readHistory(entries: readonly HistoryEntry[]): ReadHistory {
  const byId = new Map<MigrationId, HistoryEntry>();
  const problems: Problem[] = [];
  for (const entry of entries) {
    const contradiction = byId.has(entry.id)
      ? 'is the latest row of its migration for the second time'
      : contradictionOf(entry);
    if (contradiction !== undefined) problems.push(corrupt(entry, contradiction));
    if (!byId.has(entry.id)) byId.set(entry.id, entry);
  }
  return { byId, problems };
}

function contradictionOf(entry: HistoryEntry): string | undefined {
  const { id, project, version, action, state, success, attempt } = entry;
  if (id !== `${project}:${version}`) return `says project “${project}”, version “${version}”`;
  // The original agent kept one row for a migration's whole life, so that its rows may say “applied, then reverted”.
  if (entry.checksumAlgorithm === 'legacy') return undefined;
  const possible: readonly MigrationState[] | undefined = POSSIBLE[action];
  if (possible === undefined) return `has the unknown action “${String(action)}”`;
  if (!possible.includes(state))
    return `has the action “${action}” and the state “${String(state)}”`;
  if (!Number.isInteger(attempt) || attempt < 1) return `has the attempt number ${String(attempt)}`;
  if (success && (state === 'failed' || state === 'running'))
    return `is a success in state “${state}”`;
  if (!success && contradictsFailure(action, state)) return `is no success in state “${state}”`;
  return undefined;
}

function contradictsFailure(action: HistoryAction, state: MigrationState): boolean {
  if (action === 'revert') return state === 'reverted';
  return state === 'applied' || state === 'retired' || state === 'reverted';
}

function corrupt(entry: HistoryEntry, contradiction: string): Problem {
  return {
    code: 'HISTORY_CORRUPT',
    message: `The history contradicts itself: row ${entry.rowId} of ${entry.id} ${contradiction}.`,
    hint:
      'The history was changed by hand. Compare it with a backup, then record the true state: ' +
      `${repairCommand(entry, entry.version, 'mark-applied')} or ${repairCommand(entry, entry.version, 'mark-reverted')}.`,
    where: entry.id,
  };
}
