import type { ErrorCode } from '../errors';
import { migrateCommands, repairCommand, rollbackCommands, statusCommands } from '../plan/commands';
import type { MigrationId } from '../migration/types';
import type { MigratorErrorShape } from './error-shape';

/** What guidance must know of the migration that failed. */
export interface FailureFacts {
  readonly id: MigrationId;
  readonly name: string;
  readonly action: 'apply' | 'revert';
  readonly mode: 'transaction' | 'no-transaction';
  readonly project: string;
  readonly environment: string;
  readonly databaseName?: string | undefined;
  readonly tenant?: string | undefined;
  /**
   * What became of the automatic revert of a migration with `onFailure: 'revert'`; `notBegun`: the run stopped before this
   * migration, which has no row.
   */
  readonly aftermath?: 'reverted' | 'revertFailed' | 'notBegun';
}

/** What is true of the database after a failure. */
type Aftermath =
  'rolledBack' | 'partlyDone' | 'escaped' | 'unknown' | 'reverted' | 'revertFailed' | 'notBegun';

/** What to do about the cause. Only what the error's own hint, which stands above it, cannot know. */
const CAUSES: Partial<Record<ErrorCode, string>> = {
  VALIDATION_FAILED:
    'Its validate() did not find what it looks for: mend `up`, or `validate` where it asks for the wrong thing.',
  INVALID_ROLLBACK_DATA:
    'Return JSON values, and values of the database as they were read. Select the one that is named as text.',
  UNSUPPORTED_ENCODING: 'Remove SET client_encoding from the migration: files and runner use UTF8.',
  SCRIPT_CHANGED:
    'Compare both sequences above with the database before you change the file or record its state.',
  TRANSACTION_ABORTED:
    'Let errors of db.query pass, or put the statement that may fail behind a SAVEPOINT.',
  TRANSACTION_CONTROL:
    'Take BEGIN, COMMIT and ROLLBACK out of the migration: it has a transaction already.',
  TRANSACTION_ESCAPED:
    'Take COMMIT and ROLLBACK out of it, also out of the functions and procedures that it calls.',
  UNAWAITED_QUERY: 'Put `await` in front of every query.',
  PROCESS_EXIT: 'Take process.exit() out of the migration: throw an error instead.',
  INVALID_INDEX:
    'The index that is named above is there but not used: it is dropped and built anew on the next try.',
  ENUM_VALUE_NOT_COMMITTED: 'Set `transaction: false`, or use the new value in a second migration.',
  MAX_LOCKS_EXCEEDED:
    'Migrate without --single-transaction, or raise max_locks_per_transaction on the server (it needs a restart).',
  LOCK_TIMEOUT: 'Let the session that was in the way finish, or wait for a quiet hour.',
  STATEMENT_TIMEOUT: 'Raise statementTimeout for this migration, or do its work in batches.',
  LOCK_LOST: 'Take pg_advisory_unlock_all() and DISCARD ALL out of the migration.',
  CONNECTION_LOST:
    'Check that the server is up, and that nothing between here and there cuts long connections.',
  PERMISSION_DENIED:
    'Grant the database user the right that is named above, or migrate as the owner of the tables.',
  CONCURRENT_RUN: 'Another runner recorded the same attempt: let it finish before you start again.',
};

/** Failures after which trying again, with nothing changed, is the right thing. */
const WORTH_REPEATING: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'CONNECTION_FAILED',
  'CONNECTION_LOST',
  'LOCK_HELD',
  'LOCK_TIMEOUT',
  'CONCURRENT_CHANGE',
  'CONCURRENT_RUN',
  'QUERY_CANCELED',
  'CANCELLED',
]);

/**
 * What happened to the database when a migration failed, and what to do next: one sentence a line, in order. Decided by
 * the error's code and by whether the migration ran in a transaction, never guessed.
 */
export function recoveryGuidance(
  error: Pick<MigratorErrorShape, 'code'>,
  facts: FailureFacts,
): string[] {
  const cause = CAUSES[error.code];
  return [
    ...aftermathLines(aftermathOf(error.code, facts), facts),
    ...(cause === undefined ? [] : [cause]),
    ...nextLines(error.code, facts),
  ];
}

