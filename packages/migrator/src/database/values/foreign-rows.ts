import { isBytes } from '../../migration/exact-text';
import type { Inexact } from '../../migration/inexact-values';
import { typeName } from './pg-types';
import { remember, type Field } from './read-rows';

/** Types whose numbers a parser can give exactly: int2, int4, oid, float4, float8. */
const NUMBERS = new Set([21, 23, 26, 700, 701]);

/**
 * Judges rows that the application's service or client has parsed by itself: the text of Postgres is gone. What may have
 * been changed by its parser is remembered, so that it cannot be rollback data.
 *
 * @param fields columns with their types, where the service tells them
 */
export function judgeForeignRows(
  rows: readonly unknown[],
  fields: readonly Field[] | undefined,
): void {
  const types = new Map(fields?.map(({ name, dataTypeID }) => [name, dataTypeID]));
  for (const row of rows) {
    if (typeof row !== 'object' || row === null) continue;
    for (const [name, value] of Object.entries(row)) {
      const oid = types.get(name);
      if (mayBeExact(value, oid)) continue;
      const type = oid === undefined ? typeof value : typeName(oid);
      remember(row as Record<string, unknown>, name, value, parsedElsewhere(type));
    }
  }
}

function mayBeExact(value: unknown, oid: number | undefined): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return true;
    case 'number':
      return Number.isSafeInteger(value) || (oid !== undefined && NUMBERS.has(oid));
    default:
      return value === null || isBytes(value);
  }
}

function parsedElsewhere(type: string): Inexact {
  return {
    type,
    reason: "parsed by the application's database service, which may have changed it",
    hint: 'Select it as text (at::text, doc::text), or pass the migrator a url or the `pg` pool in place of the service.',
  };
}
