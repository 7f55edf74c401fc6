import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TemporaryFiles, type FileTree } from '../config/testing/temporary-files';
import { generateMigration, type GenerateMigrationOptions } from './generate-migration';
import { writeNewFile } from './write-new-file';

const temporary = new TemporaryFiles();
afterEach(() => temporary.clean());

const NOW = new Date('2025-09-17T10:22:00Z');
const WORKSPACE: FileTree = {
  'nx.json': {},
  'apps/api/project.json': { name: 'api' },
  'apps/api/db.config.json': {},
  'libs/users/project.json': { name: 'users' },
  'libs/users/db.config.json': { migrations: './database' },
  'libs/users/database/20250910090000_create_users.ts': 'export default {};',
};

function inApi(files: FileTree = {}) {
  const root = temporary.make({ ...WORKSPACE, ...files });
  const projectRoot = join(root, 'apps/api');
  const generate = (options: Partial<GenerateMigrationOptions> = {}) =>
    generateMigration({ projectRoot, name: 'add_teams', now: NOW, ...options });
  return { root, projectRoot, generate };
}

test('the first migration makes its folder and depends on another project by name', async () => {
  const { projectRoot, generate } = inApi();
  const generated = await generate({
    name: 'Create user profiles',
    description: 'Add user profile management tables',
    dependencies: ['users:create_users'],
  });
  const path = join(projectRoot, 'migrations/20250917102200_create_user_profiles.ts');
  expect(generated).toMatchObject({ path, dependencies: ['users:20250910090000'] });
  expect(readFileSync(path, 'utf8')).toBe(generated.source);
  expect(generated.source).toContain("description: 'Add user profile management tables',");
});

test('one more in the same second gets a version of its own', async () => {
  const { generate } = inApi();
  await generate();
  const next = await generate({ name: 'add_seats', dependencies: ['add_teams'] });
  expect(next).toMatchObject({ version: '20250917102201', dependencies: ['20250917102200'] });
});

test('a preview writes nothing, not even the folder', async () => {
  const { projectRoot, generate } = inApi();
  const { path, source } = await generate({ mode: 'preview' });
  expect(source).toContain('defineMigration');
  expect([existsSync(path), existsSync(join(projectRoot, 'migrations'))]).toEqual([false, false]);
});

test('neither an environment nor a url is needed', async () => {
  const config = { environments: { production: { url: { env: 'FLASHFUSION_NEVER_SET' } } } };
  const { generate } = inApi({ 'apps/api/db.config.json': config });
  await expect(generate()).resolves.toMatchObject({ name: 'add_teams' });
});

test('a file that is in the way is left as it is', async () => {
  const path = join(temporary.make({ 'migrations/a.ts': 'mine' }), 'migrations/a.ts');
  await expect(writeNewFile(path, 'theirs')).rejects.toMatchObject({ code: 'FILE_EXISTS' });
  expect(readFileSync(path, 'utf8')).toBe('mine');
});

test('what is wrong is refused with nothing written', async () => {
  const { projectRoot, generate } = inApi();
  await expect(generate({ dependencies: ['user:create_users'] })).rejects.toMatchObject({
    code: 'UNKNOWN_PROJECT',
    hint: 'Did you mean “users”? The projects with a db.config file are api, users.',
  });
  await expect(generate({ name: '../evil' })).rejects.toMatchObject({ code: 'INVALID_NAME' });
  expect(existsSync(join(projectRoot, 'migrations'))).toBe(false);
});

test("the project's own Prettier has the last word", async () => {
  const prettier = `module.exports = {
    resolveConfig: async () => ({ semi: false }),
    format: async (text, options) => '// ' + JSON.stringify(options.semi) + '\\n' + text,
  };`;
  const { generate } = inApi({ 'node_modules/prettier/index.js': prettier });
  expect((await generate()).source).toMatch(/^\/\/ false\nimport/);
});

test('a Prettier that fails is no reason to fail', async () => {
  const { generate } = inApi({ 'node_modules/prettier/index.js': "throw new Error('broken');" });
  expect((await generate()).source).toMatch(/^import/);
});
