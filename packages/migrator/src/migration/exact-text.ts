interface KeptText {
  readonly text: string;
  /** What the value was when its text was kept. */
  readonly before: string | number;
}

const texts = new WeakMap<object, KeptText>();

/**
 * Keeps the exact text of Postgres beside a `Date`, which cannot hold microseconds, infinity or far years. `toJSON` and
 * `toPostgres` of the date return that text until the date is changed.
 */
export function dateWithText(date: Date, text: string): Date {
  texts.set(date, { text, before: date.getTime() });
  return withHiddenMethods(date, () => exactTextOf(date) ?? date.toISOString());
}

/** Freezes an object that stands for a value of Postgres; its `toJSON` and `toPostgres` return the exact text. */
export function objectWithText<T extends object>(value: T, text: string): ExactValue<T> {
  texts.set(value, { text, before: '' });
  return Object.freeze(withHiddenMethods(value, () => text)) as ExactValue<T>;
}

/** An object that is written as the exact text of Postgres. */
export type ExactValue<T> = Readonly<T> & { toJSON(): string; toPostgres(): string };

/** The text that Postgres sent for this value; `undefined` if it sent none or the value was changed since. */
export function exactTextOf(value: object): string | undefined {
  const kept = texts.get(value);
  if (kept === undefined) return undefined;
  const unchanged = !isDate(value) || Object.is(value.getTime(), kept.before);
  return unchanged ? kept.text : undefined;
}

/** Bytes in the format `\x…`, which every `bytea` parameter accepts. */
export function byteaText(bytes: Uint8Array): string {
  let text = '\\x';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}

/** Makes `JSON.stringify` write a Buffer as `\x…` text. */
export function bytesWithText<T extends Uint8Array>(bytes: T): T {
  Object.defineProperty(bytes, 'toJSON', { value: () => byteaText(bytes), configurable: true });
  return bytes;
}

/** By tag: a value may come from another realm. */
export function isDate(value: unknown): value is Date {
  return Object.prototype.toString.call(value) === '[object Date]';
}

/** Also for a Buffer or a Uint8Array of another realm. */
export function isBytes(value: unknown): value is Uint8Array {
  return Object.prototype.toString.call(value) === '[object Uint8Array]';
}

// Not enumerable, so that the value equals and prints like one without them.
function withHiddenMethods<T extends object>(value: T, text: () => string): T {
  return Object.defineProperties(value, {
    toJSON: { value: text, configurable: true },
    toPostgres: { value: text, configurable: true },
  });
}
