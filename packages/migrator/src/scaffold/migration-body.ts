import type { Intent } from './intent';
import { indexName, sqlName } from './sql-name';

/** The SQL and the remarks of a new migration. SQL is one line per element, without indentation of the file. */
export interface MigrationBody {
  /** `none` for what Postgres refuses inside a transaction. */
  readonly transaction: 'own' | 'none';
  readonly up: readonly string[];
  /** What `up` returns and `down` runs. */
  readonly rollback: string;
  /** A query with one row and one boolean column `valid`. */
  readonly validate: readonly string[];
  /** Says, above the SQL, what is left to the author. */
  readonly remark: string;
}

/**
 * The body that a name asks for. It runs, validates and reverts as it is (given that the table is there which it alters);
 * the author fills in the rest.
 *
 * @throws {MigratorError} `IDENTIFIER_TOO_LONG`
 */
export function migrationBody(intent: Intent): MigrationBody {
  if (intent.kind === 'create-table') return createTable(intent.table);
  if (intent.kind === 'add-columns') return addColumns(intent.table, intent.columns);
  if (intent.kind === 'create-index') return createIndex(intent.table, intent.column ?? 'id');
  return neutral();
}

function createTable(name: string): MigrationBody {
  const table = sqlName(name);
  return {
    transaction: 'own',
    remark: 'The columns to begin with: add yours.',
    up: [
      `CREATE TABLE ${table} (`,
      '  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,',
      '  created_at timestamptz NOT NULL DEFAULT now()',
      ')',
    ],
    rollback: `DROP TABLE ${table}`,
    validate: [`SELECT to_regclass('${table}') IS NOT NULL AS valid`],
  };
}

function addColumns(tableName: string, columnNames: readonly string[]): MigrationBody {
  const table = sqlName(tableName);
  const columns = columnNames.map(sqlName);
  const additions = columnNames.map((name) => `  ADD COLUMN ${sqlName(name)} ${likelyType(name)}`);
  return {
    transaction: 'own',
    remark: 'The types are guesses from the names: set yours.',
    up: [`ALTER TABLE ${table}`, ...additions.join(',\n').split('\n')],
    rollback: `ALTER TABLE ${table} ${columns.map((column) => `DROP COLUMN ${column}`).join(', ')}`,
    validate: [
      `SELECT count(*) = ${columns.length} AS valid`,
      'FROM pg_attribute',
      `WHERE attrelid = to_regclass('${table}')`,
      `  AND attname IN (${columnNames.map((name) => `'${name}'`).join(', ')})`,
      '  AND NOT attisdropped',
    ],
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

function createIndex(tableName: string, columnName: string): MigrationBody {
  const [table, column] = [sqlName(tableName), sqlName(columnName)];
  const index = sqlName(indexName(tableName, columnName));
  return {
    transaction: 'none',
    remark:
      'Check the columns. A failed attempt leaves an invalid index, which is found and named.',
    up: [`CREATE INDEX CONCURRENTLY ${index}`, `  ON ${table} (${column})`],
    rollback: `DROP INDEX CONCURRENTLY IF EXISTS ${index}`,
    validate: [
      'SELECT count(*) = 1 AS valid',
      'FROM pg_index',
      `WHERE indexrelid = to_regclass('${index}') AND indisvalid`,
    ],
  };
}

function neutral(): MigrationBody {
  return {
    transaction: 'own',
    remark: 'Write the change here, and below what undoes it. As it stands nothing is changed.',
    up: ['SELECT 1'],
    rollback: 'SELECT 1',
    validate: ['SELECT true AS valid'],
  };
}
