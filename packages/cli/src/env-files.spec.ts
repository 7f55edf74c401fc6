import { mkdirSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { envFileNames, loadEnvFiles } from './env-files';
import { targetNameOf } from './target-name';
import { folderWith, removeFolders } from './testing/folders';
import { ff } from './testing/ff';
import { migrationFile } from './testing/migrations';

afterAll(removeFolders);

/** The functions of the installed Nx that read the files of a task. */
interface NxEnvironment {
  getEnvPathsForTask(root: string, target: string, configuration?: string): string[];
  loadAndExpandDotEnvFile(files: string | string[], env: NodeJS.ProcessEnv): unknown;
  unloadDotEnvFile(file: string, env: NodeJS.ProcessEnv): void;
}
const nxRoot = dirname(createRequire(__filename).resolve('nx/package.json'));
const ofNx = (name: string) =>
  createRequire(__filename)(join(nxRoot, 'dist/src/tasks-runner', name)) as NxEnvironment;
const { getEnvPathsForTask } = ofNx('task-env-paths.js');
const { loadAndExpandDotEnvFile, unloadDotEnvFile } = ofNx('task-env.js');

/** What Nx makes of an environment for `api:migrate:<configuration>`. */
function environmentOfNx(
  workspaceRoot: string,
  given: NodeJS.ProcessEnv,
  configuration?: string,
): NodeJS.ProcessEnv {
  const env = { ...given };
  const ofWorkspace = ['.local.env', '.env.local', '.env'].map((file) => join(workspaceRoot, file));
  loadAndExpandDotEnvFile(ofWorkspace, env); // loadRootEnvFiles, when it starts
  for (const file of ['.env', '.local.env', '.env.local']) {
    unloadDotEnvFile(join(workspaceRoot, file), env);
  }
  const paths = getEnvPathsForTask('apps/api', 'migrate', configuration);
  loadAndExpandDotEnvFile(
    paths.map((path) => join(workspaceRoot, path)),
    env,
  );
  return env;
}

async function load(
  files: Readonly<Record<string, string>>,
  env: NodeJS.ProcessEnv = {},
  configuration?: string,
) {
  const workspaceRoot = await folderWith({ 'apps/api/.keep': '', ...files });
  const given = { ...env };
  const projectRoot = join(workspaceRoot, 'apps/api');
  const task = { projectRoot, workspaceRoot, target: 'migrate', configuration };
  const variableFiles = await loadEnvFiles(env, task);
  return { env, variableFiles, nx: environmentOfNx(workspaceRoot, given, configuration) };
}

describe('.env files', () => {
  it.each([undefined, 'staging'])(
    'C17: have the names and the order of Nx for the environment %s',
    (configuration) => {
      const task = { projectRoot: '/w/apps/api', workspaceRoot: '/w', target: 'migrate' };
      expect(envFileNames({ ...task, configuration })).toEqual(
        getEnvPathsForTask('apps/api', 'migrate', configuration),
      );
      const root = envFileNames({ ...task, projectRoot: '/w', configuration });
      expect(root).toEqual([...new Set(getEnvPathsForTask('', 'migrate', configuration))]);
    },
  );

  it('C17: are all read, and each wins over those after it', async () => {
    const names = getEnvPathsForTask('apps/api', 'migrate', 'staging');
    for (const [index, winner] of names.entries()) {
      const rest = names.slice(index).map((name) => [name, `WHO=${name}\n`] as const);
      const { env, nx, variableFiles } = await load(Object.fromEntries(rest), {}, 'staging');
      expect(env).toEqual({ WHO: winner });
      expect(env).toEqual(nx);
      expect(variableFiles).toMatchObject({ found: names.slice(index), origins: { WHO: winner } });
    }
  });

  it('C17: of an environment are not read unless it is typed, whatever NODE_ENV is', async () => {
    const { env, nx } = await load(
      { 'apps/api/.env.staging': 'A=staging', '.env': 'A=all' },
      { NODE_ENV: 'staging' },
    );
    expect(env).toEqual({ NODE_ENV: 'staging', A: 'all' });
    expect(env).toEqual(nx);
  });

  it.each<[string, Record<string, string>, NodeJS.ProcessEnv]>([
    ['a variable that is set', { '.env': 'A=file' }, { A: 'shell' }],
    ['a variable that is set and empty', { '.env': 'A=file' }, { A: '' }],
    ['a variable set to what .env says', { '.env': 'A=1', 'apps/api/.env': 'A=2' }, { A: '1' }],
    ['quotes', { '.env': 'A="a b # c"\nB=\'x\'\nC=`y`\nD=plain # comment\n' }, {}],
    ['several lines', { '.env': 'A="one\ntwo"\nB="one\\ntwo"\nC=\'one\\ntwo\'\n' }, {}],
    ['export, blanks and colons', { '.env': 'export A=1\n B = 2 \nC: 3\n=4\n#E=5\nF\n' }, {}],
    ['a byte order mark and CRLF', { '.env': '\uFEFFA=1\r\nB="2"\r\n' }, {}],
    [
      'expansion',
      {
        'apps/api/.env.local': 'HOST=local',
        '.env': 'HOST=all\nURL=postgres://u@${HOST}:$PORT/${DB:-app}\nME=${URL}\n',
      },
      { PORT: '5432' },
    ],
    ['a password with a dollar', { '.env': "A=pa$word\nB=pa\\$word\nC='pa$word'\n" }, {}],
    ['a set value with a dollar', { '.env': 'A=x' }, { A: 'pa\\$word$B' }],
    ['values that refer to themselves', { '.env': 'A=${A}\nB=${C}\nC=${B}\n' }, {}],
    [
      'values of the workspace that refer to other files',
      {
        'apps/api/.env': 'URL=api/$A',
        '.local.env': 'URL=$A/$B',
        '.env': 'A=1\nURL=$A',
        '.env.local': 'A=2\nURL=x',
      },
      { B: 'b' },
    ],
    ['an empty value before a full one', { 'apps/api/.env': 'A=\n', '.env': 'A=1\n' }, {}],
    ['an empty file', { '.env': '' }, {}],
  ])('C17: gives the values of Nx for %s', async (_, files, given) => {
    const { env, nx } = await load(files, given);
    expect(env).toEqual(nx);
  });

  it('C17: are not read with NX_LOAD_DOT_ENV_FILES=false', async () => {
    const { env, variableFiles } = await load(
      { '.env': 'A=1' },
      { NX_LOAD_DOT_ENV_FILES: 'false' },
    );
    expect(env).toEqual({ NX_LOAD_DOT_ENV_FILES: 'false' });
    expect(variableFiles).toEqual({ kind: 'switched-off' });
  });

  it('C17: can switch themselves off in the .env of the workspace', async () => {
    const { env, variableFiles } = await load(
      { '.env': 'A=1\nNX_LOAD_DOT_ENV_FILES=false' },
      { B: '' },
    );
    expect(env).toEqual({ B: '' });
    expect(variableFiles).toEqual({ kind: 'switched-off' });
  });

  it('C17: name the origin of a value of the workspace that refers to another file', async () => {
    const { env, variableFiles } = await load({
      'apps/api/.env': 'URL=api',
      '.local.env': 'URL=$A',
      '.env': 'A=1',
    });
    expect(env).toEqual({ A: '1', URL: '1' });
    expect(variableFiles).toMatchObject({ origins: { URL: '.local.env', A: '.env' } });
  });

  it('C17: may be folders, as Python environments are', async () => {
    const workspaceRoot = await folderWith({ '.env.local': 'A=1' });
    mkdirSync(join(workspaceRoot, '.env'));
    const env = {};
    const task = { projectRoot: workspaceRoot, workspaceRoot, target: 'migrate' };
    await loadEnvFiles(env, { ...task, configuration: undefined });
    expect(env).toEqual({ A: '1' });
  });

  it('C17: that cannot be read are refused', async () => {
    const workspaceRoot = await folderWith({});
    // A link to itself: permissions do not stop root, under which tests may run.
    symlinkSync('.env', join(workspaceRoot, '.env'));
    const task = { projectRoot: workspaceRoot, workspaceRoot, target: 'migrate' };
    await expect(loadEnvFiles({}, { ...task, configuration: undefined })).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      message: '.env cannot be read (ELOOP).',
    });
  });

  it('C17: are never outside of the project and the workspace', () => {
    const task = { projectRoot: '/w/a', workspaceRoot: '/w', target: 'migrate' };
    expect(envFileNames({ ...task, configuration: '/../../x' })).toEqual(
      envFileNames({ ...task, configuration: undefined }),
    );
  });
});

