import { isErrorLike, isMigratorError } from './error-shape';
import { DECEPTIVE } from '../text/inert';
import { redact } from '../text/redact';

/**
 * A value as one JSON document, indented, keys in order of the alphabet so that two runs can be compared. Strings are redacted one
 * by one and are exact otherwise. No part of the document can act as a command of a terminal or of a CI: JSON has escapes for
 * what could.
 */
export function toJson(value: unknown): string {
  const document = JSON.stringify(plain(value, []) ?? null, null, 2);
  return document.replace(ACTIVE, (found) =>
    Array.from({ length: found.length }, (_, at) => unicodeEscape(found, at)).join(''),
  );
}

/**
 * What JSON.stringify leaves as it is: DEL, C1, characters that change the direction of text or cannot be seen, and the second `#` of
 * `##vso[`. Outside of strings JSON has none of them, and no line of the document starts with `::`.
 */
const ACTIVE = new RegExp(String.raw`(?<=#)#|[\u007f-\u009f${DECEPTIVE}]`, 'gu');

function unicodeEscape(text: string, at: number): string {
  return `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`;
}

/**
 * The value as JSON has it. Errors of the migrator keep code, message, hint, where and problems; other errors name and message;
 * never a stack or a cause, which may hold more than the reader should see. Absent values are left out of objects and are
 * `null` in lists; functions are left out.
 */
function plain(value: unknown, above: readonly object[]): unknown {
  if (typeof value === 'string') return redact(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'function' || typeof value === 'symbol') return undefined;
  if (typeof value !== 'object' || value === null) return value;
  if (above.includes(value)) return '[circular]';
  const path = [...above, value];
  if (isMigratorError(value)) {
    const { code, message, hint, where, statement, problems } = value;
    return plainObject({ code, message, hint, where, statement, problems }, path);
  }
  if (isErrorLike(value)) return plainObject({ name: value.name, message: value.message }, path);
  if (Array.isArray(value)) return value.map((element) => plain(element, path) ?? null);
  if (Object.prototype.toString.call(value) === '[object Date]') return (value as Date).toJSON();
  if (isMap(value)) return plainObject(Object.fromEntries(value), path);
  if (isIterable(value)) return [...value].map((element) => plain(element, path) ?? null);
  return plainObject(value, path);
}

function plainObject(value: object, path: readonly object[]): Record<string, unknown> {
  const sorted: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const made = plain(field, path);
    if (made !== undefined) sorted[key] = made;
  }
  return sorted;
}

function isMap(value: object): value is Map<PropertyKey, unknown> {
  return Object.prototype.toString.call(value) === '[object Map]';
}

function isIterable(value: object): value is Iterable<unknown> {
  return Symbol.iterator in value;
}
