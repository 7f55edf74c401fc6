import type { Session } from '../database/database';
import { DATE, JSON_TYPE, JSONB, TIMESTAMP, TIMESTAMPTZ } from '../database/values/pg-types';

/** What the row helpers have to know of a column to write its values. */
export interface ColumnType {
  /** `json` for json and jsonb, also behind a domain; `other` takes the text of a value as it is. */
  readonly kind: 'json' | 'date' | 'timestamp' | 'timestamptz' | 'array' | 'other';
  /** As SQL writes it, e.g. `character varying(20)`. */
  readonly name: string;
  /** Of an array. */
  readonly element: ColumnType | undefined;
  /** Between the elements of an array of this type: `,`, but `;` for box. */
  readonly delimiter: string;
  /** What Postgres itself puts into the column: an expression, or an identity that only OVERRIDING SYSTEM VALUE can set. */
  readonly generated: 'no' | 'expression' | 'identity';
}

/** The columns of a table by name. Empty if there is no such table: the statement itself reports that. */
export type ColumnTypes = ReadonlyMap<string, ColumnType>;

interface ColumnRow {
  readonly column: string;
  readonly name: string;
  readonly base: number;
  readonly element: number | null;
  readonly delimiter: string;
  readonly generated: 'no' | 'expression' | 'identity';
}

const KINDS: ReadonlyMap<number, Exclude<ColumnType['kind'], 'array'>> = new Map([
  [JSON_TYPE, 'json'],
  [JSONB, 'json'],
  [DATE, 'date'],
  [TIMESTAMP, 'timestamp'],
  [TIMESTAMPTZ, 'timestamptz'],
] as const);

/** Follows domains down to their base types, for the column and for the elements of its array. int2vector and oidvector are no arrays in their text. */
const COLUMNS = `
  WITH RECURSIVE base AS (
    SELECT a.attnum, a.attname, a.atttypid AS typid, 0 AS level FROM pg_catalog.pg_attribute a
     WHERE a.attrelid = pg_catalog.to_regclass($1::text) AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT b.attnum, b.attname, t.typbasetype, b.level + 1 FROM base b
      JOIN pg_catalog.pg_type t ON t.oid = b.typid WHERE t.typtype = 'd'
  ), element AS (
    SELECT b.attnum, e.typelem AS typid, 0 AS level FROM base b
      JOIN pg_catalog.pg_type e ON e.oid = b.typid WHERE e.typtype = 'b' AND e.typcategory = 'A' AND e.typelem <> 0 AND e.oid NOT IN (22, 30)
    UNION ALL
    SELECT e.attnum, t.typbasetype, e.level + 1 FROM element e
      JOIN pg_catalog.pg_type t ON t.oid = e.typid WHERE t.typtype = 'd'
  )
  SELECT a.attname::text AS column, pg_catalog.format_type(a.atttypid, a.atttypmod) AS name,
         t.oid AS base, et.oid AS element,
         COALESCE(et.typdelim, ',')::text AS delimiter,
         CASE WHEN a.attgenerated <> '' THEN 'expression' WHEN a.attidentity = 'a' THEN 'identity' ELSE 'no' END AS generated
    FROM pg_catalog.pg_attribute a
    JOIN LATERAL (SELECT typid FROM base WHERE base.attnum = a.attnum ORDER BY level DESC LIMIT 1) b ON true
    JOIN pg_catalog.pg_type t ON t.oid = b.typid
    LEFT JOIN LATERAL (SELECT typid FROM element WHERE element.attnum = a.attnum ORDER BY level DESC LIMIT 1) e ON true
    LEFT JOIN pg_catalog.pg_type et ON et.oid = e.typid
   WHERE a.attrelid = pg_catalog.to_regclass($1::text) AND a.attnum > 0 AND NOT a.attisdropped`;

/**
 * Reads the types of a table's columns from the catalog.
 *
 * @param table quoted, and qualified by its schema if the caller wants that; else found by the search path
 */
export async function readColumnTypes(session: Session, table: string): Promise<ColumnTypes> {
  const { rows } = await session.query<ColumnRow>(COLUMNS, [table]);
  return new Map(rows.map((row) => [row.column, columnType(row)]));
}

function columnType(row: ColumnRow): ColumnType {
  const { name, delimiter, generated } = row;
  const common = { delimiter, generated } as const;
  if (row.element === null) {
    return { ...common, kind: kindOf(Number(row.base)), name, element: undefined };
  }
  const kind = kindOf(Number(row.element));
  const element = { ...common, kind, name: name.replace(/\[\]$/, ''), element: undefined };
  return { ...common, kind: 'array', name, element };
}

function kindOf(oid: number): Exclude<ColumnType['kind'], 'array'> {
  return KINDS.get(oid) ?? 'other';
}
