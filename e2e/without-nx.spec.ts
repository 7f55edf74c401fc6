import { basename, join } from 'node:path';
import { Folder } from './testing/folder';
import { tableMigration, versionOf } from './testing/migration-file';
import { packPackages, type PackedPackages } from './testing/packed';
import { mustRun, run } from './testing/run';

jest.setTimeout(240_000);

describe('ff in an empty folder without Nx', () => {
  const folder = new Folder();
  let packages: PackedPackages;
  const ff = (...args: string[]) =>
    run(join(folder.path, 'node_modules', '.bin', 'ff'), args, { cwd: folder.path });

  beforeAll(async () => {
    packages = await packPackages();
    folder.write('package.json', {
      name: 'alone',
      private: true,
      devDependencies: {
        '@flashfusion/migrator': `file:${packages.tarball('migrator')}`,
        '@flashfusion/cli': `file:${packages.tarball('cli')}`,
      },
      overrides: { '@flashfusion/migrator': '$@flashfusion/migrator' },
    });
    await mustRun(
      'npm',
      ['install', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund'],
      { cwd: folder.path },
    );
  });
  afterAll(() => {
    folder.remove();
    packages.remove();
  });

  it('has no Nx', () => {
    expect(folder.list('node_modules')).not.toContain('nx');
  });

  it('generates, migrates, shows and rolls back, with nothing set up before', async () => {
    const generated = await ff('db', 'generate', 'create_notes', 'Notes');
    expect(generated).toMatchObject({ exitCode: 0 });
    const [file] = folder.list('migrations').filter((name) => name.endsWith('.ts'));
    expect(file).toMatch(/^\d{14}_create_notes\.ts$/);
    expect(generated.output).toContain(basename(String(file)));
    const version = versionOf(String(file));
    folder.write(
      `migrations/${file}`,
      tableMigration({ version, name: 'create_notes', table: 'notes' }),
    );

    expect(await ff('db', 'migrate', '--dry-run')).toMatchObject({ exitCode: 0 });
    expect((await ff('db', 'status')).output).toMatch(/create_notes +pending/);
    expect(await ff('db', 'migrate')).toMatchObject({ exitCode: 0 });
    expect((await ff('db', 'status')).output).toMatch(/create_notes +applied/);
    expect((await ff('db', 'migrate')).output).toMatch(/nothing to (apply|do)/i);
    expect(await ff('db', 'rollback', 'create_notes')).toMatchObject({ exitCode: 0 });
    expect(await ff('db', 'status', '--check')).toMatchObject({ exitCode: 5 });
  });

  it('prints one JSON document', async () => {
    const { stdout } = await ff('db', 'status', '--json');

    expect(JSON.parse(stdout)).toMatchObject({ environment: 'development' });
  });

  it('tells bad input by its exit code', async () => {
    expect(await ff('db', 'migrate', '--env=prodution')).toMatchObject({ exitCode: 2 });
  });
});
