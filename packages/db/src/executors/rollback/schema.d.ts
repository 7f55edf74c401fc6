import type { CommonOptions } from '../shared/options';

/** Options of the `rollback` executor: one of `name`, `to` and `last`. */
export interface RollbackExecutorSchema extends CommonOptions {
  /** Name or version of the migration to revert. */
  readonly name?: string | number;
  /** Revert everything applied after this version. */
  readonly to?: string | number;
  /** How many to revert, newest first. */
  readonly last?: number;
  /** Show what would be reverted, and revert nothing. */
  readonly dryRun?: boolean;
  /** How long to wait for another runner: `30s`, `2m`, milliseconds as a number. */
  readonly lockWait?: string | number;
}
