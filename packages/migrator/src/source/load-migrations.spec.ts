import { readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { discoverMigrations } from './discover-migrations';
import { loadMigrations } from './load-migrations';
import { loadModule } from './load-module';
import { fixture, load, refusal, temporaryFolders, up } from './testing/fixtures';

const folders = temporaryFolders();
afterEach(() => folders.clean());

describe('loading migrations', () => {
  it('runs the original agent’s files unchanged', async () => {
    const migrations = await load(fixture('good', 'original-agent'));
    expect(migrations.map(({ id }) => id)).toEqual(['api:20250917102200', 'api:20250917120000']);
    expect(migrations[0]?.dependencies).toEqual(['api:20250915100000']);
    const queries: string[] = [];
    const db = { query: (sql: string) => void queries.push(sql) };
    const data = await migrations[0]?.up(db as never, {} as never);
    await migrations[0]?.down?.(db as never, {} as never, data);
    expect(queries).toEqual([
      expect.stringContaining('CREATE TABLE example_table'),
      'DROP TABLE IF EXISTS example_table;',
    ]);
  });

  it('shows a file its own place, however it asks', async () => {
    const folder = fixture('good', 'own-location');
    const [byName, byMeta] = await load(folder);
    const sql = join(folder, '20250917102200_create_users.sql');
    expect(up(byName)).toEqual({
      sql: 'CREATE TABLE users ();\n',
      file: join(folder, '20250917102200_create_users.ts'),
      resolved: sql,
    });
    expect(up(byMeta)).toEqual({
      sql: 'CREATE TABLE users ();\n',
      file: join(folder, '20250917102201_by_meta.mts'),
      folder,
      resolved: pathToFileURL(sql).href,
      required: sql,
      own: 'declared by the author',
    });
  });

  it('follows the paths of tsconfig.base.json, as Nx writes it', async () => {
    const root = fixture('good', 'workspace');
    const [migration] = await load(join(root, 'apps', 'api', 'migrations'), root);
    expect(up(migration)).toBe('shared_users');
  });

  it('loads what has type errors, since types are not checked here', async () => {
    const [migration] = await load(fixture('good', 'wrong-types'));
    expect(up(migration)).toBe('text');
  });

  it('fills in what was left out', async () => {
    const [migration] = await load(fixture('good', 'passed-over'));
    expect(migration).toMatchObject({
      id: 'api:20250917102200',
      name: 'create_users',
      description: '',
      dependencies: [],
      mode: 'transaction',
      onFailure: 'report',
      lockTimeoutMs: undefined,
      down: undefined,
      validate: undefined,
    });
  });

  it('reads every option, and names dependencies in full', async () => {
    const folder = folders.make({
      '20250917102200_all.ts': `export default {
        version: '20250917102200', name: 'all', description: 'All of them', unknown: 1,
        dependencies: ['20250915100000', 'users:20250910090000', '20250915100000'],
        transaction: false, onFailure: 'revert', lockTimeout: '5s', statementTimeout: 0,
        up() {}, down() {}, validate: () => true };`,
    });
    const [migration] = await load(folder);
    expect(migration).toMatchObject({
      description: 'All of them',
      dependencies: ['api:20250915100000', 'users:20250910090000'],
      mode: 'no-transaction',
      onFailure: 'revert',
      lockTimeoutMs: 5000,
      statementTimeoutMs: 0,
    });
  });

  it('gives up on a module that never resolves', async () => {
    const [file] = await discoverMigrations({ project: 'api', folder: fixture('never-resolves') });
    const options = { workspaceRoot: fixture('never-resolves'), timeoutMs: 50 };
    const error = await refusal(loadMigrations(file ? [file] : [], options));
    expect(error.code).toBe('LOAD_FAILED');
    expect(error.message).toBe(`${file?.path} did not finish loading within 50 ms.`);
  });

  it('touches only the files it is given', async () => {
    const folder = folders.make({
      '20250917102200_good.ts': `export default { version: '20250917102200', name: 'good', up() {} };`,
      '20250917102201_broken.ts': 'this is no TypeScript',
    });
    const [good] = await discoverMigrations({ project: 'api', folder });
    const options = { workspaceRoot: folder, timeoutMs: 10_000 };
    expect(await loadMigrations(good ? [good] : [], options)).toHaveLength(1);
    expect(await loadMigrations([], options)).toEqual([]);
  });

  it('refuses a file that changed after it was hashed', async () => {
    const folder = folders.make({
      '20250917102200_a.ts': `export default { version: '20250917102200', name: 'a', up() {} };`,
    });
    const files = await discoverMigrations({ project: 'api', folder });
    writeFileSync(
      files[0]?.path ?? '',
      `export default { version: '20250917102200', name: 'a', up() {} }`,
    );
    const error = await refusal(
      loadMigrations(files, { workspaceRoot: folder, timeoutMs: 10_000 }),
    );
    expect(error).toMatchObject({ code: 'LOAD_FAILED', where: files[0]?.path });
  });

  it('keeps what a module threw as the cause', async () => {
    const folder = folders.make({ 'a.ts': `throw new TypeError('not here');` });
    const path = join(folder, 'a.ts');
    const error = await refusal(loadModule(path, { workspaceRoot: folder, timeoutMs: 10_000 }));
    expect(error.cause).toMatchObject({ name: 'TypeError', message: 'not here' });
  });

  it('leaves no compiled file behind', async () => {
    const left = () => readdirSync(tmpdir()).filter((name) => /^flashfusion-\w{6}$/.test(name));
    const before = left();
    await load(fixture('good', 'passed-over'));
    await refusal(load(fixture('refused', 'syntax-error')));
    expect(left().filter((name) => !before.includes(name))).toEqual([]);
  });
});
