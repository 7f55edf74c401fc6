import { byteaText, exactTextOf, isBytes, isDate } from '../migration/exact-text';
import { jsonTextOf } from '../migration/stored-json';
import type { ColumnType } from './column-types';

/** A value that a column cannot take; completes "column a (type) …". */
export class UnfitValue extends Error {}

/**
 * A parameter for a column of a known type: JSON for json and jsonb, a calendar date for `date`, an array literal for an
 * array. `null` stays NULL; what is text already stays as it is.
 *
 * @throws {UnfitValue} where the column's type cannot hold the value
 */
export function encodeFor(type: ColumnType, value: unknown): unknown {
  if (value === null) return null;
  if (type.kind === 'json') return jsonText(value);
  if (isDate(value)) return exactTextOf(value) ?? dateFor(type.kind, value);
  if (type.kind === 'array' && type.element && Array.isArray(value)) {
    return arrayText(type.element, type.delimiter, value);
  }
  if (Array.isArray(value)) throw new UnfitValue('cannot take an array');
  return encodeUntyped(value);
}

/** A parameter whose type only the server knows: exact texts where there are any, the rest as `pg` writes it. */
export function encodeUntyped(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(encodeUntyped);
  return exactTextOf(value) ?? jsonTextOf(value) ?? value;
}

function jsonText(value: unknown): string {
  if (typeof value === 'bigint') return String(value);
  const exact = typeof value === 'object' && value !== null ? jsonTextOf(value) : undefined;
  if (exact !== undefined) return exact;
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new UnfitValue(`cannot take ${value}, which JSON does not have`);
  }
  try {
    const text = JSON.stringify(value) as string | undefined;
    if (text !== undefined) return text;
  } catch (error) {
    throw new UnfitValue(`cannot take this value (${(error as Error).message})`);
  }
  throw new UnfitValue(`cannot take a ${typeof value}`);
}

/**
 * A date or timestamp by the calendar and clock of the `Date` itself, which is local, so that no time zone moves it; a
 * timestamptz by its instant. Other columns get what `pg` makes of a `Date`.
 */
function dateFor(kind: ColumnType['kind'], date: Date): unknown {
  if (Number.isNaN(date.getTime())) throw new UnfitValue('cannot take an invalid Date');
  switch (kind) {
    case 'date':
      return joinDate(localFields(date), 'day');
    case 'timestamp':
      return joinDate(localFields(date), 'moment');
    case 'timestamptz':
      return joinDate(utcFields(date), 'instant');
    default:
      return date;
  }
}

type DateFields = readonly [year: number, ...rest: number[]];

function localFields(date: Date): DateFields {
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds(), date.getMilliseconds()];
  return [date.getFullYear(), date.getMonth() + 1, date.getDate(), ...clock];
}

function utcFields(date: Date): DateFields {
  const clock = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()];
  const day = [date.getUTCMonth() + 1, date.getUTCDate()];
  return [date.getUTCFullYear(), ...day, ...clock, date.getUTCMilliseconds()];
}

function joinDate([year, ...rest]: DateFields, as: 'day' | 'moment' | 'instant'): string {
  const [month, day, hours, minutes, seconds, ms = 0] = rest.map((n) => String(n).padStart(2, '0'));
  const era = year < 1 ? ' BC' : '';
  const date = `${String(year < 1 ? 1 - year : year).padStart(4, '0')}-${month}-${day}`;
  if (as === 'day') return date + era;
  const clock = `${hours}:${minutes}:${seconds}.${String(ms).padStart(3, '0')}`;
  return `${date} ${clock}${as === 'instant' ? '+00' : ''}${era}`;
}

/** The literal of an array; elements of every type but json may be arrays themselves. */
function arrayText(element: ColumnType, delimiter: string, items: readonly unknown[]): string {
  const texts = Array.from(items, (item) => {
    if (item === undefined) throw new UnfitValue('cannot take undefined in an array');
    if (item === null) return 'NULL';
    if (element.kind !== 'json' && Array.isArray(item)) {
      return arrayText(element, delimiter, item);
    }
    return `"${elementText(element, item).replace(/["\\]/g, '\\$&')}"`;
  });
  return `{${texts.join(delimiter)}}`;
}

function elementText(element: ColumnType, item: unknown): string {
  if (isBytes(item) && element.kind !== 'json') return byteaText(item);
  const encoded = encodeFor(element, item);
  if (isDate(encoded)) return encoded.toISOString();
  // Not JSON for numbers: it has no NaN.
  return typeof encoded === 'number' || typeof encoded === 'bigint'
    ? encoded.toString()
    : typeof encoded === 'string'
      ? encoded
      : JSON.stringify(encoded);
}
