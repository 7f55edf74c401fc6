import { MigratorError } from '../errors';
import { formatError, presentableError } from './format-error';
import { formatSkippedTargets, formatTargetErrors } from './format-targets';

const shop = { project: 'shop', environment: 'production' };
const eu = { ...shop, databaseName: 'eu' };
const us = { ...shop, databaseName: 'us', tenant: 'acme' };

describe('errors of targets', () => {
  it('are shown once below the names of all targets that they are about', () => {
    const same = new MigratorError('TARGETS_DIFFER', 'They differ.');
    const other = new MigratorError('LOCK_HELD', 'It is locked.');
    const errors = [
      { target: eu, error: same },
      { target: us, error: other },
      { target: us, error: same },
    ];
    expect(formatTargetErrors(errors, formatError).map(({ text }) => text)).toEqual([
      'shop · production/eu, production/us/acme\nTARGETS_DIFFER: They differ.',
      'shop · production/us/acme\nLOCK_HELD: It is locked.',
    ]);
  });

  it('have no name where the environment has one target', () => {
    const error = new MigratorError('LOCK_HELD', 'It is locked.');
    const texts = formatTargetErrors([{ target: shop, error }], formatError);
    expect(texts.map(({ text }) => text)).toEqual(['LOCK_HELD: It is locked.']);
  });

  it('E5: do not let the name of a target act in a terminal', () => {
    const target = { ...shop, tenant: 'a\u001b[2J\n::error::x' };
    const [shown] = formatTargetErrors([{ target, error: new Error('x') }], () => 'x');
    expect(shown?.text).toBe('shop · production/a\\x1b[2J\\n\\::error::x\nx');
  });

  it('always have a code in JSON', () => {
    expect(presentableError(new Error('loose'))).toMatchObject({ code: 'UNEXPECTED' });
    const known = new MigratorError('LOCK_HELD', 'It is locked.');
    expect(presentableError(known)).toBe(known);
  });
});

describe('skipped targets', () => {
  it('have the names that tell them from the others', () => {
    expect(formatSkippedTargets([eu])).toBe('Skipped 1 database: eu');
    expect(formatSkippedTargets([eu, us])).toBe('Skipped 2 tenants: eu, us/acme');
    expect(formatSkippedTargets([shop])).toBe('Skipped 1 database: production');
    expect(formatSkippedTargets([])).toBeUndefined();
  });
});
