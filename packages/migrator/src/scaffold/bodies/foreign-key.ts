import { constraintName, sqlName } from '../sql-name';
import { sqlFunctions, type MigrationBody } from './body';

/** ALTER TABLE … ADD FOREIGN KEY, on the referenced table's `id`. */
export function foreignKeyBody(change: {
  readonly table: string;
  readonly column: string;
  readonly references: string;
}): MigrationBody {
  const [table, column] = [sqlName(change.table), sqlName(change.column)];
  const constraint = constraintName(change.table, change.column, 'fkey');
  return {
    transaction: 'own',
    ...sqlFunctions({
      remark: 'Check the columns. It fails if rows refer to ids that do not exist.',
      up: [
        `ALTER TABLE ${table}`,
        `  ADD CONSTRAINT ${sqlName(constraint)}`,
        `  FOREIGN KEY (${column}) REFERENCES ${sqlName(change.references)} (id)`,
      ],
      rollback: `ALTER TABLE ${table} DROP CONSTRAINT ${sqlName(constraint)}`,
    }),
    validate: [
      'SELECT count(*) = 1 AS valid',
      'FROM pg_constraint',
      `WHERE conrelid = to_regclass('${table}')`,
      `  AND conname = '${constraint}' AND convalidated`,
    ],
  };
}
