import { chmodSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { discoverMigrations } from './discover-migrations';
import { fixture, refusal, temporaryFolders } from './testing/fixtures';

const folders = temporaryFolders();
afterEach(() => folders.clean());

const file = '20250917102200_create_users.ts';
const discover = (folder: string) => discoverMigrations({ project: 'api', folder });
const checksum = async (content: string) =>
  (await discover(folders.make({ [file]: content })))[0]?.checksum;

/** The one problem of a folder with one bad file: its code, and its message without the folder. */
async function problemOf(folder: string): Promise<[code: string, message: string]> {
  const { problems } = await refusal(discover(folder));
  expect(problems).toHaveLength(1);
  expect(problems[0]?.hint).toBeTruthy();
  return [problems[0]?.code ?? '', (problems[0]?.message ?? '').replaceAll(`${folder}/`, '')];
}

describe('discovering migrations', () => {
  it('finds migrations by version and passes over what cannot be one', async () => {
    const folder = fixture('good', 'passed-over');
    expect(await discover(folder)).toEqual([
      {
        id: 'api:20250917102200',
        project: 'api',
        version: '20250917102200',
        name: 'create_users',
        path: join(folder, file),
        checksum: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      },
    ]);
  });

  it('passes over tests, stories and type declarations of migrations', async () => {
    const names = ['a.spec.ts', 'a.test.js', 'a.bench.mts', 'a.d.ts', 'a.d.mts', 'a.js.map'];
    const files = names.map((name) => [`20250917102200_${name}`, ''] as const);
    expect(await discover(folders.make(Object.fromEntries(files)))).toEqual([]);
  });

  it('finds the original agent’s files, in one order with the others', async () => {
    const folder = folders.make({
      '20250917102201_b.ts': '',
      '2025-09-17T10-22-00_a.js': '',
      '20250917102159_c.cjs': '',
    });
    const versions = (await discover(folder)).map(({ version }) => version);
    expect(versions).toEqual(['20250917102159', '20250917102200', '20250917102201']);
  });

  it('hashes the same with and without BOM, with LF and CRLF, and no other', async () => {
    const one = await checksum('a\nb\r\r\n');
    expect(await checksum('\ufeffa\r\nb\r\r\n')).toBe(one);
    expect(await checksum('a\nb\r\n')).not.toBe(one);
    expect(await checksum('')).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    );
  });

  it('takes an empty folder for no migrations, and a missing one for a mistake', async () => {
    const folder = folders.make({ 'a-file': '' });
    expect(await discover(folder)).toEqual([]);
    for (const name of ['missing', 'a-file']) {
      const path = join(folder, name);
      expect(await refusal(discover(path))).toMatchObject({
        code: 'MIGRATIONS_FOLDER_NOT_FOUND',
        where: path,
      });
    }
  });

  it('follows a link inside the folder, and a folder that is a link', async () => {
    const folder = folders.make({ 'source.txt': 'export default {}' });
    symlinkSync('source.txt', join(folder, file));
    const linked = join(folders.make(), 'migrations');
    symlinkSync(folder, linked);
    expect(await discover(linked)).toMatchObject([{ path: join(linked, file) }]);
  });
});

describe('files that git cannot hold are refused', () => {
  it('symlink-out-of-the-folder', async () => {
    const folder = folders.make();
    const target = join(folders.make({ [file]: '' }), file);
    symlinkSync(target, join(folder, file));
    expect(await problemOf(folder)).toEqual([
      'NOT_A_REGULAR_FILE',
      `${file} is a symbolic link out of the migrations folder, to ${target}.`,
    ]);
  });

  it('symlink-loop', async () => {
    const folder = folders.make();
    symlinkSync(file, join(folder, file));
    expect(await problemOf(folder)).toEqual([
      'NOT_A_REGULAR_FILE',
      `${file} is a symbolic link that leads back to itself.`,
    ]);
  });

  it('symlink-to-nothing', async () => {
    const folder = folders.make();
    symlinkSync('nowhere.ts', join(folder, file));
    expect(await problemOf(folder)).toEqual([
      'NOT_A_REGULAR_FILE',
      `${file} is a symbolic link to nothing.`,
    ]);
  });

  it('unreadable-file', async () => {
    const folder = folders.make({ [file]: '' });
    chmodSync(folder, 0o755);
    chmodSync(join(folder, file), 0o000);
    const asRoot = process.getuid?.() === 0;
    // Root may read everything, so for as long as this takes it is nobody.
    if (asRoot) process.seteuid?.(65534);
    const discovering = problemOf(folder).finally(() => asRoot && process.seteuid?.(0));
    expect(await discovering).toEqual([
      'NOT_A_REGULAR_FILE',
      `${file} cannot be read: permission denied.`,
    ]);
  });

  it('backslash-in-name, control-character-in-name', async () => {
    const folder = folders.make({
      '20250917102200_..\\..\\evil.ts': '',
      '20250917102201_a\nb.ts': '',
    });
    const { problems } = await refusal(discover(folder));
    expect(problems.map(({ code }) => code)).toEqual(['INVALID_NAME', 'INVALID_NAME']);
    expect(problems[1]?.message).not.toContain('\n');
  });

  it('same-name-in-another-case', async () => {
    const folder = folders.make({ [file]: '', '20250917102200_Create_Users.ts': '' });
    expect(await problemOf(folder)).toEqual([
      'DUPLICATE_VERSION',
      `The version 20250917102200 is used by 20250917102200_Create_Users.ts and ${file}.`,
    ]);
  });

  it('latin-1', async () => {
    const folder = folders.make({ [file]: Buffer.from('// caf\ufffd \u00e9', 'utf8') });
    expect(await discover(folder)).toHaveLength(1);
    writeFileSync(join(folder, file), Buffer.from('// caf\u00e9', 'latin1'));
    expect(await problemOf(folder)).toEqual([
      'NOT_UTF8',
      `${file} is not UTF-8: the bytes at offset 6 are no character.`,
    ]);
  });

  it('utf-16', async () => {
    const folder = folders.make({ [file]: Buffer.from('\ufeffexport default 1', 'utf16le') });
    expect((await problemOf(folder))[0]).toBe('NOT_UTF8');
  });

  it('nul-byte', async () => {
    const folder = folders.make({ [file]: 'export\0 default 1' });
    expect(await problemOf(folder)).toEqual(['NUL_BYTE', `${file} has a NUL byte at offset 6.`]);
  });

  it('fifty-megabytes', async () => {
    const folder = folders.make({ [file]: '' });
    truncateSync(join(folder, file), 50 * 1024 * 1024);
    expect(await problemOf(folder)).toEqual([
      'FILE_TOO_LARGE',
      `${file} has 52428800 bytes, 10485760 are allowed.`,
    ]);
  });

  it('folder-link-named-like-a-migration', async () => {
    const folder = folders.make();
    mkdirSync(join(folder, 'helpers'));
    symlinkSync('helpers', join(folder, file));
    expect((await problemOf(folder))[0]).toBe('NOT_A_REGULAR_FILE');
  });

  it('all of them at once', async () => {
    const folder = folders.make({ '1_a.ts': '', '20250917102201_b.ts': '\0', [file]: '\xff\0' });
    mkdirSync(join(folder, '20250917102202_c.js'));
    const { problems } = await refusal(discover(folder));
    expect(problems.map(({ code }) => code)).toEqual(
      ['INVALID_VERSION', 'NUL_BYTE', 'NUL_BYTE', 'NOT_A_REGULAR_FILE'].sort(() => 0),
    );
  });
});
