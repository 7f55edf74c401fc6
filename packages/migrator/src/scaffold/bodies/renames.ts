import type { Change } from '../change';
import { sqlName } from '../sql-name';
import { exists, hasColumns, sqlFunctions, type MigrationBody } from './body';

type Rename = Extract<Change, { readonly kind: 'rename-table' | 'rename-column' }>;

/** ALTER TABLE … RENAME. */
export function renameBody(change: Rename): MigrationBody {
  const [from, to] = [sqlName(change.from), sqlName(change.to)];
  const remark = 'Code that still uses the old name fails once this is applied.';
  if (change.kind === 'rename-table') {
    return {
      transaction: 'own',
      ...sqlFunctions({
        remark,
        up: [`ALTER TABLE ${from} RENAME TO ${to}`],
        rollback: `ALTER TABLE ${to} RENAME TO ${from}`,
      }),
      validate: exists(to),
    };
  }
  const table = sqlName(change.table);
  return {
    transaction: 'own',
    ...sqlFunctions({
      remark,
      up: [`ALTER TABLE ${table} RENAME COLUMN ${from} TO ${to}`],
      rollback: `ALTER TABLE ${table} RENAME COLUMN ${to} TO ${from}`,
    }),
    validate: hasColumns(table, [change.to], 1),
  };
}
