import { GAP, splitsOf, unclear, type Change, type Intent } from './change';
import type { KnownTables } from './known-tables';
import { pluralsOf, singular } from './name-words';

/**
 * Reads the names of migrations that add a foreign key: `add_foreign_key_from_<table>_to_<table>`,
 * `add_<column>_foreign_key_to_<table>`, `add_foreign_key_to_<table>_<column>`. A column `user_id` refers to the table `users` or
 * `user`, whichever the project's migrations create.
 */
export function foreignKeyIntent(name: string, known: KnownTables): Intent | undefined {
  const match =
    /^(?:add|create)_(?:(.+)_)?(?:foreign_key|fk)(?:_constraint)?(?:_(.+?))?(?:_table)?$/.exec(
      name,
    );
  if (match === null) return undefined;
  const [, before, after = ''] = match;
  const [, from, to] = /^(?:from_|on_)?(.+)_to_(.+)$/.exec(after) ?? [];
  if (before === undefined && from !== undefined && to !== undefined) {
    return from.endsWith('_id') && !known.has(from)
      ? byColumn(to, from, known)
      : { kind: 'add-foreign-key', table: from, column: `${singular(to)}_id`, references: to };
  }
  const table = after.replace(/^(?:to|on|for)_/, '');
  if (before !== undefined) {
    return byColumn(
      table === '' ? GAP : table,
      before.endsWith('_id') ? before : `${before}_id`,
      known,
    );
  }
  const splits = splitsOf(table).filter(([, column]) => column.endsWith('_id'));
  const [tabled] = splits.filter(([one]) => known.has(one));
  const chosen = tabled ?? (splits.length === 1 ? splits[0] : undefined);
  if (chosen !== undefined) return byColumn(chosen[0], chosen[1], known);
  return unclear('The name does not say which column refers to which table: write both.', {
    kind: 'add-foreign-key',
    table: table === '' ? GAP : table,
    column: GAP,
    references: GAP,
  });
}

function byColumn(table: string, column: string, known: KnownTables): Intent {
  const word = column.replace(/_id$/, '');
  const references = pluralsOf(word).find((one) => known.has(one));
  const likely: Change = {
    kind: 'add-foreign-key',
    table,
    column,
    references: references ?? pluralsOf(word).at(-1) ?? GAP,
  };
  if (references !== undefined && table !== GAP) return likely;
  return unclear(
    `No migration of this project creates the table that ${column} refers to: check both tables.`,
    likely,
  );
}
