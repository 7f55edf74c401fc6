import { createLayout, isChosen, LAYOUTS, type Layout, type LayoutWorkspace } from './layouts';
import { tableMigration } from './migration-file';
import { serveRegistry, type Registry } from './registry';

const USERS = {
  version: '20250101000000',
  source: tableMigration({ version: '20250101000000', name: 'create_users', table: 'users' }),
};

/** Tells the same story in each layout whose package manager has the name: from `nx add` to applied migrations. */
export function describeLayoutsOf(packageManager: RegExp): void {
  jest.setTimeout(300_000);

  let registry: Registry;
  beforeAll(async () => {
    registry = await serveRegistry();
  });
  afterAll(() => registry?.close());

  for (const layout of LAYOUTS.filter((each) => packageManager.test(each.packageManager))) {
    const describeChosen = isChosen(layout) ? describe : describe.skip;
    describeChosen(`a fresh workspace with ${layout.packageManager}, ${layout.typescript}`, () =>
      tellStory(layout, () => registry),
    );
  }
}

// One workspace lives through it; each test is a chapter and stands on those before it.
function tellStory(layout: Layout, registry: () => Registry): void {
  let workspace: LayoutWorkspace;
  beforeAll(async () => {
    workspace = await createLayout(layout, registry());
  });
  afterAll(() => workspace?.folder.remove());

  const nx = async (...args: string[]) => (await workspace.nx(...args)).output;
  const folder = () => workspace.folder;
  const json = (path: string): unknown => JSON.parse(folder().read(path));
  const keysMigration = () => {
    const file = folder()
      .list('packages/api/migrations')
      .find((name) => name.endsWith('.ts'));
    return `packages/api/migrations/${file}`;
  };

  it('is set up by nx add', async () => {
    await workspace.execNx('add', '@flashfusion/db');

    expect(json('nx.json')).toMatchObject({ plugins: ['@flashfusion/db'] });
    expect(json('package.json')).toMatchObject({
      devDependencies: {
        '@flashfusion/db': expect.stringMatching(/^\^\d/),
        '@flashfusion/migrator': expect.stringMatching(/^\^\d/),
        '@nx/devkit': expect.anything(),
      },
    });
    expect(
      folder()
        .read('.gitignore')
        .match(/\.data/g),
    ).toHaveLength(1);
  });

  it('gives an ES module project a database, and a migration that follows one of a CommonJS project', async () => {
    await nx('g', '@flashfusion/db:configuration', '--project=api');
    folder().write('packages/users/db.config.ts', folder().read('packages/api/db.config.ts'));
    folder().write(`packages/users/migrations/${USERS.version}_create_users.ts`, USERS.source);

    await nx(
      'g',
      '@flashfusion/db:migration',
      'create_keys',
      '--project=api',
      '--dependencies=users:create_users',
    );

    expect(folder().read(keysMigration())).toContain(`users:${USERS.version}`);
  });

  it('applies them in order, with what they import from the other project', async () => {
    folder().write(
      keysMigration(),
      `import { quote } from '@acme/users';\n${folder()
        .read(keysMigration())
        .replace(
          /async up\([^)]*\)[^{]*\{/,
          '$&\n    await db.query(`CREATE TABLE ${quote("Keys")} (id int)`);',
        )}`,
    );

    const output = await nx('run', 'api:migrate');

    expect(output.indexOf('users:migrate')).toBeLessThan(output.lastIndexOf('api:migrate'));
    expect(await nx('run', 'api:status')).toMatch(/create_keys +applied/);
  });

  it('has that import among the inputs of migrate', async () => {
    const { stdout } = await workspace.nx('show', 'project', 'api', '--json');
    const { targets } = JSON.parse(stdout) as {
      targets: Record<string, { inputs: string[] }>;
    };

    expect(targets['migrate']?.inputs).toContain('{workspaceRoot}/packages/users/src/index.ts');
  });
}
