const compact = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})$/;

/**
 * Reads a version: 14 digits, `YYYYMMDDhhmmss`, naming a second that exists in UTC. Leading and trailing space is not
 * tolerated, since a version is compared as text everywhere.
 *
 * @returns the version itself, or `undefined` where it is none
 * @example
 * ```ts
 * parseVersion('20250917102200'); // '20250917102200'
 * parseVersion('20250230000000'); // undefined: February has no 30th
 * ```
 */
export function parseVersion(text: string): string | undefined {
  const match = compact.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1)
    .map(Number);
  const date = new Date(0);
  // Not Date.UTC: it reads the years 0 to 99 as 1900 to 1999.
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  return formatVersion(date) === text ? text : undefined;
}

/**
 * The version of a moment, in UTC and to the second (milliseconds are cut).
 *
 * @throws {RangeError} for an invalid date
 * @example formatVersion(new Date('2025-09-17T10:22:00Z')) // '20250917102200'
 */
export function formatVersion(date: Date): string {
  return date.toISOString().slice(0, 19).replace(/\D/g, '');
}