describe('the name of a target in .env files', () => {
  it.each([
    ['the command', '{ "plugins": ["@flashfusion/db"] }', 'migrate'],
    [
      'what nx.json says, comments or not',
      '{ // renamed\n"plugins": ["x", { "plugin": "@flashfusion/db", "options": { "migrateTargetName": "db-migrate" } }] }',
      'db-migrate',
    ],
    ['the command if nx.json is broken', '{ "migrateTargetName', 'migrate'],
  ])('C17: is %s', async (_, nxJson, name) => {
    expect(await targetNameOf('migrate', await folderWith({ 'nx.json': nxJson }))).toBe(name);
  });

  it('C17: is the command without nx.json', async () => {
    expect(await targetNameOf('status', await folderWith({}))).toBe('status');
  });
});

describe('ff with .env files', () => {
  const CONFIG = {
    'nx.json': '{}',
    'apps/api/db.config.json': JSON.stringify({
      environments: {
        development: { url: 'pglite:.data/development' },
        staging: { url: { env: 'STAGING_DATABASE_URL' } },
      },
    }),
    ...Object.fromEntries(
      Object.entries(
        migrationFile({ version: '20250101000000', name: 'create_notes', up: 'SELECT 1' }),
      ).map(([path, text]) => [`apps/api/${path}`, text]),
    ),
  };

  it('C17: connects where a file leads, and names variable and file but not the url', async () => {
    const workspace = await folderWith({
      ...CONFIG,
      'apps/api/.env.staging.local': 'STAGING_DATABASE_URL=pglite:.data/${NAME}\n',
      '.env': 'NAME=s3cret\n',
    });
    const { exitCode, stdout } = await ff(
      { cwd: join(workspace, 'apps/api') },
      'db',
      'status',
      '--env=staging',
    );
    expect(exitCode).toBe(0);
    expect(stdout).toContain('(url from STAGING_DATABASE_URL in apps/api/.env.staging.local)');
  });

  it('C17: takes the environment from NODE_ENV in a file, as an Nx task does', async () => {
    const workspace = await folderWith({ ...CONFIG, '.env': 'NODE_ENV=stagin\n' });
    const { exitCode, stderr } = await ff({ cwd: join(workspace, 'apps/api') }, 'db', 'migrate');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('There is no environment "stagin" (from NODE_ENV in .env)');
  });

  it('C17: names the files that it looked in for a variable that is not set', async () => {
    const workspace = await folderWith({ ...CONFIG, 'apps/api/.env': 'A=1\n', '.env': 'B=2\n' });
    const at = { cwd: join(workspace, 'apps/api') };
    const typed = await ff(at, 'db', 'migrate', '--env=staging');
    expect(typed.exitCode).toBe(2);
    expect(typed.stderr).toContain(
      'Looked for it in the environment of this process and in apps/api/.env, .env. Set STAGING_DATABASE_URL there, or in apps/api/.env.local.',
    );
    const untyped = await ff({ ...at, env: { NODE_ENV: 'staging' } }, 'db', 'migrate');
    expect(untyped.stderr).toContain('.env.staging, are read only if --env names it');
  });

  it('C17: says which file leaves a variable empty, and which holds something else', async () => {
    const workspace = await folderWith({
      ...CONFIG,
      'apps/api/.env.local': 'STAGING_DATABASE_URL=\n',
    });
    const at = { cwd: join(workspace, 'apps/api') };
    const empty = await ff(at, 'db', 'migrate', '--env=staging');
    expect(empty.stderr).toContain(
      'The environment variable STAGING_DATABASE_URL in apps/api/.env.local is empty',
    );
  });
});
