import { parseDuration } from './duration';
import { migrationId, parseMigrationId } from './id';
import { checkName, toSnakeCase } from './name';
import { formatVersion, parseVersion } from './version';

describe('a version', () => {
  it.each(['20250917102200', '20240229235959', '00010101000000', '99991231235959'])(
    '%s names a second',
    (text) => expect(parseVersion(text)).toBe(text),
  );

  it.each([
    ['', 'empty'],
    ['2025091710220', '13 digits'],
    ['202509171022000', '15 digits'],
    ['20250229000000', 'no leap year'],
    ['20251301000000', 'month 13'],
    ['20250917240000', 'hour 24'],
    ['20250917102260', 'second 60'],
    ['20250917102200\n', 'a line break'],
    [' 20250917102200', 'a space'],
    ['２０２５０９１７１０２２００', 'digits of another script'],
    ['2025-09-17T10-22-00', 'the original agent’s form, which only file names have'],
  ])('%j is none: %s', (text) => expect(parseVersion(text)).toBeUndefined());

  it('is written in UTC', () => {
    expect(formatVersion(new Date('2025-09-17T23:22:00.999-05:00'))).toBe('20250918042200');
  });
});

describe('an identity', () => {
  it('is taken apart at its last colon', () => {
    const project = ':libs:users';
    const id = migrationId(project, '20250910090000');
    expect(parseMigrationId(id)).toEqual({ project, version: '20250910090000' });
    expect(parseMigrationId('20250910090000').project).toBe('');
  });
});

describe('a name', () => {
  it.each(['create_users', 'a', 'addUsers2', 'add-users', 'a'.repeat(100)])('%s is good', (name) =>
    expect(checkName(name)).toBeUndefined(),
  );

  it.each([
    '',
    '../etc',
    'a/b',
    'a\\b',
    'a\0b',
    'a b',
    'é',
    '2fa',
    '_x',
    '-x',
    'a.b',
    'a\n',
    'a'.repeat(101),
  ])('%j is refused', (name) => expect(checkName(name)).toMatchObject({ code: 'INVALID_NAME' }));

  it.each([
    ['Add user profiles!', 'add_user_profiles'],
    ['addUserProfiles', 'add_user_profiles'],
    ['add-HTTPServer--log', 'add_http_server_log'],
    ['  créer les Élèves ', 'creer_les_eleves'],
    ['create_users', 'create_users'],
    ['!?', ''],
  ])('%j becomes %j', (text, name) => expect(toSnakeCase(text)).toBe(name));
});

describe('a duration', () => {
  it.each<[string | number, number]>([
    ['500ms', 500],
    ['5s', 5000],
    ['2m', 120_000],
    ['1.5h', 5_400_000],
    ['5 s', 5000],
    ['250', 250],
    ['0', 0],
    [0, 0],
    [1500, 1500],
  ])('%j is %d milliseconds', (value, ms) => expect(parseDuration(value)).toBe(ms));

  it.each(['', 'soon', '-1s', '1d', '5S', '1e3', 's', '25d', '600h', NaN, Infinity, -1])(
    '%j is none',
    (value) => expect(parseDuration(value)).toBeUndefined(),
  );
});
