import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import * as door from './index';
import { preTasksExecution } from './plugin';
import { REQUEST_VARIABLE, requestOf } from './request';
import { createWorkspace, dependenciesContext } from './testing/workspace';

const DIST = join(__dirname, '..', 'dist');

/** The packages that a piece of code has loaded in a process of its own, as it is shipped. */
function packagesLoadedBy(code: string): string[] {
  const program = `(async () => { ${code} })().then(() => {
    const names = Object.keys(require.cache).map((path) => /node_modules[\\\\/]((?:@[^\\\\/]+[\\\\/])?[^\\\\/]+)/.exec(path)?.[1]);
    console.log(JSON.stringify([...new Set(names)].filter(Boolean)));
  });`;
  const options = {
    cwd: DIST,
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '' },
  } as const;
  return JSON.parse(execFileSync(process.execPath, ['-e', program], options)) as string[];
}

describe('the plugin', () => {
  it('shows Nx what it looks for', () => {
    expect(door.name).toBe('@flashfusion/db');
    expect(door.createNodesV2).toBe(door.createNodes);
    expect(door.createNodes[0]).toBe('**/db.config.{ts,mts,cts,js,mjs,cjs,json}');
  });

  it('D2: makes edges of the project graph only where the option asks for them', async () => {
    const workspace = createWorkspace({
      'apps/api/db.config.json': '{}',
      'apps/api/migrations/20250917102200_a.ts': `export default { dependencies: ['users:20250910090000'] };`,
      'libs/users/index.ts': '',
    });
    const context = dependenciesContext(workspace, { api: 'apps/api', users: 'libs/users' });
    expect(await door.createDependencies({}, context)).toEqual([]);
    expect(await door.createDependencies(undefined, context)).toEqual([]);
    const edges = await door.createDependencies({ edges: 'migrations' }, context);
    expect(edges).toMatchObject([{ source: 'api', target: 'users' }]);
    workspace.dispose();
  });

  it('hands the request to the tasks', async () => {
    const before = process.env[REQUEST_VARIABLE];
    const context = { id: '', workspaceRoot: '/workspace', nxJsonConfiguration: {} };
    await preTasksExecution(undefined, {
      ...context,
      argv: ['node', 'nx', 'run', 'api:migrate:stagin'],
    });
    expect(requestOf(process.env, '/workspace')?.words).toEqual(['run', 'api:migrate:stagin']);
    if (before === undefined) delete process.env[REQUEST_VARIABLE];
    else process.env[REQUEST_VARIABLE] = before;
  });

  const HEAVY = [
    '@nx/devkit',
    'nx',
    'ts-morph',
    'pg',
    '@electric-sql/pglite',
    'esbuild',
    'libpg-query',
  ];

  it('computes a graph without Nx, a compiler or a driver', () => {
    const workspace = createWorkspace({
      'apps/api/db.config.ts': `import { defineConfig } from '@flashfusion/migrator';\nexport default defineConfig({});\n`,
      'apps/api/migrations/20250917102200_a.ts': `export default { dependencies: ['users:20250910090000'] };`,
    });
    const loaded = packagesLoadedBy(`
      const { createNodes } = require('./index.js');
      const context = { workspaceRoot: ${JSON.stringify(workspace.root)}, nxJsonConfiguration: {} };
      await createNodes[1](['apps/api/db.config.ts'], {}, context);
    `);
    workspace.dispose();
    expect(loaded.filter((name) => HEAVY.includes(name))).toEqual([]);
  });

  it.each(['migrate', 'status', 'rollback', 'baseline', 'repair'])(
    'starts %s without Nx, ts-morph or a driver',
    (name) => {
      const loaded = packagesLoadedBy(`require('./executors/${name}/executor.js');`);
      expect(loaded.filter((each) => HEAVY.includes(each))).toEqual([]);
    },
  );
});
