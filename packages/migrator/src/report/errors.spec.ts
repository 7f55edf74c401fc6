import { runInNewContext } from 'node:vm';
import { MigratorError } from '../errors';
import { formatError } from './format-error';
import { redact } from '../text/redact';
import { expectGolden } from './testing/golden';

const environment = new MigratorError('UNKNOWN_ENVIRONMENT', 'api has no environment “stagin”.', {
  hint: 'Did you mean “staging”?',
  where: 'libs/api/db.config.ts',
});

describe('the text of an error', () => {
  it('gives code, message, where and hint', () => {
    expectGolden(formatError(environment), 'error.txt');
  });

  it('gives everything that is wrong, one under the other', () => {
    const all = MigratorError.fromProblems([
      ...environment.problems,
      { code: 'DUPLICATE_VERSION', message: 'Two files have the version 7:\n- a.ts\n- b.ts' },
    ]);
    expectGolden(formatError(all), 'error-problems.txt');
  });

  it('tells the causes only when asked to', () => {
    const cause = new Error('connect ECONNREFUSED 127.0.0.1:5432', { cause: 'the server is down' });
    const failed = new MigratorError('CONNECTION_FAILED', 'Cannot reach the database.', { cause });
    failed.stack = 'Error\n    at open (database.ts:3:4)';
    cause.stack = 'Error\n    at connect (net.ts:1:2)';
    expect(formatError(failed)).not.toContain('ECONNREFUSED');
    expectGolden(formatError(failed, { detail: 'verbose' }), 'error-verbose.txt');
  });

  it('gives the stack that an error has from its cause only once', () => {
    const cause = new Error('no table');
    const failed = new MigratorError('MIGRATION_FAILED', 'no table', { cause });
    for (const error of [failed, cause]) error.stack = 'Error\n    at up (add_teams.ts:7:14)';
    expect(formatError(failed, { detail: 'verbose' }).match(/add_teams\.ts:7:14/g)).toHaveLength(1);
  });

  it('comes to an end where causes go round in a circle', () => {
    const error = new Error('round');
    error.cause = error;
    expect(formatError(error, { detail: 'verbose' })).toContain('caused by Error: round');
  });

  it.each<[string, unknown, string]>([
    ['an ordinary error', new RangeError('too far'), 'RangeError: too far'],
    ['text', 'just text', 'just text'],
    ['null', null, 'Something that is no error was thrown: null'],
    ['undefined', undefined, 'Something that is no error was thrown: undefined'],
    ['an object with a message', { message: 'hm' }, 'hm'],
    [
      'an object without a prototype',
      Object.create(null),
      'Something that is no error was thrown: [object Object]',
    ],
  ])('is made of %s too', (_, thrown, text) => expect(formatError(thrown)).toBe(text));

  it('knows errors of another realm by their shape', () => {
    const foreign: unknown = runInNewContext(
      "Object.assign(new Error('m'), { name: 'MigratorError', code: 'NO_DOWN', problems: [{ code: 'NO_DOWN', message: 'm' }] })",
    );
    expect(formatError(foreign)).toBe('NO_DOWN: m');
  });
});

describe('masking secrets', () => {
  it.each([
    ['postgres://me:canary@host:5432/shop', 'postgres://me:***@host:5432/shop'],
    ['postgres://:canary@host/shop', 'postgres://:***@host/shop'],
    ['at postgresql://me:can@nary@host/shop.', 'at postgresql://me:***@host/shop.'],
    ['host=a password=canary user=me', 'host=a password=*** user=me'],
    ["password='can ary' user=me", 'password=*** user=me'],
    ['pglite:.data/development', 'pglite:.data/development'],
    ['https://github.com/a/b/actions/runs/1', 'https://github.com/a/b/actions/runs/1'],
    ['12:30 me@host', '12:30 me@host'],
  ])('%s', (text, masked) => expect(redact(text)).toBe(masked));
});
