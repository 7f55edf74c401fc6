import type { Problem } from '../errors';
import type { HistoryEntry, MigrationState } from '../history/entry';
import type { MigrationFile, MigrationId, MigrationMode } from '../migration/types';
import type { Target } from '../target';
import type { PendingRename } from './former-names';

/** What planning knows of a migration that could be applied; a {@link Migration} satisfies it. */
export interface PlannableMigration {
  readonly id: MigrationId;
  readonly file: MigrationFile;
  readonly project: string;
  readonly version: string;
  readonly name: string;
  readonly description: string;
  readonly dependencies: readonly MigrationId[];
  readonly mode: MigrationMode;
  readonly downMode: MigrationMode;
}

/** Why a step is in the plan. Only `report/` makes sentences of it. */
export type StepReason =
  | { readonly kind: 'pending' }
  | { readonly kind: 'retry-failed'; readonly error: string | undefined }
  | { readonly kind: 'reverted-before' }
  | { readonly kind: 'out-of-order'; readonly behind: MigrationId }
  | { readonly kind: 'required-by'; readonly id: MigrationId }
  | { readonly kind: 'requested' }
  | { readonly kind: 'after-target'; readonly target: string };

/** One migration to apply or revert. */
export interface PlanStep<M extends PlannableMigration = PlannableMigration> {
  readonly migration: M;
  readonly reason: StepReason;
  /** The attempt number that the next history row of this migration gets. */
  readonly attempt: number;
}

/** What a run will do, in order. Made by pure functions; printed by dry runs, carried out by `run/`. */
export interface Plan<M extends PlannableMigration = PlannableMigration> {
  readonly action: 'apply' | 'revert';
  readonly project: string;
  readonly environment: string;
  readonly steps: readonly PlanStep<M>[];
  /**
   * Migrations of other projects that have to be applied before. Only a dry run has any: a run is refused, or applies them
   * first.
   */
  readonly waitsFor?: readonly MigrationId[];
  /** What to migrate before, one for each project of `waitsFor`. */
  readonly waitsForTargets?: readonly Target[];
  /** The rename that is carried over before the first step. Only a dry run has it. */
  readonly rename?: PendingRename;
}

/** A plan, or everything that stands in its way. */
export type Planned<P> =
  | { readonly ok: true; readonly plan: P }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Adds what was found before planning, so that everything is reported at once. The same problem is reported once. */
export function withProblems<P>(planned: Planned<P>, found: readonly Problem[]): Planned<P> {
  if (found.length === 0) return planned;
  const all = [...found, ...(planned.ok ? [] : planned.problems)];
  const told = new Map(all.map((problem) => [`${problem.code} ${problem.message}`, problem]));
  return { ok: false, problems: [...told.values()] };
}

/** The state of one migration for `status`: file and history seen together. */
export interface MigrationStatus {
  readonly id: MigrationId;
  readonly version: string;
  readonly name: string;
  readonly description: string;
  /**
   * `pending`: a file that never ran; otherwise the state of the latest history row. `retired` only while the file is gone.
   */
  readonly state: 'pending' | MigrationState;
  /** What does not fit together. */
  readonly drift: 'none' | 'checksumMismatch' | 'fileMissing' | 'outOfOrder';
  readonly entry: HistoryEntry | undefined;
  readonly file: MigrationFile | undefined;
}
