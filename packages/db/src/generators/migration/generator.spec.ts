import { logger } from '@nx/devkit';
import { createWorkspace, type TestWorkspace } from '../../testing/workspace';
import { migrationGenerator } from './generator';

describe('migration', () => {
  let workspace: TestWorkspace;
  beforeEach(() => {
    workspace = createWorkspace({
      'apps/api/project.json': '{"name":"api"}',
      'apps/api/db.config.json': '{"migrations":"./db"}',
      'apps/api/db/20250917102200_create_teams.ts': 'export default {};',
      'libs/users/project.json': '{"name":"users"}',
      'libs/users/db.config.json': '{}',
      'libs/users/migrations/20250910090000_create_users.ts': 'export default {};',
    });
  });
  afterEach(() => workspace.dispose());

  async function generate(options = {}) {
    const tree = workspace.tree();
    const all = { name: 'add_owner', project: 'api', skipFormat: true, ...options };
    await migrationGenerator(tree, all);
    return tree.listChanges().filter(({ path }) => path.startsWith('apps/'));
  }

  it('writes into the tree, not to the disk, in the folder that the configuration names', async () => {
    const [file, ...others] = await generate({ description: 'Teams have an owner' });
    expect(others).toEqual([]);
    expect(file?.path).toMatch(/^apps\/api\/db\/\d{14}_add_owner\.ts$/);
    expect(String(file?.content)).toContain("description: 'Teams have an owner'");
    expect(await generate()).toHaveLength(1);
  });

  it('writes versions for dependencies given by name', async () => {
    const [file] = await generate({ dependencies: ['create_teams', 'users:create_users'] });
    expect(String(file?.content)).toContain(
      "dependencies: ['20250917102200', 'users:20250910090000']",
    );
  });

  it('formats with the Prettier of the workspace', async () => {
    workspace.write({ '.prettierrc': '{"singleQuote":false,"semi":false}' });
    const [file] = await generate({ skipFormat: false });
    expect(String(file?.content)).toContain('name: "add_owner"');
  });

  it('tells everything that is wrong, with hints', async () => {
    const wrong = generate({ name: '../x', dependencies: ['create_team'] });
    await expect(wrong).rejects.toThrow(/INVALID_NAME[^]*UNKNOWN_DEPENDENCY[^]*create_teams/);
  });

  it('F4: gives a project without a configuration one, and reports it', async () => {
    workspace.write({ 'apps/web/project.json': '{"name":"web"}' });
    const info = jest.spyOn(logger, 'info').mockImplementation();
    const tree = workspace.tree();
    const callback = await migrationGenerator(tree, {
      name: 'create_pages',
      project: 'web',
      skipFormat: true,
    });
    const paths = tree.listChanges().map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining(['apps/web/db.config.ts', 'apps/web/.env.example', 'nx.json']),
    );
    tree.delete('package.json'); // nothing to install
    await Promise.resolve(callback()).catch(() => undefined);
    expect(info.mock.calls.join('\n')).toContain('created apps/web/db.config.ts');
    info.mockRestore();
  });

  it('F4: a name that is refused writes no configuration', async () => {
    workspace.write({ 'apps/web/project.json': '{"name":"web"}' });
    const tree = workspace.tree();
    await expect(
      migrationGenerator(tree, { name: '../x', project: 'web', skipFormat: true }),
    ).rejects.toThrow('INVALID_NAME');
    expect(tree.exists('apps/web/db.config.ts')).toBe(false);
  });

  it('F4: generators that run at once choose different versions', async () => {
    const all = await Promise.all(Array.from({ length: 6 }, () => generate()));
    expect(new Set(all.map(([file]) => file?.path)).size).toBe(6);
  });
});
