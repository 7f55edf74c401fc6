import type { MigrationId } from '../migration/types';

/** What was attempted. */
export type HistoryAction = 'apply' | 'revert' | 'baseline' | 'repair';

/**
 * The state that a row leaves its migration in. `retired`: applied, and its file was removed on purpose. `running` is written before a migration without a transaction starts:
 * found under the lock, it proves an interruption.
 */
export type MigrationState = 'applied' | 'retired' | 'reverted' | 'failed' | 'running';

/** What went wrong in an attempt. */
export interface RecordedError {
  readonly code: string;
  readonly message: string;
  readonly stack: string | undefined;
}

/** One statement of `db.script`: what it is, and which call sends it. */
interface StatementOfCall {
  /** Number of the call within the attempts that belong together; a resumed call keeps its number. */
  readonly call: number;
  /** Lines of the migration's file that made the call, innermost first, e.g. `12<40`; empty if none is known. */
  readonly site: string;
  /** Which statement of the call, counted from 1. All earlier statements of the call have finished. */
  readonly position: number;
  /** How many statements the call has. */
  readonly of: number;
  /** SHA-256 of the statement's text. */
  readonly digest: string;
  /** SHA-256 over the texts of the call's statements up to this one. */
  readonly chain: string;
  /** The statement for display: one line, shortened, without secrets. */
  readonly text: string;
}

/** A statement that has finished. */
export interface FinishedStatement extends StatementOfCall {
  readonly state?: undefined;
}

/**
 * A statement that is about to be sent and cannot share a transaction with its row. Without a later row of the same call it
 * may have had all of its effect, a part of it, or none.
 */
export interface BegunStatement extends StatementOfCall {
  readonly state: 'begun';
  /** Name of the statement's node in the parse tree, e.g. `IndexStmt`. */
  readonly kind: string;
}

/** What a history row records about a statement. */
export type StatementRecord = FinishedStatement | BegunStatement;

/** Who ran it, as far as only the runner says so. */
export interface ClaimedRunner {
  readonly osUser: string | undefined;
  readonly host: string | undefined;
  readonly gitCommit: string | undefined;
  readonly ciUrl: string | undefined;
}

/** The latest row of a migration: what plans and status are made from. */
export interface HistoryEntry {
  /** `migration_history.id`, a bigint as text. */
  readonly rowId: string;
  readonly id: MigrationId;
  readonly project: string;
  readonly version: string;
  readonly name: string;
  readonly description: string;
  readonly checksum: string;
  /** `sha256` (BOM dropped, CRLF→LF); `legacy` for rows of the original agent, which are not compared. */
  readonly checksumAlgorithm: string;
  readonly action: HistoryAction;
  readonly state: MigrationState;
  readonly success: boolean;
  /** 1 for the first row of a migration in its environment, then one more each. */
  readonly attempt: number;
  readonly runId: string;
  readonly environment: string;
  readonly dependencies: readonly MigrationId[];
  /** ISO 8601, the server's clock. */
  readonly executedAt: string;
  readonly executionTimeMs: number;
  readonly error: RecordedError | undefined;
  /** `session_user`, proven by the server; `undefined` for rows of the original agent. */
  readonly databaseUser: string | undefined;
  readonly claimed: ClaimedRunner;
  readonly agentVersion: string;
  /** For `transaction: false`: how many statements of `db.script` had finished. For display only. */
  readonly finishedStatements: number;
  /** The statement whose end, or begin, the row records. Left out where thousands of rows are read. */
  readonly finishedStatement?: StatementRecord;
  /** The database and tenant that the row was read from, where a command has to name them. No columns. */
  readonly databaseName?: string;
  readonly tenant?: string;
}

/** A row to append. The server adds id, clock, user. */
export interface NewHistoryEntry {
  readonly id: MigrationId;
  readonly project: string;
  readonly version: string;
  readonly name: string;
  readonly description: string;
  readonly checksum: string;
  /** Default `sha256`; `legacy` where the checksum is that of a row of the original agent. */
  readonly checksumAlgorithm?: string;
  readonly action: HistoryAction;
  readonly state: MigrationState;
  readonly success: boolean;
  readonly attempt: number;
  readonly runId: string;
  readonly environment: string;
  readonly dependencies: readonly MigrationId[];
  readonly executionTimeMs: number;
  /** JSON text, `undefined` for none. */
  readonly rollbackData: string | undefined;
  readonly error: RecordedError | undefined;
  readonly claimed: ClaimedRunner;
  readonly finishedStatements: number;
  /** The statement whose end, or begin, the row records; `undefined` in all other rows. */
  readonly finishedStatement?: StatementRecord;
}
