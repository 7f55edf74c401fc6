import type { CommonOptions } from '../shared/options';

/** Options of the `migrate` executor. */
export interface MigrateExecutorSchema extends CommonOptions {
  /** The last version to apply; its dependencies come along. */
  readonly to?: string | number;
  /** Show what would be applied, and apply nothing. */
  readonly dryRun?: boolean;
  /** Apply all that is pending in one transaction. */
  readonly singleTransaction?: boolean;
  /** Apply migrations that are older than an applied one, instead of refusing. */
  readonly allowOutOfOrder?: boolean;
  /** How long to wait for another runner: `30s`, `2m`, milliseconds as a number. */
  readonly lockWait?: string | number;
}
