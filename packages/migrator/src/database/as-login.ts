import type { QueryResult, Session } from './database';
import { inlineParameters } from './inline-parameters';

/**
 * Runs a statement as the user who logged in, whatever role a migration has set, in one message. Outside a transaction, the
 * migration's role is in force again afterwards; inside one, the login user stays to its end.
 *
 * @param sql as {@link inlineParameters} takes it
 */
export function queryAsLogin<Row = Record<string, unknown>>(
  session: Session,
  sql: string,
  params: readonly (string | null)[],
): Promise<QueryResult<Row>> {
  // A migration may have made read-only the default. Inside its own transaction that is its decision.
  const mode =
    session.transactionStatus === 'idle' ? 'SET LOCAL transaction_read_only TO off; ' : '';
  return session.query<Row>(`${mode}${session.asLoginSql}; ${inlineParameters(sql, params)}`);
}
