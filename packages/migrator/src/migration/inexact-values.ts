/** Why a value that was read from the database cannot be rollback data. */
export interface Inexact {
  /** The type in Postgres, e.g. `jsonb`. */
  readonly type: string;
  /** Completes "column a is …", e.g. `JSON null, which …`. */
  readonly reason: string;
  readonly hint: string;
}

interface InexactCell {
  readonly value: unknown;
  readonly why: Inexact;
}

const objects = new WeakMap<object, Inexact>();
const rows = new WeakMap<object, Map<string, InexactCell>>();

/** Remembers that `value` is not exactly what the database holds. */
export function markInexact(value: object, why: Inexact): void {
  objects.set(value, why);
}

/** {@link markInexact} for a string, number, boolean or null, which is known only by its row and column. */
export function markInexactCell(row: object, column: string, cell: InexactCell): void {
  const cells = rows.get(row) ?? new Map<string, InexactCell>();
  rows.set(row, cells.set(column, cell));
}

export function whyInexact(value: object): Inexact | undefined {
  return objects.get(value);
}

/** Why the column of a row is inexact; `undefined` also where the migration has replaced the value since. */
export function whyInexactCell(row: object, column: string, value: unknown): Inexact | undefined {
  const cell = rows.get(row)?.get(column);
  return cell && Object.is(cell.value, value) ? cell.why : undefined;
}
