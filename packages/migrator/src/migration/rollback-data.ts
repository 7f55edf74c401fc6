import { MigratorError } from '../errors';
import { byteaText, exactTextOf, isBytes } from './exact-text';
import { whyInexact, whyInexactCell, type Inexact } from './inexact-values';
import { jsonTextOf, looksStored, losesDigits, storedJson } from './stored-json';

/** What `up` returns when it has nothing to keep for `down`. */
export type NoRollbackData = void;

/**
 * `T` as it comes back after being stored as JSON: a `Date` arrives as a string, a `Buffer` or `Uint8Array` as `\x…`
 * text, and any other value with `toJSON` as what that returns; a property that may be `undefined` may be absent; nothing at all arrives as `null` or `undefined`.
 * What JSON cannot hold becomes `never`.
 *
 * @example
 * ```ts
 * type Stored = JsonOf<{ movedAt: Date; note: string | undefined }>; // { movedAt: string; note?: string }
 * ```
 */
export type JsonOf<T> = 0 extends 1 & T
  ? T // any stays any
  : unknown extends T
    ? unknown
    : T extends void | undefined
      ? null | undefined
      : JsonValueOf<T>;

/** {@link JsonOf} below the top, where `undefined` cannot stand. */
type JsonValueOf<T> = 0 extends 1 & T
  ? T
  : unknown extends T
    ? unknown
    : T extends string | number | boolean | null
      ? T
      : T extends Uint8Array
        ? string
        : T extends NotJson
          ? never
          : T extends { toJSON(...args: never[]): infer Json }
            ? JsonValueOf<Json>
            : T extends object
              ? JsonObjectOf<T>
              : never;

type JsonObjectOf<T> = T extends readonly unknown[]
  ? { [Index in keyof T]: JsonValueOf<T[Index]> }
  : Simplify<
      {
        [
          Key in keyof T as Key extends symbol ? never : MaybeAbsent<T[Key], never, Key>
        ]: JsonValueOf<T[Key]>;
      } & {
        [
          Key in keyof T as Key extends symbol ? never : MaybeAbsent<T[Key], Key, never>
        ]?: JsonValueOf<Exclude<T[Key], undefined>>;
      }
    >;

/** `Yes` where `undefined` is one of several things that `T` may be; `unknown` and `any` are taken as present. */
type MaybeAbsent<T, Yes, No> = unknown extends T ? No : undefined extends T ? Yes : No;

type Simplify<T> = { [Key in keyof T]: T[Key] };

/** What JSON silently drops, empties or refuses. */
type NotJson =
  | ((...args: never[]) => unknown)
  | (abstract new (...args: never[]) => unknown)
  | bigint
  | symbol
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | WeakMap<WeakKey, unknown>
  | WeakSet<WeakKey>
  | PromiseLike<unknown>
  | RegExp
  | Error
  | ArrayBuffer
  | (ArrayBufferView & { toJSON?: never });

/**
 * The paths in `T` that hold what JSON cannot, e.g. `'.total'`; `never` where all of `T` can be stored. Recursion ends
 * after five levels: deeper down the check at run time takes over.
 */
export type NotJsonIn<T, Path extends string = '', Depth extends 0[] = []> = 0 extends 1 & T
  ? never
  : unknown extends T
    ? never
    : Depth['length'] extends 5
      ? never
      : T extends void | undefined | string | number | boolean | null
        ? never
        : T extends Uint8Array
          ? never
          : T extends NotJson
            ? Path extends ''
              ? 'the value itself'
              : Path
            : T extends { toJSON(...args: never[]): infer Json }
              ? NotJsonIn<Json, Path, [...Depth, 0]>
              : T extends readonly (infer Item)[]
                ? NotJsonIn<Item, `${Path}[]`, [...Depth, 0]>
                : T extends object
                  ? {
                      [Key in keyof T & (string | number)]: NotJsonIn<
                        T[Key],
                        `${Path}.${Key}`,
                        [...Depth, 0]
                      >;
                    }[keyof T & (string | number)]
                  : never;

/** Deeper nesting than this is refused: Postgres and JSON parsers recurse, and no rollback needs it. */
const MAX_DEPTH = 500;

/**
 * Writes rollback data as JSON text, and refuses all values that `down` would not receive as `up` returned them. A `Date`
 * becomes a string (the text of Postgres if it was read from there, else ISO), bytes become `\\x…`, and any other object
 * with `toJSON` what that returns.
 *
 * @param value what `up` returned
 * @returns JSON text that Postgres' `jsonb` takes; `undefined` for `undefined`: there is nothing to keep
 * @throws {MigratorError} `INVALID_ROLLBACK_DATA` naming the path: a function, symbol, bigint, number that is not
 *   finite, -0, `undefined` inside an object or array, cycle, key `__proto__`, lone surrogate, NUL character, an object that
 *   JSON would empty (Map, Set, Promise, Error, …), or a value that was read from the database but is not exactly the one there
 */
