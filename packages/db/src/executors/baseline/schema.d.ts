import type { CommonOptions } from '../shared/options';

/** Options of the `baseline` executor. */
export interface BaselineExecutorSchema extends CommonOptions {
  /** The last version that the database has. */
  readonly to: string | number;
  /** Show what would be marked, and mark nothing. */
  readonly dryRun?: boolean;
  /** The environment's name, which a protected database requires. */
  readonly confirm?: string | number;
  /** How long to wait for another runner of the same project. */
  readonly lockWait?: string | number;
}
