import { objectWithText, type ExactValue } from '../../migration/exact-text';

/** A value of `interval` with the fields of `pg`, those that are not 0. It is written as the exact text. */
export type Interval = ExactValue<{
  years?: number;
  months?: number;
  days?: number;
  hours?: number;
  minutes?: number;
  seconds?: number;
  milliseconds?: number;
}>;

/** A value of `point`. It is written as the exact text. */
export type Point = ExactValue<{ x: number; y: number }>;

/** A value of `circle`. It is written as the exact text. */
export type Circle = ExactValue<{ x: number; y: number; radius: number }>;

const INTERVAL_TEXT =
  /^(?:([+-]?\d+) years?)?(?: ?([+-]?\d+) mons?)?(?: ?([+-]?\d+) days?)?(?: ?([+-])?(\d+):(\d\d):(\d\d)(\.\d+)?)?$/;

/** Without fields where IntervalStyle is not `postgres`, or for an infinite interval. */
export function parseInterval(text: string): Interval {
  const match = INTERVAL_TEXT.exec(text);
  const [years, months, days, sign, hours, minutes, seconds, fraction] = match?.slice(1) ?? [];
  const factor = sign === '-' ? -1 : 1;
  const fields = {
    years: Number(years ?? 0),
    months: Number(months ?? 0),
    days: Number(days ?? 0),
    hours: factor * Number(hours ?? 0),
    minutes: factor * Number(minutes ?? 0),
    seconds: factor * Number(seconds ?? 0),
    milliseconds: (factor * Math.round(Number(`0${fraction ?? ''}`) * 1e6)) / 1e3,
  };
  const given = Object.entries(fields).filter(([, value]) => value !== 0);
  return objectWithText(Object.fromEntries(given), text);
}

export function parsePoint(text: string): Point {
  const [x = NaN, y = NaN] = numbersIn(text);
  return objectWithText({ x, y }, text);
}

export function parseCircle(text: string): Circle {
  const [x = NaN, y = NaN, radius = NaN] = numbersIn(text);
  return objectWithText({ x, y, radius }, text);
}

function numbersIn(text: string): number[] {
  return text
    .replace(/[<>()]/g, '')
    .split(',')
    .map(Number);
}
