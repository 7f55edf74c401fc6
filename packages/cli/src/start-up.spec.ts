import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ff } from './testing/ff';
import { folderWith, removeFolders } from './testing/folders';
import { USERS_AND_TEAMS } from './testing/migrations';

jest.setTimeout(180_000);
afterAll(removeFolders);

/** Writes down which files a process has loaded: those of `require` at its end, those of `import` as they come. */
const PROBE = `
const { appendFileSync } = require('node:fs');
const { register } = require('node:module');
const out = process.env.PROBE_OUT;
const hooks = \`
  import { appendFileSync } from 'node:fs';
  export const load = (url, context, next) => {
    appendFileSync(\${JSON.stringify(out)}, url + '\\\\n');
    return next(url, context);
  };\`;
register('data:text/javascript,' + encodeURIComponent(hooks));
process.on('exit', () => appendFileSync(out, Object.keys(require.cache).join('\\n')));
`;

async function packagesLoadedBy(cwd: string, ...args: string[]): Promise<readonly string[]> {
  const folder = await folderWith({ 'probe.cjs': PROBE });
  const out = join(folder, 'out.txt');
  const env = { NODE_OPTIONS: `--require=${join(folder, 'probe.cjs')}`, PROBE_OUT: out };
  await ff({ cwd, env }, ...args);
  const files = (await readFile(out, 'utf8')).split('\n');
  return [...new Set(files.flatMap((file) => packageOf(file) ?? []))].sort();
}

function packageOf(file: string): string | undefined {
  // The entry for the standard streams is not the engine.
  if (/packages[\\/]migrator[\\/]dist[\\/](?:output\.js|streams)/.test(file)) return undefined;
  if (/packages[\\/]migrator[\\/]dist/.test(file)) return '@flashfusion/migrator';
  return /node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(file)?.[1];
}

/** A server that nobody answers on: looking at it needs the driver all the same. */
const ON_A_SERVER = {
  'db.config.json': JSON.stringify({
    environments: { development: { url: 'postgres://nobody@127.0.0.1:1/nothing' } },
  }),
  ...USERS_AND_TEAMS,
};

describe('Starting up', () => {
  it('loads nothing but the parser for the help, and not even the engine', async () => {
    const cwd = await folderWith({});
    expect(await packagesLoadedBy(cwd, 'db', 'migrate', '--help')).toEqual(['commander']);
    expect(await packagesLoadedBy(cwd, 'db', 'migrat')).toEqual(['commander']);
  });

  it('loads neither compiler, scaffolder, embedded database nor spinner to show a status', async () => {
    const loaded = await packagesLoadedBy(await folderWith(ON_A_SERVER), 'db', 'status');
    expect(loaded).toEqual(expect.arrayContaining(['@flashfusion/migrator', 'pg']));
    for (const name of [
      'ts-morph',
      'esbuild',
      'ora',
      '@electric-sql/pglite',
      'libpg-query',
      'dotenv',
    ]) {
      expect(loaded).not.toContain(name);
    }
  });
});
