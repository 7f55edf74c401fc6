import { foreignLine, foreignText, isHarmless } from './inert';

/** Characters of a block: more than what errors and log lines are cut to where they arise, so that none is cut twice. */
const LONGEST_BLOCK = 100_000;

/** Fields that are shown as a block of lines. Every other string is shown as a part of a line. */
const BLOCKS = new Set(['message', 'hint', 'error', 'excerpt', 'sql', 'stack', 'detail', 'where']);

/**
 * A copy of a result or an event whose strings can be shown to people: redacted, of bounded length, unable to act as a command of a
 * terminal or of a CI, and in one line unless their field is a block of lines (`message`, `hint`). Every function that
 * formats a value calls it first, so that no field can be forgotten.
 *
 * Parts without such strings are not copied. Errors, functions and instances of classes stay as they are: `formatError` does the
 * same for errors.
 */
export function foreignValue<T>(value: T): T {
  return treat(value, undefined, new Map()) as T;
}

function treat(value: unknown, field: string | undefined, done: Map<object, unknown>): unknown {
  if (typeof value === 'string') return treatString(value, field);
  if (typeof value !== 'object' || value === null) return value;
  const known = done.get(value);
  if (known !== undefined) return known;
  // A circular value contains its original.
  done.set(value, value);
  const treated = treatObject(value, field, done);
  done.set(value, treated);
  return treated;
}

function treatString(text: string, field: string | undefined): string {
  if (isHarmless(text)) return text;
  return field !== undefined && BLOCKS.has(field)
    ? foreignText(text, LONGEST_BLOCK)
    : foreignLine(text);
}

function treatObject(value: object, field: string | undefined, done: Map<object, unknown>): object {
  if (Array.isArray(value)) {
    const list: readonly unknown[] = value;
    const items = list.map((item) => treat(item, field, done));
    return items.some((item, index) => item !== list[index]) ? items : list;
  }
  const kind: unknown = Object.getPrototypeOf(value);
  if (kind !== null && Object.getPrototypeOf(kind) !== null) return value;
  let copy: Record<string, unknown> | undefined;
  for (const [key, part] of Object.entries(value) as [string, unknown][]) {
    const treated = treat(part, key, done);
    if (treated === part) continue;
    copy ??= { ...value };
    copy[key] = treated;
  }
  return copy ?? value;
}