export function serializeRollbackData(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  return JSON.stringify(toJson(value, 'rollbackData', []));
}

/** A copy of `value` made of null-prototype objects, arrays and primitives only. */
function toJson(value: unknown, path: string, parents: readonly object[]): unknown {
  switch (typeof value) {
    case 'string':
      return checkText(value, path);
    case 'boolean':
      return value;
    case 'number':
      if (Object.is(value, -0)) {
        return refuse(path, 'is -0, which is stored as 0', 'Store 0, or select it as text.');
      }
      if (Number.isFinite(value)) return value;
      return refuse(
        path,
        `is ${value}, which JSON does not have`,
        'Store null, or select it as text.',
      );
    case 'undefined':
      return refuse(path, 'is undefined', 'Leave it out, or store null.');
    case 'bigint':
      return refuse(path, 'is a bigint', 'Store it as a string.');
    case 'function':
      return refuse(path, 'is a function', 'Store data only.');
    case 'symbol':
      return refuse(path, 'is a symbol', 'Store a string.');
    default:
      return value === null ? null : objectToJson(value as object, path, parents);
  }
}

function objectToJson(value: object, path: string, parents: readonly object[]): unknown {
  if (parents.includes(value)) {
    return refuse(path, 'is part of a cycle', 'Store identifiers in place of references.');
  }
  if (parents.length >= MAX_DEPTH) {
    return refuse(path, `is nested deeper than ${MAX_DEPTH} levels`, 'Store flatter data.');
  }
  if (isBytes(value)) return byteaText(value);
  const document = jsonTextOf(value);
  if (document !== undefined) return storedJson(document);
  if (losesDigits(value)) {
    return refuse(
      path,
      'is a changed copy of a JSON document with numbers that JavaScript cannot hold exactly',
      'Return the document as it was read, or select it as text.',
    );
  }
  const why = whyInexact(value);
  if (why) return refuseInexact(path, why);
  const exact = exactTextOf(value);
  if (exact !== undefined) return checkText(exact, path);
  const inner = [...parents, value];
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  if (tag === 'Date' && Number.isNaN(Number(value))) {
    return refuse(path, 'is an invalid Date', 'Store null or a string.');
  }
  const { toJSON } = value as { toJSON?: unknown };
  if (typeof toJSON === 'function') return toJson(toJSON.call(value, ''), path, inner);
  if (Array.isArray(value)) {
    // Array.from visits holes too, which map() would skip.
    return Array.from(value, (item, index) => toJson(item, `${path}[${index}]`, inner));
  }
  // By tag and not by prototype: an object may come from another realm, and a row may be an instance of a class.
  if (tag !== 'Object') {
    const awaited =
      tag === 'Promise' ? 'Await it first.' : 'Turn it into plain objects and arrays.';
    return refuse(path, `is ${/^[AEIO]/.test(tag) ? 'an' : 'a'} ${tag}`, awaited);
  }
  return plainToJson(value, path, inner);
}

function plainToJson(value: object, path: string, parents: readonly object[]): unknown {
  if (looksStored(value)) {
    return refuse(path, 'has $json as its only key, which has a meaning of its own', 'Rename it.');
  }
  const copy = Object.create(null) as Record<string, unknown>;
  if (Object.getOwnPropertySymbols(value).length > 0) {
    return refuse(path, 'has a symbol as key', 'Use text keys.');
  }
  for (const [key, item] of Object.entries(value)) {
    const itemPath = /^[A-Za-z_$][\w$]*$/.test(key)
      ? `${path}.${key}`
      : `${path}[${JSON.stringify(key)}]`;
    if (key === '__proto__') {
      return refuse(itemPath, 'is a key that could change a prototype', 'Use another key.');
    }
    checkText(key, itemPath);
    const why = whyInexactCell(value, key, item);
    if (why) return refuseInexact(itemPath, why);
    copy[key] = toJson(item, itemPath, parents);
  }
  return copy;
}

function checkText(text: string, path: string): string {
  if (text.includes('\0')) {
    return refuse(path, 'has a NUL character, which Postgres does not store', 'Remove it.');
  }
  if (/\p{Surrogate}/u.test(text)) {
    return refuse(path, 'has half of a surrogate pair', 'Cut text by code points.');
  }
  return text;
}

function refuseInexact(path: string, { type, reason, hint }: Inexact): never {
  return refuse(path, `(${type}) is ${reason}`, hint);
}

function refuse(path: string, what: string, hint: string): never {
  throw new MigratorError(
    'INVALID_ROLLBACK_DATA',
    `Rollback data cannot be stored: ${path} ${what}.`,
    {
      hint,
    },
  );
}
