import { join } from 'node:path';
import { findProjects } from './find-projects';
import { findProjectName } from './project-name';
import { TemporaryFiles } from './testing/temporary-files';
import { findWorkspaceRoot } from './workspace-root';

const temporary = new TemporaryFiles();
afterEach(() => temporary.clean());

test('projects are found wherever a configuration is, under the name that Nx knows', async () => {
  const root = temporary.make({
    'db.config.json': {},
    'package.json': { name: 'root' },
    'apps/api/db.config.ts': 'export default {};',
    'apps/api/project.json': { name: 'api' },
    'apps/api/package.json': { name: '@acme/api' },
    'libs/users/db.config.mjs': 'export default {};',
    'libs/users/package.json': { name: '@acme/users', nx: { name: 'users' } },
    'libs/deep/er/db.config.ts': "export default { project: 'configured' };",
    'libs/plain/db.config.json': {},
    'libs/none/package.json': { name: 'none' },
  });
  const found = await findProjects(root);
  expect(found.map(({ name }) => name)).toEqual(['api', 'configured', 'plain', 'root', 'users']);
  expect(found[0]).toEqual({
    name: 'api',
    workspaceName: 'api',
    formerNames: [],
    root: join(root, 'apps/api'),
    configPath: join(root, 'apps/api/db.config.ts'),
  });
});

test('packages, build output and hidden folders are not searched', async () => {
  const root = temporary.make({
    'node_modules/x/db.config.json': {},
    'libs/a/node_modules/x/db.config.json': {},
    'dist/libs/a/db.config.json': {},
    '.nx/cache/db.config.json': {},
    'libs/a/db.config.json': {},
  });
  expect((await findProjects(root)).map(({ name }) => name)).toEqual(['a']);
});

test('a project whose configuration is broken still has a name', async () => {
  const root = temporary.make({ 'libs/a/db.config.ts': 'export default { project: ' });
  expect((await findProjects(root)).map(({ name }) => name)).toEqual(['a']);
});

test('a project.json without a name leaves it to package.json', async () => {
  const root = temporary.make({ 'project.json': {}, 'package.json': { name: '@acme/api' } });
  await expect(findProjectName(root)).resolves.toBe('@acme/api');
});

describe('the root of a workspace', () => {
  test.each([
    ['nx.json', '{}'],
    ['pnpm-workspace.yaml', 'packages: []'],
    ['package.json', '{ "workspaces": ["libs/*"] }'],
    ['.git', 'gitdir: elsewhere'],
  ])('is where %s is', (name, content) => {
    const root = temporary.make({ [name]: content, 'libs/a/package.json': { name: 'a' } });
    expect(findWorkspaceRoot(join(root, 'libs/a'))).toBe(root);
  });

  test('is known best by nx.json', () => {
    const root = temporary.make({ 'nx.json': '{}', 'tools/package.json': '{ "workspaces": [] }' });
    expect(findWorkspaceRoot(join(root, 'tools'))).toBe(root);
  });

  test('is the folder itself where nothing tells', () => {
    const root = temporary.make({});
    expect(findWorkspaceRoot(root)).toBe(root);
  });
});
