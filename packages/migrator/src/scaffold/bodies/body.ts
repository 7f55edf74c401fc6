import { textProperty } from '../typescript-text';

/** A function of a migration: its parameters and its statements, one line per element, without the file's indentation. */
export interface FunctionText {
  readonly parameters: string;
  readonly lines: readonly string[];
}

/** What a new migration does, as text. */
export interface MigrationBody {
  /** Why the file must not run before it is edited; absent for a body that is complete. */
  readonly notWritten?: string;
  /** `none` for SQL that Postgres refuses inside a transaction. */
  readonly transaction: 'own' | 'none';
  /** A comment above `transaction: false`. */
  readonly transactionNote?: string;
  readonly up: FunctionText;
  /** Absent where nothing that is certain undoes the change: a rollback is then refused with `NO_DOWN`. */
  readonly down?: FunctionText;
  /** A comment in place of an absent `down`. */
  readonly noDown?: readonly string[];
  /** A query with one row and one boolean column `valid`. */
  readonly validate?: readonly string[];
}

/** Of the statements in a function of a migration. */
const FUNCTION_INDENT = 4;

/** A change that one piece of SQL makes and another one undoes. */
export interface SqlChange {
  /** Says, above the SQL, what the author has to check. */
  readonly remark: string;
  readonly up: readonly string[];
  /** One line. `up` returns it, and `down` runs it. */
  readonly rollback: string;
}

/** `up` and `down` of a change in SQL. */
export function sqlFunctions({
  remark,
  up,
  rollback,
}: SqlChange): Pick<MigrationBody, 'up' | 'down'> {
  return {
    up: {
      parameters: 'db',
      lines: [
        `// ${remark}`,
        ...query(up),
        '// Stored with the history as JSON; down gets it back.',
        'return {',
        ...textProperty('rollback_instructions', rollback, '      ')
          .split('\n')
          .map((line) => line.slice(FUNCTION_INDENT)),
        '};',
      ],
    },
    down: {
      parameters: 'db, _agent, rollbackData',
      lines: ['await db.query(rollbackData.rollback_instructions);'],
    },
  };
}

/** A statement that sends SQL. The lines consist of names and keywords only, so nothing has to be escaped. */
export function query(sql: readonly string[]): readonly string[] {
  return ['await db.query(`', ...sql.map((line) => `  ${line}`), '`);'];
}

/** Whether a table has all of these columns. */
export function hasColumns(
  table: string,
  columns: readonly string[],
  wanted: number,
): readonly string[] {
  return [
    `SELECT count(*) = ${wanted} AS valid`,
    'FROM pg_attribute',
    `WHERE attrelid = to_regclass('${table}')`,
    `  AND attname IN (${columns.map((name) => `'${name}'`).join(', ')})`,
    '  AND NOT attisdropped',
  ];
}

/** Whether a table or view exists. */
export function exists(table: string): readonly string[] {
  return [`SELECT to_regclass('${table}') IS NOT NULL AS valid`];
}
