import { parseList, parseWholeNumber } from '../arguments';
import { repairOptionsOf } from './repair';
import { selectionOf } from './rollback';

const invalidArgument = expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as Error;

describe('What to roll back', () => {
  it('is one migration, everything after a version, or the newest ones', () => {
    expect(selectionOf('add_teams', {})).toEqual({ kind: 'migration', nameOrVersion: 'add_teams' });
    expect(selectionOf(undefined, { to: '0012' })).toEqual({ kind: 'to', version: '0012' });
    expect(selectionOf(undefined, { last: true })).toEqual({ kind: 'last', count: 1 });
    expect(selectionOf(undefined, { last: '3' })).toEqual({ kind: 'last', count: 3 });
  });

  it('has to be said, and in one way only', () => {
    expect(() => selectionOf(undefined, {})).toThrow(invalidArgument);
    expect(() => selectionOf('add_teams', { last: true })).toThrow(invalidArgument);
    expect(() => selectionOf(undefined, { to: '1', last: '2' })).toThrow(invalidArgument);
  });

  it.each(['0', '-1', '1.5', 'add_teams', '', '1e3'])('is not “--last=%s”', (last) => {
    expect(() => selectionOf(undefined, { last })).toThrow(invalidArgument);
  });
});

describe('What to repair', () => {
  it('is only shown until a flag says to go on', () => {
    expect(repairOptionsOf(undefined, {})).toEqual({ mode: 'show' });
    expect(repairOptionsOf('add_teams', {})).toEqual({ migration: 'add_teams', mode: 'show' });
    expect(repairOptionsOf(undefined, { yes: true })).toEqual({ mode: 'run' });
    expect(repairOptionsOf('add_teams', { resume: true, dryRun: true })).toMatchObject({
      mode: 'show',
    });
    expect(repairOptionsOf('add_teams', { resume: true })).toEqual({
      migration: 'add_teams',
      action: 'resume',
      mode: 'run',
    });
  });

  it('is one thing at a time', () => {
    const flags = { markApplied: true, markReverted: true } as const;
    expect(() => repairOptionsOf('add_teams', flags)).toThrow(invalidArgument);
  });

  it('is a migration where the step is named', () => {
    expect(() => repairOptionsOf(undefined, { markApplied: true })).toThrow(invalidArgument);
    expect(() => repairOptionsOf(undefined, { acceptChecksum: true })).toThrow(invalidArgument);
  });
});

describe('Arguments', () => {
  it('are whole numbers of at least the least', () => {
    expect(parseWholeNumber('--recent', '0', 0)).toBe(0);
    expect(parseWholeNumber('--recent', '050', 0)).toBe(50);
    expect(() => parseWholeNumber('--recent', '12345678901', 0)).toThrow(invalidArgument);
  });

  it('are lists with commas, with or without blanks', () => {
    expect(parseList('users:add_teams, 20250917102200,,')).toEqual([
      'users:add_teams',
      '20250917102200',
    ]);
  });
});
