import type { TransactionStatus } from '../database/database';
import { MigratorError } from '../errors';
import { tryParseSql } from './parse-sql';
import { controlsTransaction } from './transaction-rules';

/** Words without which a statement cannot end or begin a transaction: what lacks them is not parsed at all. */
const SUSPECT = /\b(?:begin|start|commit|end|rollback|abort|prepare|savepoint|release)\b/i;

/**
 * Command tags that prove, after the fact, that a transaction ended or another began. ROLLBACK is not among them: it is the
 * tag of ROLLBACK TO SAVEPOINT as well. `pg` gives only the first word of a tag.
 */
const CONTROL_TAGS = new Set(['BEGIN', 'START', 'START TRANSACTION', 'COMMIT']);

/** Whether SQL has a word without which it can neither begin nor end a transaction or a part of one. */
export function mayControlTransaction(sql: string): boolean {
  return SUSPECT.test(sql);
}

/**
 * Refuses SQL that would begin or end a transaction, before it is sent. The parser is asked only where a word of the SQL
 * makes it possible, so that ordinary statements cost nothing.
 *
 * @throws {MigratorError} `TRANSACTION_CONTROL`
 */
export async function refuseTransactionControl(sql: string): Promise<void> {
  if (!SUSPECT.test(sql)) return;
  const statements = await tryParseSql(sql);
  const control = statements?.find(controlsTransaction);
  if (control)
    throw transactionControl(control.sql, 'It was not sent; nothing of the migration is kept.');
}

/**
 * Whether an answer says that the transaction is no longer the runner's. An end that shows in neither, as in
 * `COMMIT; BEGIN; SELECT 1`, is found when the history row is written: the mark of the transaction is gone then.
 *
 * @param command tag of the last statement
 */
export function endsTransaction(command: string, status: TransactionStatus): boolean {
  return CONTROL_TAGS.has(command) || status === 'idle';
}

/** The error for a migration that takes its transaction into its own hands. */
export function transactionControl(statement: string, outcome: string): MigratorError {
  return new MigratorError(
    'TRANSACTION_CONTROL',
    `The migration runs "${statement.slice(0, 60)}" inside the transaction that holds the change and its history together. ${outcome}`,
    {
      hint: 'Remove it: the runner begins and commits. For work that must commit in between, set transaction: false.',
    },
  );
}
