import type { HistoryEntry } from '../history/entry';

/** What a migration left in the database. */
export type EffectiveState =
  /** Its change is there. A retired migration is applied, too: only its file was removed on purpose. */
  | 'applied'
  /** Nothing of it is there, so it may be applied. */
  | 'pending'
  /** A part of it may be there. Only a person can find out. */
  | 'interrupted';

/**
 * Decides from the latest row what a migration left in the database. Every decision about dependencies, order, drift and
 * rollback uses this function instead of comparing states.
 */
export function effectiveState(
  entry: Pick<HistoryEntry, 'action' | 'state'> | undefined,
): EffectiveState {
  if (entry === undefined || entry.state === 'reverted') return 'pending';
  if (entry.state === 'applied' || entry.state === 'retired') return 'applied';
  // A failed apply left nothing, or statements that its author can run again. A failed revert without a transaction left a
  // part of the migration.
  if (entry.state === 'failed' && entry.action !== 'revert') return 'pending';
  return 'interrupted';
}
