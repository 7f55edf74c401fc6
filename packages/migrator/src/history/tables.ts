import { quoteIdentifier } from '../database/identifier';

/** The tables of a schema, quoted and qualified, ready for SQL and for messages. */
export interface HistoryTables {
  /** The schema's name as configured. */
  readonly schema: string;
  readonly quotedSchema: string;
  /** `"schema".migration_history` */
  readonly history: string;
  /** `"schema".migration_database` */
  readonly database: string;
  /** `"schema".migration_chain` */
  readonly chain: string;
}

/**
 * Names the history's tables in a schema.
 *
 * @throws {MigratorError} `IDENTIFIER_TOO_LONG`, `INVALID_NAME`
 */
export function historyTables(schema: string): HistoryTables {
  const quotedSchema = quoteIdentifier(schema);
  return {
    schema,
    quotedSchema,
    history: `${quotedSchema}.migration_history`,
    database: `${quotedSchema}.migration_database`,
    chain: `${quotedSchema}.migration_chain`,
  };
}
