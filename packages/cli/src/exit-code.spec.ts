import { MigratorError } from '@flashfusion/migrator';
import {
  errorCodeOf,
  EXIT,
  exitCodeOfError,
  exitCodeOfFailedRun,
  exitCodeOfSignal,
  exitCodes,
} from './exit-code';

describe('The exit code of an error', () => {
  it.each([
    ['INVALID_ARGUMENT', 2],
    ['INVALID_CONFIG', 2],
    ['CHECKSUM_MISMATCH', 2],
    ['DEPENDENCY_CYCLE', 2],
    ['MIGRATION_FAILED', 1],
    ['CONNECTION_FAILED', 1],
    ['LOCK_HELD', 3],
    ['OUTCOME_UNKNOWN', 4],
  ] as const)('of %s is %i', (code, exitCode) => {
    expect(exitCodeOfError(new MigratorError(code, 'It went wrong.'))).toBe(exitCode);
  });

  it('is failed for an error that nobody foresaw, whatever it looks like', () => {
    const lookalike = Object.assign(new Error('ENOENT'), { code: 'LOCK_HELD' });
    for (const thrown of [new Error('oops'), lookalike, null, undefined, 'text', 7]) {
      expect(exitCodeOfError(thrown)).toBe(EXIT.failed);
    }
  });

  it('is never success, and only LOCK_HELD and OUTCOME_UNKNOWN have one of their own', () => {
    const special = exitCodes.filter(([, code]) => code !== EXIT.failed && code !== EXIT.refused);
    expect(special).toEqual([
      ['LOCK_HELD', EXIT.lockHeld],
      ['OUTCOME_UNKNOWN', EXIT.outcomeUnknown],
    ]);
  });

  it('is known for an error of another realm or another copy of the engine', () => {
    expect(errorCodeOf({ name: 'MigratorError', code: 'LOCK_HELD' })).toBe('LOCK_HELD');
    expect(errorCodeOf({ name: 'MigratorError', code: 'toString' })).toBeUndefined();
  });
});

describe('The exit code of a run that failed half way', () => {
  it('never promises that nothing was touched', () => {
    for (const [code] of exitCodes) {
      const exitCode = exitCodeOfFailedRun(new MigratorError(code, 'It went wrong.'));
      expect([EXIT.failed, EXIT.outcomeUnknown]).toContain(exitCode);
    }
  });
});

describe('The exit code after a signal', () => {
  it('is that of the signal', () => {
    expect(exitCodeOfSignal('SIGINT', EXIT.failed)).toBe(130);
    expect(exitCodeOfSignal('SIGTERM', EXIT.done)).toBe(143);
    expect(exitCodeOfSignal('SIGHUP', EXIT.failed)).toBe(129);
  });

  it('still says that the outcome is unknown', () => {
    expect(exitCodeOfSignal('SIGINT', EXIT.outcomeUnknown)).toBe(4);
  });
});
