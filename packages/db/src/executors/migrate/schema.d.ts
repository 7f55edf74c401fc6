import type { CommonOptions, DurationOptions } from '../shared/options';

/** Options of the `migrate` executor. */
export interface MigrateExecutorSchema extends CommonOptions, DurationOptions {
  /** The last version to apply; its dependencies come along. */
  readonly to?: string | number;
  /** Show what would be applied, and apply nothing. */
  readonly dryRun?: boolean;
  /** Apply all that is pending in one transaction. */
  readonly singleTransaction?: boolean;
  /** Apply migrations that are older than an applied one, instead of refusing. */
  readonly allowOutOfOrder?: boolean;
}
