import { quoteIdentifier } from '../database/identifier';
import { MigratorError } from '../errors';
import type { ColumnValues } from '../migration/types';

/** One statement with its parameters. */
export interface Statement {
  readonly sql: string;
  readonly params: readonly unknown[];
}

/** The wire protocol counts parameters in 16 bits. */
const MAX_PARAMETERS = 65_535;

/**
 * INSERT statements for rows that all have the same columns, as few as the protocol's limit of parameters allows.
 *
 * @throws {MigratorError} `INVALID_ARGUMENT` where the rows differ in their columns
 */
export function insertStatements(table: string, rows: readonly ColumnValues[]): Statement[] {
  const [first] = rows;
  if (first === undefined) return [];
  const columns = Object.keys(first);
  const shape = [...columns].sort().join();
  const odd = rows.findIndex((row) => Object.keys(row).sort().join() !== shape);
  if (odd !== -1) {
    throw new MigratorError(
      'INVALID_ARGUMENT',
      `db.insert('${table}') was given rows with different columns: row 1 has ${columns.join(', ')}, row ${odd + 1} has ${Object.keys(rows[odd] ?? {}).join(', ')}.`,
      { hint: 'Give every row the same columns, with null where there is no value.' },
    );
  }
  const target = quoteTable(table);
  if (columns.length === 0) {
    return rows.map(() => ({
      sql: `INSERT INTO ${target} DEFAULT VALUES RETURNING *`,
      params: [],
    }));
  }
  const head = `INSERT INTO ${target} (${columns.map(quoteIdentifier).join(', ')}) VALUES `;
  const rowsEach = Math.max(1, Math.floor(MAX_PARAMETERS / columns.length));
  const statements: Statement[] = [];
  for (let start = 0; start < rows.length; start += rowsEach) {
    const params: unknown[] = [];
    const tuples = rows
      .slice(start, start + rowsEach)
      .map((row) => `(${columns.map((name) => placeholder(params, row[name])).join(', ')})`);
    statements.push({ sql: `${head}${tuples.join(', ')} RETURNING *`, params });
  }
  return statements;
}

/** SELECT of the rows that equal `where`; of all rows where it is empty. */
export function selectStatement(table: string, where: ColumnValues): Statement {
  const params: unknown[] = [];
  return { sql: `SELECT * FROM ${quoteTable(table)}${conditions(where, params)}`, params };
}

/** @throws {MigratorError} `INVALID_ARGUMENT` for empty `values` or `where` */
export function updateStatement(
  table: string,
  values: ColumnValues,
  where: ColumnValues,
): Statement {
  requireSome('update', table, 'value', values);
  requireSome('update', table, 'condition', where);
  const params: unknown[] = [];
  const set = Object.entries(values)
    .map(([name, value]) => `${quoteIdentifier(name)} = ${placeholder(params, value)}`)
    .join(', ');
  const sql = `UPDATE ${quoteTable(table)} SET ${set}${conditions(where, params)} RETURNING *`;
  return { sql, params };
}

/** @throws {MigratorError} `INVALID_ARGUMENT` for an empty `where` */
export function deleteStatement(table: string, where: ColumnValues): Statement {
  requireSome('delete', table, 'condition', where);
  const params: unknown[] = [];
  return {
    sql: `DELETE FROM ${quoteTable(table)}${conditions(where, params)} RETURNING *`,
    params,
  };
}

function quoteTable(table: string): string {
  return table.split('.').map(quoteIdentifier).join('.');
}

function placeholder(params: unknown[], value: unknown): string {
  params.push(value ?? null);
  return `$${params.length}`;
}

function conditions(where: ColumnValues, params: unknown[]): string {
  const parts = Object.entries(where).map(([name, value]) =>
    value === null || value === undefined
      ? `${quoteIdentifier(name)} IS NULL`
      : `${quoteIdentifier(name)} = ${placeholder(params, value)}`,
  );
  return parts.length === 0 ? '' : ` WHERE ${parts.join(' AND ')}`;
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
