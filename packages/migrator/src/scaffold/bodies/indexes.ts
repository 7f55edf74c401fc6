import { indexName, sqlName, uniqueIndexName } from '../sql-name';
import { sqlFunctions, type MigrationBody } from './body';

/** CREATE INDEX CONCURRENTLY, without a transaction. */
export function indexBody(change: {
  readonly kind: 'create-index' | 'create-unique-index';
  readonly table: string;
  readonly columns: readonly string[];
}): MigrationBody {
  const unique = change.kind === 'create-unique-index';
  const [table, columns] = [sqlName(change.table), change.columns.map(sqlName).join(', ')];
  const joined = change.columns.join('_');
  const index = sqlName(
    unique ? uniqueIndexName(change.table, joined) : indexName(change.table, joined),
  );
  return {
    transaction: 'none',
    transactionNote: 'CONCURRENTLY does not block writes. Postgres refuses it in a transaction.',
    ...sqlFunctions({
      remark: unique
        ? 'Duplicate values make it fail. The invalid index of a failed attempt is reported.'
        : 'Check the columns. The invalid index of a failed attempt is reported.',
      up: [
        `CREATE ${unique ? 'UNIQUE ' : ''}INDEX CONCURRENTLY ${index}`,
        `  ON ${table} (${columns})`,
      ],
      rollback: `DROP INDEX CONCURRENTLY IF EXISTS ${index}`,
    }),
    validate: [
      'SELECT count(*) = 1 AS valid',
      'FROM pg_index',
      `WHERE indexrelid = to_regclass('${index}') AND indisvalid`,
    ],
  };
}
