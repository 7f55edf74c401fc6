import type { Change, JoinedTable } from '../change';
import { sqlName } from '../sql-name';
import { exists, query, sqlFunctions, type MigrationBody } from './body';

type TableChange = Extract<
  Change,
  | { readonly kind: 'create-table' }
  | { readonly kind: 'drop-table' }
  | { readonly kind: 'create-join-table' }
>;

/** CREATE TABLE, or a table that is put aside. */
export function tableBody(change: TableChange, version: string): MigrationBody {
  if (change.kind === 'drop-table') return dropTable(sqlName(change.table), version);
  const table = sqlName(change.table);
  const columns = change.kind === 'create-table' ? plainColumns() : joinColumns(change.sides);
  return {
    transaction: 'own',
    ...sqlFunctions({
      remark: columns.remark,
      up: [`CREATE TABLE ${table} (`, ...columns.lines.map((line) => `  ${line}`), ')'],
      rollback: `DROP TABLE ${table}`,
    }),
    validate: exists(table),
  };
}

interface Columns {
  readonly remark: string;
  readonly lines: readonly string[];
}

function plainColumns(): Columns {
  return {
    remark: 'The columns to begin with: add yours.',
    lines: [
      'id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,',
      'created_at timestamptz NOT NULL DEFAULT now()',
    ],
  };
}

function joinColumns(sides: readonly [JoinedTable, JoinedTable]): Columns {
  const remark = sides.some(({ references }) => references === undefined)
    ? 'No migration of this project creates every table that is joined: add REFERENCES.'
    : 'Check the columns.';
  const column = ({ column: name, references }: JoinedTable) =>
    `${sqlName(name)} bigint NOT NULL${references === undefined ? '' : ` REFERENCES ${sqlName(references)} (id) ON DELETE CASCADE`},`;
  const key = sides.map(({ column: name }) => sqlName(name)).join(', ');
  return { remark, lines: [...sides.map(column), `PRIMARY KEY (${key})`] };
}

/** Keeps rows, indexes, constraints, privileges and the foreign keys of other tables, so that `down` restores the table exactly. */
function dropTable(table: string, version: string): MigrationBody {
  const schema = `dropped_${version}`;
  return {
    transaction: 'own',
    up: {
      parameters: 'db',
      lines: [
        '// DROP TABLE would lose the rows, and down could not restore them. This puts the table aside with all',
        `// that belongs to it. Once no rollback is needed, a later migration runs: DROP SCHEMA ${schema} CASCADE`,
        'const { rows } = await db.query<{ schema: string }>(`',
        `  SELECT relnamespace::regnamespace::text AS schema FROM pg_class WHERE oid = '${table}'::regclass`,
        '`);',
        `await db.query('CREATE SCHEMA ${schema}');`,
        ...query([`ALTER TABLE ${table} SET SCHEMA ${schema}`]),
        '// Stored with the history as JSON; down gets it back.',
        'return { schema: rows[0]?.schema };',
      ],
    },
    down: {
      parameters: 'db, _agent, rollbackData',
      lines: [
        ...query([`ALTER TABLE ${schema}.${table} SET SCHEMA \${rollbackData.schema}`]),
        `await db.query('DROP SCHEMA ${schema}');`,
      ],
    },
    validate: [`SELECT to_regclass('${schema}.${table}') IS NOT NULL AS valid`],
  };
}
