import type { ConnectionTarget } from '../database/database';
import type { MigratorError } from '../errors';
import type { HistoryEntry } from '../history/entry';
import type { MigrationId } from '../migration/types';
import type { MigrationStatus, Plan } from '../plan/types';

/** One migration that a run carried out. */
export interface MigrationOutcome {
  readonly id: MigrationId;
  readonly name: string;
  readonly durationMs: number;
}

/** The migration that stopped a run. */
export interface MigrationFailure extends MigrationOutcome {
  readonly error: MigratorError;
  /** What a person can do now, one step a line. */
  readonly guidance: readonly string[];
}

/** What stands at the head of every result. */
export interface ResultContext {
  readonly project: string;
  readonly environment: string;
  readonly databaseName: string | undefined;
  /** The tenant that was worked on; `undefined` for the environment's own database. */
  readonly tenant?: string;
  readonly target: ConnectionTarget;
}

/**
 * What `migrate` and `rollback` give back, also when a migration failed: what was done, what failed, what was never
 * reached. Bad input throws a {@link MigratorError} instead, before anything is touched.
 */
export interface RunResult extends ResultContext {
  readonly action: 'apply' | 'revert';
  /** `nothing-to-do`: the plan was empty; `planned`: a dry run. */
  readonly status: 'done' | 'nothing-to-do' | 'planned' | 'failed';
  readonly runId: string;
  readonly plan: Plan;
  readonly done: readonly MigrationOutcome[];
  readonly failed: MigrationFailure | undefined;
  readonly notReached: readonly MigrationId[];
  /**
   * Runs that went before this one because of `prerequisites: 'apply'`, in order: of other projects, and of this one where
   * two projects need each other's migrations in turn. When one of them failed, this run failed with it.
   */
  readonly prerequisiteRuns: readonly RunResult[];
  /** Milliseconds. */
  readonly durationMs: number;
}

/** What `status` gives back. Looking changes nothing. */
export interface StatusResult extends ResultContext {
  /** In order of version. */
  readonly migrations: readonly MigrationStatus[];
  readonly counts: {
    readonly applied: number;
    readonly pending: number;
    readonly failed: number;
    readonly drifted: number;
  };
  /** The newest history rows of the project in this environment, newest first. */
  readonly recent: readonly HistoryEntry[];
  /** What would stop `migrate` now: drift, interruptions, unknown dependencies. */
  readonly problems: readonly import('../errors').Problem[];
}
