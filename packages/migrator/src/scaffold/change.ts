/** A change that a name asks for, with every name that its SQL needs. A {@link GAP} is left to the author. */
export type Change =
  | { readonly kind: 'create-table'; readonly table: string }
  | { readonly kind: 'drop-table'; readonly table: string }
  | {
      readonly kind: 'create-join-table';
      readonly table: string;
      readonly sides: readonly [JoinedTable, JoinedTable];
    }
  | {
      readonly kind: 'add-columns' | 'remove-columns';
      readonly table: string;
      readonly columns: readonly string[];
    }
  | { readonly kind: 'rename-table'; readonly from: string; readonly to: string }
  | {
      readonly kind: 'rename-column';
      readonly table: string;
      readonly from: string;
      readonly to: string;
    }
  | {
      readonly kind: 'create-index' | 'create-unique-index';
      readonly table: string;
      readonly columns: readonly string[];
    }
  | {
      readonly kind: 'add-foreign-key';
      readonly table: string;
      readonly column: string;
      readonly references: string;
    }
  | { readonly kind: 'create-view'; readonly view: string }
  | { readonly kind: 'backfill'; readonly table: string; readonly column: string };

/** One side of a join table. */
export interface JoinedTable {
  readonly column: string;
  /** The table that the column refers to; `undefined` if the project's migrations create no such table. */
  readonly references: string | undefined;
}

/** What a migration's name says it does. */
export type Intent =
  | Change
  /** The name leaves something open: `likely` is the body to edit, `reason` a sentence on what to check or write. */
  | { readonly kind: 'unclear'; readonly reason: string; readonly likely: Change }
  /** The name does not say what to change. */
  | { readonly kind: 'other' };

/** Stands in SQL where the author has to write something. Postgres refuses it. */
export const GAP = '…';

/** A reading for the author to check. `reason` is one or two sentences. */
export function unclear(reason: string, likely: Change): Intent {
  return { kind: 'unclear', reason, likely };
}

/** Every way to cut a name at an underscore. */
export function splitsOf(name: string): (readonly [string, string])[] {
  return [...name.matchAll(/_/g)].map(({ index }) => [name.slice(0, index), name.slice(index + 1)]);
}