function aftermathOf(code: ErrorCode, { mode, aftermath }: FailureFacts): Aftermath {
  if (aftermath !== undefined) return aftermath;
  if (code === 'OUTCOME_UNKNOWN') return 'unknown';
  if (code === 'TRANSACTION_ESCAPED') return 'escaped';
  return mode === 'transaction' ? 'rolledBack' : 'partlyDone';
}

function aftermathLines(aftermath: Aftermath, facts: FailureFacts): string[] {
  const { id, action } = facts;
  const stays = action === 'apply' ? 'not applied' : 'still applied';
  switch (aftermath) {
    case 'rolledBack':
      return [
        `The database is as it was before: the transaction was rolled back, and ${id} is ${stays}.`,
      ];
    case 'partlyDone':
      return [
        `${id} runs without a transaction: the statements that finished before the failure stay in the database.`,
      ];
    case 'escaped':
      return [
        `${id} ended its own transaction: what it did up to there is committed, what came after is rolled back.`,
        'Nothing is recorded as done: compare the schema with the migration and undo by hand what is left of it.',
      ];
    case 'notBegun':
      return [
        `The run stopped before ${id}: nothing of it ran, nothing was recorded of it, and it is ${stays}.`,
      ];
    case 'reverted':
      return [
        `${id} runs without a transaction: what it had done was reverted by its own down, and it is not applied.`,
      ];
    case 'revertFailed':
      return [
        `${id} runs without a transaction: a part of it is in the database, and its automatic revert failed as well.`,
        'Both attempts are in the history: compare the schema with the migration before you go on.',
      ];
    case 'unknown':
      return [
        `The connection was lost while ${id} was being committed: nobody knows yet whether it was.`,
        'Do not change anything by hand: the history was written in the same transaction, so it will tell.',
      ];
  }
}

function nextLines(code: ErrorCode, facts: FailureFacts): string[] {
  if (code === 'OUTCOME_UNKNOWN') {
    return [
      `As soon as the server can be reached, look: ${statusCommands(facts)}; then run again.`,
    ];
  }
  const again = runAgain(facts);
  const repeat = WORTH_REPEATING.has(code)
    ? `Run it again: ${again}.`
    : facts.action === 'apply'
      ? `Mend it, then run again: ${again}.`
      : afterFailedRevert(facts);
  if (facts.mode === 'transaction' || code === 'TRANSACTION_ESCAPED') return [repeat];
  if (facts.aftermath === 'reverted' || facts.aftermath === 'notBegun') return [repeat];
  return [
    ...(code === 'LOCK_TIMEOUT' || code === 'CONCURRENT_CHANGE' ? [NOT_RETRIED] : []),
    ...nextWithoutTransaction(facts),
    repeat,
  ];
}

const NOT_RETRIED =
  'It was not tried again by itself, as a transaction is: what its statements have done is not undone, and must not be done twice.';

function nextWithoutTransaction(facts: FailureFacts): string[] {
  const version = versionOf(facts);
  if (facts.action === 'revert') {
    return [
      `Until its revert is finished ${facts.id} is neither applied nor reverted, and migrate refuses to go on.`,
      `If you finished or undid the work by hand, say so: ${repairCommand(facts, version, 'mark-reverted')} or ${repairCommand(facts, version, 'mark-applied')}.`,
    ];
  }
  return [
    'What db.script() had finished is recorded and not run twice; make the rest safe to run again (IF NOT EXISTS).',
    `If you finished or undid the work by hand, say so: ${repairCommand(facts, version, 'mark-applied')} or ${repairCommand(facts, version, 'mark-reverted')}.`,
  ];
}

/** An edited file is refused by the next rollback: these steps are not. */
function afterFailedRevert(facts: FailureFacts): string {
  const version = versionOf(facts);
  const corrected =
    facts.mode === 'transaction' || facts.aftermath === 'notBegun'
      ? `${repairCommand(facts, version, 'accept-checksum')}, then ${runAgain(facts)}`
      : repairCommand(facts, version, 'resume');
  return (
    `If \`down\` is wrong, correct it, then ${corrected}. ` +
    `If something else was wrong, fix that, then run again: ${runAgain(facts)}.`
  );
}

function runAgain(facts: FailureFacts): string {
  return facts.action === 'apply'
    ? migrateCommands(facts)
    : rollbackCommands(facts, versionOf(facts));
}

function versionOf({ id }: FailureFacts): string {
  return id.slice(id.lastIndexOf(':') + 1);
}
