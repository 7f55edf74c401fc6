import type { GivenNames } from '@flashfusion/migrator';

/** What executors that change a database take over the configuration: `30s`, `2m`, or milliseconds as a number. */
export interface DurationOptions {
  /** How long to wait for another runner of the same project. */
  readonly lockWait?: string | number;
  /** How long a statement may wait for a lock. */
  readonly lockTimeout?: string | number;
  /** How long a statement may run. */
  readonly statementTimeout?: string | number;
}

/** What all executors take. */
export interface CommonOptions {
  /** Environment; else the configuration's, else `NODE_ENV`, else `development`. */
  readonly environment?: string;
  /** Names of the environment's databases, lists of them or patterns; all of them when absent. */
  readonly database?: GivenNames;
  /** The same for the environment's tenants. */
  readonly tenant?: GivenNames;
  /** What to do when the environment has no such database. */
  readonly unknownDatabase?: 'refuse' | 'skip';
  /** One JSON document on standard output; everything else goes to standard error. */
  readonly json?: boolean;
  /** Tell causes and stacks of errors. */
  readonly verbose?: boolean;
}

/** Where executors write reports, and where `status` reads those of earlier runs. */
export interface ReportOptions {
  /** Folder of report files, relative to the workspace; none are written or read without it. */
  readonly reportFolder?: string;
}

/** The text of an option that takes any name. Nx makes a number of a name of digits. */
export function nameText(name: string | number | undefined): string | undefined {
  return name === undefined ? undefined : String(name);
}
