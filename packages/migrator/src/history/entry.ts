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
  /** For `transaction: false`: how many statements of `db.script` had finished. */
  readonly finishedStatements: number;
  /** SHA-256 over those statements, so that a script that begins differently now is not resumed behind them. */
  readonly finishedDigest: string | undefined;
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
  /** SHA-256 over those statements, so that a script that begins differently now is not resumed behind them. */
  readonly finishedDigest: string | undefined;
}

/** The highest attempt that a run can reach. A higher one in the table was put there by hand. */
export const HIGHEST_ATTEMPT = 1_000_000_000;

/** The attempt of the next row of a migration, behind its latest one. */
export function nextAttempt(latest: Pick<HistoryEntry, 'attempt'> | undefined): number {
  const attempt = latest?.attempt ?? 0;
  return attempt >= 1 && attempt < HIGHEST_ATTEMPT ? attempt + 1 : 1;
}
