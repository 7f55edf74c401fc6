/** Milliseconds in each unit. */
const units: Readonly<Record<string, number>> = { '': 1, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** The longest duration, about 24.8 days: what Postgres' timeouts (a 32-bit integer) can hold. */
export const MAX_DURATION_MS = 2_147_483_647;

/**
 * Reads a duration: `'500ms'`, `'5s'`, `'2m'`, `'1.5h'`; a number, or a text of digits only, is milliseconds; `0` is
 * allowed and commonly means "no limit" or "do not wait".
 *
 * @returns whole milliseconds from 0 to {@link MAX_DURATION_MS}, or `undefined` where `value` is no such duration
 * @example
 * ```ts
 * parseDuration('5s'); // 5000
 * parseDuration('soon'); // undefined
 * ```
 */
export function parseDuration(value: string | number): number | undefined {
  const match = /^(\d+(?:\.\d+)?) ?(ms|s|m|h|)$/.exec(String(value).trim());
  if (match === null) return undefined;
  const milliseconds = Math.round(Number(match[1]) * (units[match[2] ?? ''] ?? 1));
  return milliseconds <= MAX_DURATION_MS ? milliseconds : undefined;
}
