import { bytesWithText } from '../../migration/exact-text';
import { markInexact, type Inexact } from '../../migration/inexact-values';
import { hasBounds, parseArray, type TextArray } from './parse-array';
import { parseDate } from './parse-date';
import { parseJson, type Parsed } from './parse-json';
import { parseCircle, parseInterval, parsePoint } from './parse-object';
import {
  ARRAYS,
  BOOL,
  BYTEA,
  CIRCLE,
  DATES,
  INTERVAL,
  JSON_TYPE,
  JSONB,
  NUMBERS,
  POINT,
  typeName,
} from './pg-types';

/**
 * The value of a text that Postgres sent, as `pg` gives it by default; only exact: elements of numeric[] are strings, and
 * dates, bytes, intervals, points and circles know their text. Types of a pool or of another user of `pg` have no part in it.
 */
export function parseValue(oid: number, text: string): Parsed {
  const element = ARRAYS.get(oid);
  return element === undefined ? parseScalar(oid, text) : parseArrayOf(element, oid, text);
}

function parseScalar(oid: number, text: string): Parsed {
  if (NUMBERS.has(oid)) return { value: Number(text) };
  if (DATES.has(oid)) return { value: parseDate(text) };
  switch (oid) {
    case BOOL:
      return { value: text === 't' };
    case BYTEA:
      return { value: bytesWithText(parseBytea(text)) };
    case INTERVAL:
      return { value: parseInterval(text) };
    case POINT:
      return { value: parsePoint(text) };
    case CIRCLE:
      return { value: parseCircle(text) };
    case JSON_TYPE:
    case JSONB:
      return parseJson(oid, text);
    default:
      return { value: text };
  }
}

function parseArrayOf(element: number, oid: number, text: string): Parsed {
  const texts = parseArray(text);
  if (texts === undefined) return { value: text };
  const found: Inexact[] = [];
  const value = toValues(element, texts, found);
  const isJson = element === JSON_TYPE || element === JSONB;
  const why = hasBounds(text)
    ? inexact(oid, 'an array whose first index is not 1, which JavaScript cannot hold')
    : isJson && texts.some(Array.isArray)
      ? inexact(oid, 'an array of several dimensions, which looks like a JSON array')
      : found[0] && inexact(oid, `an array with ${found[0].reason}`);
  if (why) markInexact(value, why);
  return { value };
}

function toValues(element: number, texts: TextArray, found: Inexact[]): unknown[] {
  return texts.map((item) => {
    if (item === null) return null;
    if (typeof item !== 'string') return toValues(element, item, found);
    const { value, why } = parseScalar(element, item);
    if (why) found.push(why);
    return value;
  });
}

/** The formats `hex` and `escape` of bytea_output. */
function parseBytea(text: string): Buffer {
  if (text.startsWith('\\x')) return Buffer.from(text.slice(2), 'hex');
  const bytes = text.replace(/\\(\\|[0-7]{3})/g, (_all, code: string) =>
    code === '\\' ? '\\' : String.fromCharCode(parseInt(code, 8)),
  );
  return Buffer.from(bytes, 'latin1');
}

function inexact(oid: number, reason: string): Inexact {
  return {
    type: typeName(oid),
    reason,
    hint: 'Select it as text, e.g. SELECT id, list::text AS list.',
  };
}
