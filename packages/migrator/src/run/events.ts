import type { ConnectionTarget } from '../database/database';
import type { MigratorError } from '../errors';
import type { MigrationId } from '../migration/types';

/** Who holds the lock that a runner waits for, as the server knows it. */
export interface LockHolder {
  readonly pid: number;
  readonly applicationName: string;
  readonly user: string | undefined;
  /** ISO 8601: since when its session exists. */
  readonly since: string | undefined;
}

/** What happens in a run, as it happens. Durations are in milliseconds. */
export type RunEvent =
  | {
      readonly type: 'connecting';
      readonly project: string;
      readonly environment: string;
      readonly target: ConnectionTarget;
    }
  | {
      readonly type: 'waiting-for-runner';
      readonly project: string;
      readonly holder: LockHolder | undefined;
    }
  | {
      readonly type: 'run-started';
      readonly runId: string;
      readonly action: 'apply' | 'revert';
      readonly total: number;
    }
  | {
      readonly type: 'migration-started';
      readonly id: MigrationId;
      readonly name: string;
      readonly action: 'apply' | 'revert';
      readonly index: number;
      readonly total: number;
    }
  | {
      readonly type: 'migration-log';
      readonly id: MigrationId;
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly message: string;
    }
  | {
      readonly type: 'migration-progress';
      readonly id: MigrationId;
      readonly elapsedMs: number;
      /** What the server says it is doing, e.g. `CREATE INDEX: building index, 40 %`; `undefined` for a mere heartbeat. */
      readonly detail: string | undefined;
    }
  | {
      readonly type: 'migration-waiting';
      readonly id: MigrationId;
      readonly elapsedMs: number;
      readonly blockedBy: readonly LockHolder[];
    }
  | {
      readonly type: 'migration-retrying';
      readonly id: MigrationId;
      readonly error: MigratorError;
      readonly retry: number;
      readonly retries: number;
      readonly pauseMs: number;
    }
  | {
      readonly type: 'migration-finished';
      readonly id: MigrationId;
      readonly name: string;
      readonly action: 'apply' | 'revert';
      readonly durationMs: number;
      readonly index: number;
      readonly total: number;
    }
  | {
      readonly type: 'migration-failed';
      readonly id: MigrationId;
      readonly name: string;
      readonly action: 'apply' | 'revert';
      readonly durationMs: number;
      readonly error: MigratorError;
    }
  | { readonly type: 'reconnecting'; readonly id: MigrationId; readonly why: string };

/** Receives events. What it throws is ignored: telling must never break a run. */
export type RunListener = (event: RunEvent) => void;
