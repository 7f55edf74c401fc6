/**
 * `npm run demo`: Nx applies the examples' migrations in the order of the project graph, all on one embedded Postgres in
 * .data/development, and each project's status is shown. Run it again: nothing is left to apply.
 */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);
const nx = join(dirname(require.resolve('nx/package.json')), require('nx/package.json').bin.nx);
const projects = ['users', 'billing', 'api', 'web'];

/** Runs Nx in this workspace and shows what it says; ends the demo when it fails. */
function run(...args) {
  console.log(`\n$ npx nx ${args.join(' ')}`);
  const { status } = spawnSync(process.execPath, [nx, ...args], {
    stdio: 'inherit',
    env: { ...process.env, NX_DAEMON: 'false', NX_TUI: 'false', NODE_ENV: 'development' },
  });
  if (status !== 0) process.exit(status ?? 1);
}

run(
  'run-many',
  '--target=migrate',
  `--projects=${projects.join()}`,
  '--output-style=stream-without-prefixes',
);
for (const project of projects) run('run', `${project}:status`);
