import type { MigratorError } from '../errors';
import type { MigrationId } from '../migration/types';
import type { ServerMessage, ServerMessages } from '../migration/server-messages';
import type { ResultContext, TenantOutcome } from './result';

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
  | ({ readonly type: 'connecting' } & ResultContext)
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
      /** A message of the server, as it arrives. There is no event for those that are only counted. */
      readonly type: 'migration-message';
      readonly id: MigrationId;
      readonly message: ServerMessage;
      /** Which of its class it is (warnings; notices and infos; logs and debug), from 1. */
      readonly nth: number;
    }
  | {
      /** All messages of the server to one migration, when it ends. */
      readonly type: 'migration-messages';
      readonly id: MigrationId;
      readonly messages: ServerMessages;
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
  | {
      readonly type: 'tenants-found';
      readonly total: number;
      /** How many have everything applied already. */
      readonly upToDate: number;
    }
  | {
      /** The server accepts no more connections, so fewer tenants than requested are worked on at once. Emitted once. */
      readonly type: 'connections-limited';
      /** What was requested. */
      readonly concurrency: number;
    }
  | {
      readonly type: 'tenant-started';
      readonly tenant: string;
      /** The canary goes alone, before all others. One that is refused is followed by the next. */
      readonly role: 'canary' | 'ordinary';
    }
  | {
      /** What happens in one tenant of those that are worked on at the same time. */
      readonly type: 'tenant-event';
      readonly tenant: string;
      readonly event: RunEvent;
    }
  | {
      readonly type: 'tenant-finished';
      readonly tenant: string;
      readonly status: TenantOutcome['status'];
      readonly durationMs: number;
      /** How many are finished by now, this one included, of those that have something to do. */
      readonly finished: number;
      readonly total: number;
    }
  | { readonly type: 'reconnecting'; readonly id: MigrationId; readonly why: string };

/** Receives events. What it throws is ignored: telling must never break a run. */
export type RunListener = (event: RunEvent) => void;
