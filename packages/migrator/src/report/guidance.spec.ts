import { recoveryGuidance, type FailureFacts } from './guidance';
import type { ErrorCode } from '../errors';

const guidance = (code: ErrorCode, changes: Partial<FailureFacts> = {}) =>
  recoveryGuidance(
    { code },
    {
      id: 'api:7',
      name: 'add_teams',
      action: 'apply',
      mode: 'transaction',
      project: 'api',
      environment: 'staging',
      ...changes,
    },
  ).join('\n');

describe('recovery guidance', () => {
  it('says that a transaction was rolled back, and how to go on', () => {
    expect(guidance('MIGRATION_FAILED')).toBe(
      [
        'The database is as it was before: the transaction was rolled back, and api:7 is not applied.',
        'Mend it, then run again: `nx run api:migrate:staging` or `ff db migrate --project=api --env=staging`.',
      ].join('\n'),
    );
  });

  it('says that a migration whose revert failed is still applied', () => {
    const text = guidance('MIGRATION_FAILED', { action: 'revert' });
    expect(text).toContain('api:7 is still applied');
    expect(text).toContain('`ff db rollback 7 --project=api --env=staging`');
  });

  it('says what stays behind without a transaction, and the ways out', () => {
    const text = guidance('STATEMENT_TIMEOUT', { mode: 'no-transaction' });
    expect(text).not.toContain('rolled back');
    expect(text).toContain('stay in the database');
    expect(text).toContain('--mark-applied');
    expect(text).toContain('Raise statementTimeout');
  });

  it('says what is retried by itself, and what is not', () => {
    const text = guidance('LOCK_TIMEOUT', { mode: 'no-transaction' });
    expect(text).toContain('It was not tried again by itself');
    expect(guidance('LOCK_TIMEOUT')).not.toContain('It was not tried again');
    // Raising it helps against no deadlock.
    expect(text).not.toContain('lockTimeout');
  });

  it('says that migrate waits until a revert without a transaction is finished', () => {
    const text = guidance('MIGRATION_FAILED', { mode: 'no-transaction', action: 'revert' });
    expect(text).toContain('neither applied nor reverted');
    expect(text).toContain('--mark-reverted');
  });

  it('never claims a rollback where the transaction was escaped', () => {
    const text = guidance('TRANSACTION_ESCAPED');
    expect(text).toContain('what it did up to there is committed');
    expect(text).not.toContain('as it was before');
  });

  it('never guesses where nobody knows', () => {
    const text = guidance('OUTCOME_UNKNOWN');
    expect(text).toContain('nobody knows yet');
    expect(text).toContain('`nx run api:status:staging`');
  });

  it.each<ErrorCode>(['CANCELLED', 'CONNECTION_LOST', 'LOCK_TIMEOUT', 'CONCURRENT_RUN'])(
    'does not ask for anything to be mended after %s',
    (code) => expect(guidance(code)).not.toContain('Mend it'),
  );

  it.each<ErrorCode>([
    'VALIDATION_FAILED',
    'INVALID_ROLLBACK_DATA',
    'TRANSACTION_ESCAPED',
    'TRANSACTION_ABORTED',
    'TRANSACTION_CONTROL',
    'UNAWAITED_QUERY',
    'PROCESS_EXIT',
    'INVALID_INDEX',
    'ENUM_VALUE_NOT_COMMITTED',
    'MAX_LOCKS_EXCEEDED',
    'LOCK_TIMEOUT',
    'STATEMENT_TIMEOUT',
    'LOCK_LOST',
    'CONNECTION_LOST',
    'PERMISSION_DENIED',
    'CONCURRENT_RUN',
  ])('knows what to do about %s', (code) => {
    expect(guidance(code).split('\n').length).toBeGreaterThan(2);
  });
});
