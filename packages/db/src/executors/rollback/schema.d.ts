import type { CommonOptions, DurationOptions, ReportOptions } from '../shared/options';

/** Options of the `rollback` executor: one of `name`, `to` and `last`. */
export interface RollbackExecutorSchema extends CommonOptions, DurationOptions, ReportOptions {
  /** Name or version of the migration to revert. */
  readonly name?: string | number;
  /** Revert everything applied after this version. */
  readonly to?: string | number;
  /** How many to revert, newest first. */
  readonly last?: number;
  /** Show what would be reverted, and revert nothing. */
  readonly dryRun?: boolean;
  /** The environment's name, which a protected database requires. */
  readonly confirm?: string | number;
}
