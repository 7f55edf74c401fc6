import { MigratorError } from '../errors';

/** Words that Postgres takes for a table or column only in quotes (pg_get_keywords, categories R and T). */
export const RESERVED_WORDS: ReadonlySet<string> = new Set(
  `all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation
  column concurrently constraint create cross current_catalog current_date current_role current_schema current_time
  current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign freeze
  from full grant group having ilike in initially inner intersect into is isnull join lateral leading left like limit
  localtime localtimestamp natural not notnull null offset on only or order outer overlaps placing primary references
  returning right select session_user similar some symmetric system_user table tablesample then to trailing true union
  unique user using variadic verbose when where window with`.split(/\s+/),
);

/** Postgres cuts longer identifiers off without a word. */
const MAX_IDENTIFIER_LENGTH = 63;

/**
 * A snake_case name as SQL writes it: in quotes only where it must be, since people go on writing in this file.
 *
 * @param name letters, digits and `_`
 * @throws {MigratorError} `IDENTIFIER_TOO_LONG` over 63 characters
 */
export function sqlName(name: string): string {
  if (name.length > MAX_IDENTIFIER_LENGTH) {
    throw new MigratorError(
      'IDENTIFIER_TOO_LONG',
      `"${name}" has ${name.length} characters; Postgres cuts names off at ${MAX_IDENTIFIER_LENGTH}.`,
      { where: name, hint: 'Give the migration a shorter name.' },
    );
  }
  return RESERVED_WORDS.has(name) || /^\d/.test(name) ? `"${name}"` : name;
}

/** The name that Postgres itself would give to an index, cut to fit. Names are unquoted. */
export function indexName(table: string, columns: string): string {
  return constraintName(table, columns, 'idx');
}

/** The same for a unique index. */
export function uniqueIndexName(table: string, columns: string): string {
  return constraintName(table, columns, 'key');
}

/** `<table>_<columns>_<suffix>`, cut to the length that Postgres allows. */
export function constraintName(
  table: string,
  columns: string,
  suffix: 'fkey' | 'idx' | 'key',
): string {
  return `${`${table}_${columns}`.slice(0, MAX_IDENTIFIER_LENGTH - suffix.length - 1)}_${suffix}`;
}
