import { MigratorError } from '@flashfusion/migrator';

/**
 * A whole number from the command line.
 *
 * @param option as the user knows it, e.g. `--last`
 * @throws {MigratorError} `INVALID_ARGUMENT` when it is none or less than `least`
 */
export function parseWholeNumber(option: string, text: string, least: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least) return value;
  throw new MigratorError('INVALID_ARGUMENT', `${option} takes a number, not “${text}”.`, {
    hint: `Give a whole number of at least ${least}.`,
    where: option,
  });
}

/** The parts of a list that was given with commas, e.g. `users:add_teams,20250917102200`. */
export function parseList(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
