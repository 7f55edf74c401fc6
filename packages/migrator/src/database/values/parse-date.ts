import { dateWithText } from '../../migration/exact-text';

const ISO =
  /^(\d{4,})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?(?:([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?)?( BC)?$/;

/** Whether text is a date or time as DateStyle ISO writes it. */
export function isIsoDate(text: string): boolean {
  return ISO.test(text) || text === 'infinity' || text === '-infinity';
}

/**
 * A date, timestamp or timestamptz as a `Date` that keeps the exact text. Without an offset it is in the process's own time
 * zone, as in `pg`. The `Date` is invalid, but still has its text, for what JavaScript cannot represent: infinity, years
 * after 275760 or before 271821 BC, and any DateStyle but ISO.
 */
export function parseDate(text: string): Date {
  return dateWithText(new Date(millisecondsOf(text)), text);
}

function millisecondsOf(text: string): number {
  const match = ISO.exec(text);
  if (match === null) return NaN;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = ''] = match;
  const [sign, hours, minutes = '0', seconds = '0', era] = match.slice(8);
  const fullYear = era === undefined ? Number(year) : 1 - Number(year);
  const time = [Number(hour), Number(minute), Number(second)] as const;
  const millisecond = Number(fraction.padEnd(3, '0').slice(0, 3));
  const date = new Date(0);
  if (sign === undefined) {
    date.setFullYear(fullYear, Number(month) - 1, Number(day));
    return date.setHours(...time, millisecond);
  }
  date.setUTCFullYear(fullYear, Number(month) - 1, Number(day));
  const local = date.setUTCHours(...time, millisecond);
  const offset = (Number(hours) * 60 + Number(minutes)) * 60_000 + Number(seconds) * 1_000;
  return sign === '+' ? local - offset : local + offset;
}
