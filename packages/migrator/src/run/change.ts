import type { Database } from '../database/database';
import type { History } from '../history/history';
import type { Session } from '../database/database';
import type { MigratorError } from '../errors';
import type {
  ClaimedRunner,
  MigrationState,
  NewHistoryEntry,
  StatementRecord,
} from '../history/entry';
import type { Migration, MigrationContext } from '../migration/types';
import type { LockedConnection } from './connection';
import type { EarlierAttempts } from './earlier-attempts';
import type { RunListener } from './events';
import type { Target } from '../target';
import type { MigrationHandle } from './migration-handle';
import type { MessageLog } from './message-log';
import { ScriptProgress } from './script-progress';
import type { MigrationLimits } from './transaction';
import type { Turns } from './turns';

/** What every change of a run shares. */
export interface RunScope {
  readonly runId: string;
  readonly environment: string;
  /** What the run works on, for the commands in its guidance. */
  readonly target: Target;
  readonly claimed: ClaimedRunner;
  readonly connection: LockedConnection;
  readonly database: Database;
  readonly openHistory: (session: Session) => History;
  readonly limitsOf: (migration: Migration) => MigrationLimits;
  /** How often a migration is run again after a lock timeout, a deadlock or a concurrent change. */
  readonly lockRetries: number;
  /** Runs that met on a shared object take turns in their further attempts. Shared by the tenants of one command. */
  readonly retryTurns: Turns;
  /** Milliseconds to go on trying to reach a server that went away during COMMIT. */
  readonly reconnectMs: number;
  readonly onEvent: RunListener;
  readonly signal: AbortSignal;
}

/** One migration to apply or to revert: the two differ only in what is called and which state it leaves. */
export interface Change {
  readonly action: 'apply' | 'revert';
  readonly migration: Migration;
  /** The number of the first history row that this change writes. */
  readonly attempt: number;
  /** What earlier attempts of the same change have left. */
  readonly earlier: EarlierAttempts;
  /** What the server says meanwhile. */
  readonly messages: MessageLog;
  /** What the history's newest row of this change says. Results say the same. */
  readonly recorded: RecordedTime;
  /** Whether a name may be truncated. */
  readonly acceptsTruncated: (name: string) => boolean;
  /** The state after success, and after a failure that left nothing behind. */
  readonly states: { readonly done: MigrationState; readonly failed: MigrationState };
  /** Calls the migration's functions; returns the rollback data as JSON text. */
  call(handle: MigrationHandle, context: MigrationContext): Promise<string | undefined>;
}

/** The time that a row has, in whole milliseconds; `undefined` until there is a row. */
export interface RecordedTime {
  executionTimeMs: number | undefined;
}

/** How a change failed. */
export interface ChangeFailure {
  readonly kind: 'failed';
  readonly error: MigratorError;
  /** What became of the automatic revert that `onFailure: 'revert'` asks for; or that the change was never begun. */
  readonly aftermath?: 'reverted' | 'revertFailed' | 'notBegun';
}

/** How a change ended. */
export type ChangeOutcome = { readonly kind: 'done' } | ChangeFailure;

/** What differs between the rows of one change. */
export interface RowFacts {
  readonly state: MigrationState;
  readonly success: boolean;
  readonly attempt: number;
  readonly executionTimeMs: number;
  readonly rollbackData: string | undefined;
  readonly error: MigratorError | undefined;
  readonly finishedStatements: number;
  readonly finishedStatement?: StatementRecord;
}

/**
 * The progress of a change's scripts at the beginning of an attempt.
 *
 * @throws {MigratorError} `SCRIPT_CHANGED` if it cannot be told which statements have finished
 */
export function scriptProgress({ migration, earlier }: Change): ScriptProgress {
  const { id, version, file } = migration;
  return new ScriptProgress({ id, version, checksum: file.checksum, path: file.path }, earlier);
}

/** The history row of a change. */
export function historyRow(scope: RunScope, change: Change, facts: RowFacts): NewHistoryEntry {
  const { migration } = change;
  const executionTimeMs = Math.round(facts.executionTimeMs);
  change.recorded.executionTimeMs = executionTimeMs;
  return {
    id: migration.id,
    project: migration.project,
    version: migration.version,
    name: migration.name,
    description: migration.description,
    checksum: migration.file.checksum,
    action: change.action,
    runId: scope.runId,
    environment: scope.environment,
    dependencies: migration.dependencies,
    claimed: scope.claimed,
    ...facts,
    executionTimeMs,
    error: facts.error && {
      code: facts.error.code,
      message: storable(facts.error.message),
      stack: facts.error.stack && storable(facts.error.stack),
    },
  };
}

/** Without NUL characters, which Postgres cannot store: a failure must be recorded whatever was thrown. */
function storable(text: string): string {
  return text.replaceAll('\0', '\ufffd');
}
