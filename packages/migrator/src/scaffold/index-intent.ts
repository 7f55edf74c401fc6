import { GAP, splitsOf, unclear, type Change, type Intent } from './change';
import type { KnownTables } from './known-tables';
import { isPlural } from './name-words';

/** `unique` as a word about the index, not as part of a column's name. */
const UNIQUE = /(^|_)unique_(?=(?:.*_)?index(?:_|$))/;
/** An index that needs more than a list of columns. */
const SPECIAL =
  /(?:^|_)(?:brin|composite|concurrent|concurrently|covering|expression|full_text|fulltext|functional|gin|gist|hash|missing|new|partial|performance|primary|search|spgist|trgm|trigram)(?:_|$)/;
/** Words that a column's name ends with or begins with, but that are no column by themselves. */
const NO_COLUMN = /^(?:at|by|for|id|of|on|to)$|^(?:at|by|of|on)_/;
const NO_TABLE = /_(?:at|by|can|has|is|of|on)$|^(?:at|by|can|has|is|of|on)$/;

/** A table and the columns of an index on it. */
type Reading = readonly [table: string, columns: string];

/**
 * Reads the names of migrations that create an index. The words `unique` and `index` may stand in any usual place:
 * `create_index_on_<table>_<column>`, `add_unique_index_to_<table>_on_<column>`, `add_<column>_index_to_<table>`,
 * `index_<table>_on_<column>`. Several columns are joined by `_and_`.
 */
export function indexIntent(name: string, known: KnownTables): Intent | undefined {
  if (!/(?:^|_)index(?:_|$)/.test(name) || !/^(?:add|create|index|unique)_/.test(name))
    return undefined;
  const words = name.replace(/^(?:add|create)_/, '');
  const kind = UNIQUE.test(words) ? 'create-unique-index' : 'create-index';
  const plain = words.replace(UNIQUE, '$1');
  if (SPECIAL.test(plain.split(/(?:^|_)index(?:_|$)/)[0] ?? '')) return undefined;

  // index_users_on_email, create_index_users_on_email: as Rails names indexes
  const named = /^index_(?!(?:on|to|for)_)(.+)_on_(.+)$/.exec(plain);
  if (named !== null) return change(kind, [named[1] ?? '', named[2] ?? '']);
  // add_email_index_to_users
  const columnFirst = /^(?!index_)(.+)_index_(?:on|to|for)_(.+?)(?:_table)?$/.exec(plain);
  if (columnFirst !== null) return change(kind, [columnFirst[2] ?? '', columnFirst[1] ?? '']);
  // add_index_on_email_to_users
  const reversed = /^index_(?:on|for|by)_(.+)_to_(.+?)(?:_table)?$/.exec(plain);
  if (reversed !== null) return change(kind, [reversed[2] ?? '', reversed[1] ?? '']);

  const [, rest] = /^index_(?:on|to|for)_(.+)$/.exec(plain) ?? [];
  return rest === undefined ? undefined : readRest(kind, rest, known);
}

type IndexKind = 'create-index' | 'create-unique-index';

/** `users_by_email`, `users_email`, `order_items_sku`, `users`. */
function readRest(kind: IndexKind, rest: string, known: KnownTables): Intent {
  const separated = [...rest.matchAll(/_(?:by|column|for|on)_/g)].map(
    ({ index, 0: separator }): Reading => [
      rest.slice(0, index),
      rest.slice(index + separator.length),
    ],
  );
  const explicit = likelyOnes(separated, known);
  const readings = explicit.length > 0 ? explicit : likelyOnes(splitsOf(rest), known);
  const table = rest.replace(/_table$/, '');
  const [only, ...others] = readings;
  const wholeIsTable =
    known.has(table) || (explicit.length === 0 && looksLikeTable(table, readings, known));
  if (only === undefined || wholeIsTable) {
    return unclear(
      `The name does not say which columns of ${table} to index: write them.`,
      change(kind, [table, GAP]),
    );
  }
  if (others.length === 0) return change(kind, only);
  const choices = readings.map(([on, columns]) => `${columns} of ${on}`).join(', or ');
  const likely = readings.filter(([on]) => isPlural(on)).at(-1) ?? readings.at(-1) ?? only;
  return unclear(
    `${rest} could mean ${choices}: check the table and the columns. create_index_on_<table>_by_<column> says it.`,
    change(kind, likely),
  );
}

/** `user_profiles`: no plural before the last word, so that a plural at the end makes it the name of a table. */
function looksLikeTable(name: string, readings: readonly Reading[], known: KnownTables): boolean {
  return isPlural(name) && !readings.some(([table]) => isPlural(table) || known.has(table));
}

/** The readings that are possible; of these, the ones that the project's tables and columns confirm, if there are any. */
function likelyOnes(readings: readonly Reading[], known: KnownTables): readonly Reading[] {
  const possible = readings.filter(
    ([table, columns]) =>
      table !== '' &&
      !NO_TABLE.test(table) &&
      !columns.split('_and_').some((one) => NO_COLUMN.test(one)),
  );
  const onTable = possible.filter(([table]) => known.has(table));
  const onColumns = onTable.filter(([table, columns]) =>
    columns.split('_and_').every((column) => known.get(table)?.has(column)),
  );
  if (onColumns.length > 0) return onColumns;
  return onTable.length > 0 ? onTable : possible;
}

function change(kind: IndexKind, [table, columns]: Reading): Change {
  return { kind, table, columns: [...new Set(columns.split('_and_'))] };
}
