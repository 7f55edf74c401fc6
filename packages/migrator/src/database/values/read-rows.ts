import { markInexact, markInexactCell, type Inexact } from '../../migration/inexact-values';
import type { OutputSettings } from './output-settings';
import { parseValue } from './parse-value';

/** A column of a result, as `pg` describes it. */
export interface Field {
  readonly name: string;
  readonly dataTypeID: number;
}

type Row = Record<string, unknown>;

/** Whether the values of some column can be judged only when the server was asked for its settings. */
export function needsSettings(
  fields: readonly Field[],
  rows: readonly Row[],
  settings: OutputSettings,
): boolean {
  return fields.some(({ name, dataTypeID }) =>
    rows.some((row) => {
      const text = row[name];
      return typeof text === 'string' && settings.needsToAsk(dataTypeID, text);
    }),
  );
}

/** Parses rows of texts in place, and remembers which values are not exactly what the database holds. */
export function parseRows(
  fields: readonly Field[],
  rows: readonly Row[],
  settings: OutputSettings,
): void {
  // Of two columns with the same name, `pg` gives the last one.
  const types = new Map(fields.map(({ name, dataTypeID }) => [name, dataTypeID]));
  for (const row of rows) {
    for (const [name, oid] of types) {
      const text = row[name];
      if (typeof text !== 'string') continue;
      const { value, why } = parseValue(oid, text);
      row[name] = value;
      remember(row, name, value, settings.whyInexact(oid, text) ?? why);
    }
  }
}

/** {@link Inexact} beside an object or, for what has no identity of its own, beside its row. */
export function remember(row: Row, column: string, value: unknown, why: Inexact | undefined): void {
  if (why === undefined) return;
  if (typeof value === 'object' && value !== null) markInexact(value, why);
  else markInexactCell(row, column, { value, why });
}
