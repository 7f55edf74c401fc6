import { join } from 'node:path';
import { locateProject } from './locate-project';
import { folderWith, removeFolders } from './testing/folders';

afterAll(removeFolders);

const WORKSPACE = {
  'nx.json': '{}',
  'apps/api/project.json': '{ "name": "api" }',
  'apps/api/db.config.json': '{}',
  'apps/api/src/main.ts': '',
  'libs/users/project.json': '{ "name": "users" }',
  'libs/users/db.config.json': '{}',
  'libs/ui/project.json': '{ "name": "ui" }',
};

async function locate(files: Record<string, string>, from: string, project?: string) {
  const folder = await folderWith(files);
  const { projectRoot } = await locateProject({ cwd: join(folder, from), project });
  return projectRoot.slice(folder.length);
}

describe('The project of a folder', () => {
  it('is the nearest one upwards with a configuration', async () => {
    expect(await locate(WORKSPACE, 'apps/api/src')).toBe('/apps/api');
  });

  it('is the one with the configuration, even if a folder on the way has migrations', async () => {
    const files = { ...WORKSPACE, 'apps/api/src/migrations/readme': '' };
    expect(await locate(files, 'apps/api/src')).toBe('/apps/api');
  });

  it('is the one with a migrations folder where nothing is configured', async () => {
    const files = { 'package.json': '{}', 'migrations/readme': '', 'src/main.ts': '' };
    expect(await locate(files, '')).toBe('');
    expect(await locate({ ...files, '.git/HEAD': '' }, 'migrations')).toBe('');
  });

  it('is the folder itself in an empty one', async () => {
    expect(await locate({ 'README.md': '' }, '')).toBe('');
  });

  it('is not looked for above the workspace', async () => {
    const files = { 'db.config.json': '{}', 'inner/nx.json': '{}', 'inner/readme': '' };
    expect(await locate(files, 'inner')).toBe('/inner');
  });

  it('is not guessed in a workspace that has projects: they are named instead', async () => {
    await expect(locate(WORKSPACE, 'libs/ui')).rejects.toMatchObject({
      code: 'PROJECT_NOT_FOUND',
      hint: 'Go into one of them, or name it: --project=api, --project=users.',
    });
  });
});

describe('A project that is named', () => {
  it('walk: is found by the name without its scope, unless another one has the same', async () => {
    const scoped = (path: string, name: string) => ({
      [`${path}/project.json`]: JSON.stringify({ name }),
      [`${path}/db.config.json`]: '{}',
    });
    const files = { ...WORKSPACE, ...scoped('a', '@acme/web'), ...scoped('b', '@acme/users') };
    expect(await locate(files, '', 'web')).toBe('/a');
    expect(await locate(files, '', 'users')).toBe('/libs/users');
    const two = { ...files, ...scoped('c', '@shop/web') };
    expect(await locate(two, '', '@shop/web')).toBe('/c');
    await expect(locate(two, '', 'web')).rejects.toMatchObject({
      code: 'PROJECT_NOT_FOUND',
      hint: 'Pass one of --project=@acme/web, --project=@shop/web.',
    });
  });

  it('is found from anywhere in the workspace', async () => {
    expect(await locate(WORKSPACE, 'libs/ui', 'users')).toBe('/libs/users');
    expect(await locate(WORKSPACE, '', 'api')).toBe('/apps/api');
  });

  it('may be the folder itself, without a configuration', async () => {
    const files = { 'package.json': '{ "name": "shop" }', 'migrations/readme': '' };
    expect(await locate(files, '', 'shop')).toBe('');
  });

  it('is found from below it where there is no workspace', async () => {
    const files = { 'db.config.json': '{ "project": "shop" }', 'src/main.ts': '' };
    expect(await locate(files, 'src', 'shop')).toBe('');
  });

  it('is PROJECT_NOT_FOUND with the nearest name when there is none of that name', async () => {
    await expect(locate(WORKSPACE, '', 'user')).rejects.toMatchObject({
      code: 'PROJECT_NOT_FOUND',
      message: expect.stringContaining('There is no project user'),
      hint: expect.stringContaining('Did you mean “users”?'),
    });
  });

  it('is PROJECT_NOT_FOUND with both folders when there are two of that name', async () => {
    const files = { ...WORKSPACE, 'libs/users/project.json': '{ "name": "api" }' };
    await expect(locate(files, '', 'api')).rejects.toMatchObject({
      code: 'PROJECT_NOT_FOUND',
      message: 'There are two projects named api: apps/api and libs/users.',
    });
  });

  const NAMED_TWICE = {
    'nx.json': '{}',
    'apps/core/project.json': '{ "name": "core" }',
    'apps/core/db.config.json': '{ "project": "api", "renamedFrom": ["backend"] }',
    'libs/users/project.json': '{ "name": "users" }',
    'libs/users/db.config.json': '{}',
  };

  it('A3: is found by its name in db.config and by its name in the workspace', async () => {
    expect(await locate(NAMED_TWICE, '', 'api')).toBe('/apps/core');
    expect(await locate(NAMED_TWICE, '', 'core')).toBe('/apps/core');
  });

  it('A3: is PROJECT_NOT_FOUND if its two names mean two projects', async () => {
    const files = { ...NAMED_TWICE, 'libs/users/project.json': '{ "name": "api" }' };
    await expect(locate(files, '', 'api')).rejects.toMatchObject({
      code: 'PROJECT_NOT_FOUND',
      message: 'There are two projects named api: apps/core and libs/users.',
    });
  });

  it('A3: is PROJECT_NOT_FOUND under a former name, with the present one', async () => {
    await expect(locate(NAMED_TWICE, '', 'backend')).rejects.toMatchObject({
      code: 'PROJECT_NOT_FOUND',
      hint: 'It was renamed: pass --project=api.',
    });
  });
});
