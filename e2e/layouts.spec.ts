import { basename, join } from 'node:path';
import type { Folder } from './testing/folder';
import { chosenLayouts, createLayout } from './testing/layouts';
import { versionOf } from './testing/migration-file';
import { packPackages, type PackedPackages } from './testing/packed';
import { mustRun } from './testing/run';

jest.setTimeout(300_000);

let packages: PackedPackages;
beforeAll(async () => {
  packages = await packPackages();
});
afterAll(() => packages.remove());

// `nx add` installs by name, which needs a registry; all else that it does is to run the init generator.
describe.each(chosenLayouts())('a fresh workspace with $name', (layout) => {
  let workspace: Folder;
  beforeAll(async () => {
    workspace = await createLayout(layout, packages);
  });
  afterAll(() => workspace?.remove());

  const finished = (...args: string[]) =>
    mustRun(join(workspace.path, 'node_modules/.bin/nx'), args, { cwd: workspace.path });
  const nx = async (...args: string[]) => (await finished(...args)).output;

  function migrationOf(project: string): string {
    const folder = `packages/${project}/migrations`;
    const file = workspace.list(folder).find((name) => name.endsWith('.ts'));
    return `${folder}/${file}`;
  }

  it('registers the plugin, once', async () => {
    await nx('g', '@flashfusion/db:init');
    await nx('g', '@flashfusion/db:init');

    expect(JSON.parse(workspace.read('nx.json'))).toMatchObject({ plugins: ['@flashfusion/db'] });
    expect(workspace.read('.gitignore').match(/\.data/g)).toHaveLength(1);
  });

  it('gives a CommonJS and an ES module project a database and a migration', async () => {
    for (const project of ['users', 'api']) {
      await nx('g', '@flashfusion/db:configuration', `--project=${project}`);
    }
    await nx('g', '@flashfusion/db:migration', 'create_users', '--project=users');
    await nx(
      'g',
      '@flashfusion/db:migration',
      'create_keys',
      '--project=api',
      '--dependencies=users:create_users',
    );

    const version = versionOf(basename(migrationOf('users')));
    expect(workspace.read(migrationOf('api'))).toContain(`users:${version}`);
  });

  it('applies them in order, with what they import from the other project', async () => {
    const path = migrationOf('api');
    const source = workspace.read(path);
    workspace.write(
      path,
      `import { quote } from '@acme/users';\n${source.replace(
        /async up\([^)]*\)[^{]*\{/,
        '$&\n    await db.query(`CREATE TABLE ${quote("Keys")} (id int)`);',
      )}`,
    );

    const output = await nx('run', 'api:migrate');

    expect(output.indexOf('users:migrate')).toBeLessThan(output.lastIndexOf('api:migrate'));
    expect(await nx('run', 'api:status')).toMatch(/create_keys +applied/);
    expect(await nx('run', 'users:status')).toMatch(/create_users +applied/);
  });

  it('has that import among the inputs of migrate', async () => {
    const { stdout } = await finished('show', 'project', 'api', '--json');
    const { targets } = JSON.parse(stdout) as {
      targets: Record<string, { inputs: string[] }>;
    };

    expect(targets['migrate']?.inputs).toContain('{workspaceRoot}/packages/users/src/index.ts');
  });
});
