import type { CommonOptions, DurationOptions } from '../shared/options';

/** Options of the `repair` executor: at most one action. */
export interface RepairExecutorSchema extends CommonOptions, DurationOptions {
  /** Name or version of the migration to repair. */
  readonly name?: string | number;
  /** Continue an interrupted migration. */
  readonly resume?: boolean;
  /** Record it as applied. */
  readonly markApplied?: boolean;
  /** Record it as retired: its file is gone, its change stays. */
  readonly markRetired?: boolean;
  /** Record it as reverted. */
  readonly markReverted?: boolean;
  /** Record the new checksum. */
  readonly acceptChecksum?: boolean;
  /** The environment that the database is a restored copy of. */
  readonly adoptEnvironment?: string | number;
  /** Do everything that was shown. */
  readonly yes?: boolean;
  /** Show what would be done, and change nothing. */
  readonly dryRun?: boolean;
  /** The environment's name, which a protected database requires. */
  readonly confirm?: string | number;
}
