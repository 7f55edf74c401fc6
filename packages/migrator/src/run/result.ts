import type { ConnectionTarget } from '../database/database';
import type { MigratorError } from '../errors';
import type { HistoryEntry } from '../history/entry';
import type { MigrationId } from '../migration/types';
import type { PendingRename } from '../plan/former-names';
import type { MigrationStatus, Plan } from '../plan/types';
import type { LoweredConcurrency } from '../targets/concurrency';
import type { ServerMessages } from '../migration/server-messages';

/** One migration that a run carried out. */
export interface MigrationOutcome {
  readonly id: MigrationId;
  readonly name: string;
  /** Milliseconds, as in the row of the history: of the last attempt, without the pauses before it. */
  readonly durationMs: number;
  /** What the server said while it ran; absent if it said nothing. */
  readonly messages?: ServerMessages;
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
  /** The migrations folder, if it has no migration at all; absent otherwise. */
  readonly emptyFolder?: string;
  readonly done: readonly MigrationOutcome[];
  readonly failed: MigrationFailure | undefined;
  readonly notReached: readonly MigrationId[];
  /**
   * Runs that went before this one because of `prerequisites: 'apply'`, in order: of other projects, and of this one where
   * two projects need each other's migrations in turn. When one of them failed, this run failed with it, and so did those
   * between them: they have no `failed`, and all that they were to do is `notReached`.
   */
  readonly prerequisiteRuns: readonly RunResult[];
  /** Milliseconds. */
  readonly durationMs: number;
  /** When it ended, by the clock of the machine it ran on: ISO 8601, UTC. */
  readonly finishedAt: string;
}

/** What `status` gives back. Looking changes nothing. */
export interface StatusResult extends ResultContext, PendingRename {
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

/** What became of one tenant, in short: there may be thousands. */
export interface TenantOutcome {
  readonly tenant: string;
  /**
   * `refused`: something stood in the way before its schema was touched; `not-reached`: it was skipped, because the run stopped
   * before it. Running again takes up what is not `done`.
   */
  readonly status: RunResult['status'] | 'refused' | 'not-reached';
  /** Empty where nothing ran. */
  readonly runId: string;
  /** In order, with those of other projects that go before. */
  readonly planned: readonly MigrationId[];
  /** The rename that a run would carry over before what is planned. Only a dry run has it. */
  readonly rename?: PendingRename | undefined;
  readonly done: readonly MigrationOutcome[];
  readonly failed: MigrationFailure | undefined;
  /** Why it was refused: a {@link MigratorError} unless nobody foresaw it. */
  readonly error: unknown;
  /** Milliseconds. */
  readonly durationMs: number;
}

/** How many tenants stand how. */
export interface TenantCounts {
  readonly total: number;
  readonly done: number;
  /** Everything was applied already. */
  readonly upToDate: number;
  readonly planned: number;
  readonly failed: number;
  readonly refused: number;
  readonly notReached: number;
}

/** What `migrateTenants` gives back, also when tenants failed. */
export interface TenantsResult extends ResultContext {
  readonly action: 'apply';
  /** `failed` as soon as one tenant failed or was refused, or the run was cancelled. */
  readonly status: RunResult['status'];
  /**
   * The tenant that went first and alone; of a dry run, the one that would. `undefined` if none could run and had something to
   * do.
   */
  readonly canary: string | undefined;
  /** Absent unless fewer tenants than requested were worked on at once, as the server accepts no more connections. */
  readonly concurrency?: LoweredConcurrency | undefined;
  readonly counts: TenantCounts;
  /** The migrations folder, if it has no migration at all; absent otherwise. */
  readonly emptyFolder?: string;
  /** In the order in which the environment names them. */
  readonly tenants: readonly TenantOutcome[];
  /** Milliseconds. */
  readonly durationMs: number;
  /** When it ended, by the clock of the machine it ran on: ISO 8601, UTC. */
  readonly finishedAt: string;
}

/** A migration whose last attempt failed, or did not finish. */
export interface FailedAttempt {
  readonly id: MigrationId;
  readonly name: string;
  readonly state: 'failed' | 'running';
  /** As recorded; `undefined` for an attempt that was interrupted. */
  readonly error: { readonly code: string; readonly message: string } | undefined;
}

/** The state of one tenant, in short. */
export interface TenantStatus extends PendingRename {
  readonly tenant: string;
  readonly counts: StatusResult['counts'];
  /** What `migrate` would apply. */
  readonly pending: readonly MigrationId[];
  /** The migrations whose last attempt failed or was interrupted, with the recorded reason. */
  readonly failed: readonly FailedAttempt[];
  /** What would stop `migrate` now. */
  readonly problems: readonly import('../errors').Problem[];
  /** Why it could not be looked at; the rest is empty then. */
  readonly error: unknown;
}

/** What `statusTenants` gives back. Looking changes nothing. */
export interface TenantsStatusResult extends ResultContext {
  readonly counts: {
    readonly total: number;
    readonly upToDate: number;
    /** Something is pending, and nothing stands in the way. */
    readonly behind: number;
    /** Something failed, drifted or stands in the way, or it could not be looked at. */
    readonly troubled: number;
  };
  /** Absent unless fewer tenants than requested were read at once, as the server accepts no more connections. */
  readonly concurrency?: LoweredConcurrency | undefined;
  /** In the order in which the environment names them. */
  readonly tenants: readonly TenantStatus[];
}
