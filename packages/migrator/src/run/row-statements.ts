import { quoteIdentifier } from '../database/identifier';
import { MigratorError } from '../errors';
import type { ColumnValues } from '../migration/types';
import type { ColumnTypes } from './column-types';
import { encodeFor, encodeUntyped, UnfitValue } from './encode-value';

/** One statement with its parameters. */
export interface Statement {
  readonly sql: string;
  readonly params: readonly unknown[];
}

/** A table, as the migration names it, with the types of its columns. */
export interface TypedTable {
  readonly name: string;
  readonly columns: ColumnTypes;
}

/** The wire protocol counts parameters in 16 bits. */
const MAX_PARAMETERS = 65_535;

/**
 * INSERT statements for rows that all have the same columns, as few as the protocol's limit of parameters allows. An
 * `undefined` value takes the column's default. A generated column is computed again, whatever the row has for it. An identity
 * column GENERATED ALWAYS takes the value of the row.
 *
 * @throws {MigratorError} `INVALID_ARGUMENT` where the rows differ in their columns, or a value does not fit its column
 */
export function insertStatements(table: TypedTable, rows: readonly ColumnValues[]): Statement[] {
  const [first] = rows;
  if (first === undefined) return [];
  const columns = Object.keys(first);
  const shape = JSON.stringify([...columns].sort());
  const odd = rows.findIndex((row) => JSON.stringify(Object.keys(row).sort()) !== shape);
  if (odd !== -1) {
    throw new MigratorError(
      'INVALID_ARGUMENT',
      `db.insert('${table.name}') was given rows with different columns: row 1 has ${columns.join(', ')}, row ${odd + 1} has ${Object.keys(rows[odd] ?? {}).join(', ')}.`,
      {
        hint: 'Give every row the same columns: null where there is no value, undefined for the default.',
      },
    );
  }
  const target = quoteTable(table.name);
  if (columns.length === 0) {
    return rows.map(() => ({
      sql: `INSERT INTO ${target} DEFAULT VALUES RETURNING *`,
      params: [],
    }));
  }
  const overriding = columns.some((name) => setsIdentity(table, rows, name))
    ? 'OVERRIDING SYSTEM VALUE '
    : '';
  const head = `INSERT INTO ${target} (${columns.map(quoteIdentifier).join(', ')}) ${overriding}VALUES `;
  const rowsEach = Math.max(1, Math.floor(MAX_PARAMETERS / columns.length));
  const statements: Statement[] = [];
  for (let start = 0; start < rows.length; start += rowsEach) {
    const call = new Parameters(table, 'insert');
    const tuples = rows
      .slice(start, start + rowsEach)
      .map((row) => `(${columns.map((name) => call.valueOrDefault(name, row[name])).join(', ')})`);
    statements.push({ sql: `${head}${tuples.join(', ')} RETURNING *`, params: call.params });
  }
  return statements;
}

/**
 * SELECT of the rows that equal `where`; of all rows where it is empty.
 *
 * @throws {MigratorError} `INVALID_ARGUMENT` for `undefined` in `where`, or a value that does not fit its column
 */
export function selectStatement(table: TypedTable, where: ColumnValues): Statement {
  const call = new Parameters(table, 'select');
  const sql = `SELECT * FROM ${quoteTable(table.name)}${call.conditions(where)}`;
  return { sql, params: call.params };
}

/** @throws {MigratorError} `INVALID_ARGUMENT` for empty `values` or `where`, or as {@link selectStatement} */
export function updateStatement(
  table: TypedTable,
  values: ColumnValues,
  where: ColumnValues,
): Statement {
  requireSome('update', table.name, 'value', values);
  requireSome('update', table.name, 'condition', where);
  const call = new Parameters(table, 'update');
  const set = Object.entries(values)
    .map(([name, value]) => `${quoteIdentifier(name)} = ${call.value(name, value)}`)
    .join(', ');
  const sql = `UPDATE ${quoteTable(table.name)} SET ${set}${call.conditions(where)} RETURNING *`;
  return { sql, params: call.params };
}

/** @throws {MigratorError} `INVALID_ARGUMENT` for an empty `where`, or as {@link selectStatement} */
export function deleteStatement(table: TypedTable, where: ColumnValues): Statement {
  requireSome('delete', table.name, 'condition', where);
  const call = new Parameters(table, 'delete');
  const sql = `DELETE FROM ${quoteTable(table.name)}${call.conditions(where)} RETURNING *`;
  return { sql, params: call.params };
}

/** A table's name as SQL; a point separates the schema. */
export function quoteTable(table: string): string {
  return table.split('.').map(quoteIdentifier).join('.');
}

/** The parameters of one statement, in the order of their placeholders. */
class Parameters {
  readonly params: unknown[] = [];

  constructor(
    private readonly table: TypedTable,
    private readonly verb: string,
  ) {}

  valueOrDefault(column: string, value: unknown): string {
    return value === undefined ? 'DEFAULT' : this.value(column, value);
  }

  value(column: string, value: unknown): string {
    if (this.table.columns.get(column)?.generated === 'expression') return 'DEFAULT';
    return this.placeholder('value', column, value);
  }

  conditions(where: ColumnValues): string {
    const parts = Object.entries(where).map(([column, value]) =>
      value === null
        ? `${quoteIdentifier(column)} IS NULL`
        : `${quoteIdentifier(column)} = ${this.placeholder('condition', column, value)}`,
    );
    return parts.length === 0 ? '' : ` WHERE ${parts.join(' AND ')}`;
  }

  private placeholder(what: 'value' | 'condition', column: string, value: unknown): string {
    if (value === undefined) throw this.undefinedIn(what, column);
    this.params.push(this.encode(what, column, value));
    return `$${this.params.length}`;
  }

  private encode(what: 'value' | 'condition', column: string, value: unknown): unknown {
    const type = this.table.columns.get(column);
    if (type === undefined) return encodeUntyped(value);
    try {
      return encodeFor(type, value);
    } catch (error) {
      if (!(error instanceof UnfitValue)) throw error;
      const list = Array.isArray(value) && what === 'condition';
      throw new MigratorError(
        'INVALID_ARGUMENT',
        `db.${this.verb}('${this.table.name}'): column ${column} (${type.name}) ${error.message}.`,
        {
          hint: list
            ? `For one of several values write SQL: db.query('… WHERE ${column} = ANY($1)', [list]).`
            : 'Pass a value that the column can hold.',
        },
      );
    }
  }

  private undefinedIn(what: 'value' | 'condition', column: string): MigratorError {
    return new MigratorError(
      'INVALID_ARGUMENT',
      `db.${this.verb}('${this.table.name}'): the ${what} of column ${column} is undefined.`,
      {
        hint:
          what === 'condition'
            ? 'Pass null for IS NULL, or leave the column out to match any value.'
            : 'Pass null for NULL, or leave the column out to keep its value.',
      },
    );
  }
}

function setsIdentity(table: TypedTable, rows: readonly ColumnValues[], column: string): boolean {
  const isIdentity = table.columns.get(column)?.generated === 'identity';
  return isIdentity && rows.some((row) => row[column] !== undefined);
}

function requireSome(verb: string, table: string, what: string, values: ColumnValues): void {
  if (Object.keys(values).length > 0) return;
  throw new MigratorError(
    'INVALID_ARGUMENT',
    `db.${verb}('${table}') needs at least one ${what}.`,
    {
      hint: `To ${verb} every row, write the SQL: db.query('…').`,
    },
  );
}
