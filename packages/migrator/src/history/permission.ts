import type { Session } from '../database/database';
import { sqlState } from '../database/failure';
import { describeThrown, MigratorError } from '../errors';
import type { HistoryTables } from './tables';

/** Turns Postgres's 42501 into an error that says what to grant; gives every other error back as it is. */
export function explainDenied(error: unknown, session: Session, tables: HistoryTables): unknown {
  if (sqlState(error) !== '42501') return error;
  const reason = (error as { message?: unknown }).message;
  return new MigratorError(
    'PERMISSION_DENIED',
    `Database user ${session.server.user} may not use the migration history in schema ${tables.quotedSchema}: ${describeThrown(reason)}.`,
    {
      hint:
        `Let the schema's owner run the first migration (it needs CREATE on schema ${tables.quotedSchema}); ` +
        `afterwards USAGE on the schema, and SELECT and INSERT on ${tables.history}, ${tables.chain} and ${tables.database}, are enough.`,
      cause: error,
    },
  );
}
