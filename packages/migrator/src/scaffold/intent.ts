import { GAP, splitsOf, unclear, type Change, type Intent, type JoinedTable } from './change';
import { foreignKeyIntent } from './foreign-key-intent';
import { indexIntent } from './index-intent';
import type { KnownTables } from './known-tables';
import { NOT_A_COLUMN, NOT_A_TABLE, OTHER_WORDS, pluralsOf, singular } from './name-words';

/**
 * Reads from a name in snake_case what a migration does. A reading that is not certain is `unclear`: never a guess at the table
 * or the column. Where a name has several readings, the project's own tables decide.
 *
 * @param name snake_case
 * @param known the tables that the project's migrations create
 */
export function readIntent(name: string, known: KnownTables = new Map()): Intent {
  return (
    indexIntent(name, known) ??
    foreignKeyIntent(name, known) ??
    columnIntent(name) ??
    renameIntent(name, known) ??
    backfillIntent(name) ??
    viewIntent(name) ??
    joinTableIntent(name, known) ??
    tableIntent(name) ?? { kind: 'other' }
  );
}

function columnIntent(name: string): Intent | undefined {
  const add = /^add_(?:columns?_)?(.+)_to_(.+?)(?:_table)?$/.exec(name);
  const remove = /^(?:remove|drop)_(?:columns?_)?(.+)_from_(.+?)(?:_table)?$/.exec(name);
  const [, list = '', table = ''] = add ?? remove ?? [];
  if (list === '' || NOT_A_COLUMN.test(list) || NOT_A_TABLE.test(table)) return undefined;
  const columns = [...new Set(list.split('_and_'))];
  return { kind: add === null ? 'remove-columns' : 'add-columns', table, columns };
}

function renameIntent(name: string, known: KnownTables): Intent | undefined {
  const inTable = /^rename_(?:column_)?(.+?)_to_(.+)_(?:in|on|of|for)_(.+?)(?:_table)?$/.exec(name);
  if (inTable !== null) {
    const [, from = '', to = '', table = ''] = inTable;
    if (NOT_A_TABLE.test(`${from}_`) || NOT_A_TABLE.test(table)) return undefined;
    return { kind: 'rename-column', table, from, to };
  }
  const match = /^rename_(?:table_)?(.+?)(?:_table)?_to_(.+?)(?:_table)?$/.exec(name);
  const [, from = '', to = ''] = match ?? [];
  if (match === null || /^column_/.test(from) || NOT_A_TABLE.test(`${from}_`)) return undefined;
  const likely: Change = { kind: 'rename-table', from, to };
  if (/_to_/.test(to)) {
    return unclear(`${name} has several readings: check both names.`, likely);
  }
  const owner = [...known].find(([, columns]) => columns.has(from))?.[0];
  const prefix = [...known.keys()].find((table) => from.startsWith(`${table}_`));
  if (known.has(from) || (owner ?? prefix) === undefined) return likely;
  const table = owner ?? prefix ?? '';
  const column = owner === undefined ? from.slice(table.length + 1) : from;
  return unclear(
    `${from} could be a table, or the column ${column} of ${table}. Name a column's migration rename_${column}_to_${to}_in_${table}.`,
    likely,
  );
}

function backfillIntent(name: string): Intent | undefined {
  const match = /^backfill_(.+?)(?:_(?:in|on|for|of)_(.+?)(?:_table)?)?$/.exec(name);
  if (match === null) return undefined;
  const [, column = '', table] = match;
  return unclear(
    table === undefined
      ? 'The name does not say which table to fill: write the table, the column and the value.'
      : `The name does not say the value of ${column}: write it.`,
    { kind: 'backfill', table: table ?? GAP, column: table === undefined ? GAP : column },
  );
}

function viewIntent(name: string): Intent | undefined {
  const [, prefixed, suffixed] = /^create_(?:view_(.+)|(.+)_view)$/.exec(name) ?? [];
  const view = prefixed ?? suffixed;
  if (view === undefined || /^or_replace_|(?:^|_)materialized(?:_|$)/.test(view)) return undefined;
  return unclear(`The name does not say what ${view} selects: write the query.`, {
    kind: 'create-view',
    view,
  });
}

function joinTableIntent(name: string, known: KnownTables): Intent | undefined {
  const [, suffixed, prefixed] = /^create_(?:(.+)_join_table|join_table_(.+))$/.exec(name) ?? [];
  const table = (suffixed ?? prefixed)?.replace('_and_', '_');
  if (table === undefined) return undefined;
  const words = (suffixed ?? prefixed ?? '').includes('_and_')
    ? [(suffixed ?? prefixed ?? '').split('_and_', 2) as [string, string]]
    : splitsOf(table);
  const sidesOf = ([a, b]: readonly [string, string]): readonly [JoinedTable, JoinedTable] => [
    joined(a, known),
    joined(b, known),
  ];
  const readings = words.map(sidesOf);
  const sure = readings.filter((sides) => sides.every((side) => side.references !== undefined));
  const chosen = sure.length === 1 ? sure : readings;
  const [sides] = chosen;
  if (sides === undefined) return undefined;
  const likely: Change = { kind: 'create-join-table', table, sides };
  if (chosen.length === 1) return likely;
  const choices = chosen.map(([a, b]) => `${a.column} and ${b.column}`).join(', or ');
  return unclear(
    `${table} could join by ${choices}: check the columns. create_<a>_and_<b>_join_table says it.`,
    likely,
  );
}

function joined(word: string, known: KnownTables): JoinedTable {
  const references = pluralsOf(word).find((table) => known.has(table));
  return { column: `${singular(word)}_id`, references };
}

function tableIntent(name: string): Intent | undefined {
  const match = /^(create|drop)_(?:table_)?(.+?)(?:_table)?$/.exec(name);
  const [, verb, table = ''] = match ?? [];
  if (match === null || NOT_A_TABLE.test(table) || OTHER_WORDS.test(table)) return undefined;
  return { kind: verb === 'create' ? 'create-table' : 'drop-table', table };
}
