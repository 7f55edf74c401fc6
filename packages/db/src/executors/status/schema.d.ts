import type { CommonOptions, ReportOptions } from '../shared/options';

/** Options of the `status` executor. */
export interface StatusExecutorSchema extends CommonOptions, ReportOptions {
  /** Fail when a migration is pending, failed or drifted, or when a row of the history was edited or deleted. */
  readonly check?: boolean;
}
