import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MigratorError } from '../errors';
import { passwordFileOf, readPassword } from './password-file';
import { redact } from '../text/redact';

describe('D6: the password file of libpq', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'flashfusion-pgpass-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const request = { host: 'db', port: 5432, database: 'shop', user: 'app', source: 'API_URL' };
  const write = (text: string, mode = 0o600) => {
    const path = join(folder, '.pgpass');
    writeFileSync(path, text);
    chmodSync(path, mode);
    return { path, origin: 'named' as const };
  };

  it.each([
    ['a line', 'db:5432:shop:app:pw-canary', 'pw-canary'],
    ['wildcards', '*:*:*:*:pw-canary', 'pw-canary'],
    ['the first that fits', 'other:*:*:*:no-1\ndb:*:*:*:yes-1\n*:*:*:*:no-2', 'yes-1'],
    ['comments and CRLF', '# db:5432:shop:app:no-3\r\n\r\ndb:5432:shop:app:yes-2\r\n', 'yes-2'],
    ['escapes', 'db:5432:shop:app:a\\:b\\\\c', 'a:b\\c'],
    ['no match', 'db:5433:shop:app:no-4', undefined],
    ['another user', 'db:5432:shop:APP:no-5', undefined],
    ['too few fields', 'db:5432:shop', undefined],
    ['an empty file', '', undefined],
  ])('D6: with %s', (_, text, expected) => {
    expect(readPassword(write(text), request)).toBe(expected);
  });

  it('D6: names IPv6 addresses with escapes, and default sockets localhost', () => {
    const file = write('\\:\\:1:5432:shop:app:six-6\nlocalhost:5432:shop:app:sock-7');
    expect(readPassword(file, { ...request, host: '::1' })).toBe('six-6');
    expect(readPassword(file, { ...request, host: '/var/run/postgresql' })).toBe('sock-7');
    expect(readPassword(file, { ...request, host: '/other' })).toBeUndefined();
  });

  it('D6: makes the password a secret', () => {
    readPassword(write('*:*:*:*:from-file-canary'), request);
    expect(redact('it is from-file-canary')).toBe('it is ***');
  });

  it.each([0o640, 0o604, 0o660])('D6: refuses a file that others can read (%o)', (mode) => {
    const read = () => readPassword(write('*:*:*:*:pw', mode), request);
    expect(read).toThrow(MigratorError);
    expect(read).toThrow('read by other users');
  });

  it('D6: must exist where it is named, and need not at home', () => {
    const path = join(folder, 'nowhere');
    expect(() => readPassword({ path, origin: 'named' }, request)).toThrow('cannot be read');
    expect(readPassword({ path, origin: 'default' }, request)).toBeUndefined();
  });

  it('D6: is the one of the url, of PGPASSFILE, or at home', () => {
    expect(passwordFileOf('/a', { PGPASSFILE: '/b' }).path).toBe('/a');
    expect(passwordFileOf(undefined, { PGPASSFILE: '/b' }).path).toBe('/b');
    expect(passwordFileOf(undefined, { HOME: '/home/app' }).path).toBe('/home/app/.pgpass');
  });
});
