import { formatDuration, formatMoment } from './duration';

describe('durations', () => {
  it.each([
    [0, '0 ms'],
    [0.2, '< 1 ms'],
    [12.4, '12 ms'],
    [999.4, '999 ms'],
    [999.6, '1.0 s'],
    [1300, '1.3 s'],
    [59_949, '59.9 s'],
    [59_951, '1 min'],
    [125_000, '2 min 5 s'],
    [3_599_600, '1 h'],
    [3_840_000, '1 h 4 min'],
    [Number.NaN, '?'],
    [-1, '?'],
  ])('%d ms are %s', (milliseconds, text) => expect(formatDuration(milliseconds)).toBe(text));
});

describe('moments', () => {
  it.each([
    ['2025-09-17T10:22:00.123Z', '2025-09-17 10:22:00 UTC'],
    ['2025-09-17T12:22:00+02:00', '2025-09-17 10:22:00 UTC'],
    ['once', 'once'],
  ])('%s is %s', (iso, text) => expect(formatMoment(iso)).toBe(text));
});
