import { sqlName } from '../sql-name';
import { hasColumns, sqlFunctions, type MigrationBody } from './body';

/** ALTER TABLE … ADD COLUMN, with types guessed from the names. */
export function columnBody(change: {
  readonly table: string;
  readonly columns: readonly string[];
}): MigrationBody {
  const table = sqlName(change.table);
  const names = change.columns.map(sqlName);
  const additions = change.columns.map(
    (name) => `  ADD COLUMN ${sqlName(name)} ${likelyType(name)}`,
  );
  return {
    transaction: 'own',
    ...sqlFunctions({
      remark: 'The types are guesses from the names: set yours.',
      up: [`ALTER TABLE ${table}`, ...additions.join(',\n').split('\n')],
      rollback: `ALTER TABLE ${table} ${names.map((name) => `DROP COLUMN ${name}`).join(', ')}`,
    }),
    validate: hasColumns(table, change.columns, names.length),
  };
}

/** A type that a column of this name mostly has. Constants as defaults do not rewrite the table. */
function likelyType(column: string): string {
  if (/_at$/.test(column)) return 'timestamptz';
  if (/_(?:on|date)$/.test(column)) return 'date';
  if (/_id$/.test(column)) return 'bigint';
  if (/^(?:is|has|can)_/.test(column)) return 'boolean NOT NULL DEFAULT false';
  if (/_count$/.test(column)) return 'integer NOT NULL DEFAULT 0';
  return 'text';
}
