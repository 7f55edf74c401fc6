import type { CommonOptions, DurationOptions, ReportOptions } from '../shared/options';

/** Options of the `migrate` executor. */
export interface MigrateExecutorSchema extends CommonOptions, DurationOptions, ReportOptions {
  /** The last version to apply; its dependencies come along. */
  readonly to?: string | number;
  /** Show what would be applied, and apply nothing. */
  readonly dryRun?: boolean;
  /** Apply all that is pending in one transaction. */
  readonly singleTransaction?: boolean;
  /** Apply migrations that are older than an applied one, instead of refusing. */
  readonly allowOutOfOrder?: boolean;
  /** Apply what is needed of other projects first, each under its own lock and history. */
  readonly withDependencies?: boolean;
  /** Only the databases and tenants that an earlier run failed on. */
  readonly onlyFailed?: boolean;
  /** How many tenants at once. */
  readonly concurrency?: number;
  /** The tenant that goes first and alone. */
  readonly canary?: string | number;
  /** Begin no further tenant after so many failures. */
  readonly stopAfter?: number;
}
