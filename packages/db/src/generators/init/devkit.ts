/**
 * The generators need @nx/devkit in the version of the workspace's Nx. A workspace made by `nx init` lacks it, and a peer
 * dependency does not bring it: yarn installs none, and npm would take the newest, which is not for Nx 22. So it is an
 * optional peer, added where it is missing. Nothing in here may need it.
 */
import { execFileSync } from 'node:child_process';
import type { InitGeneratorSchema } from './schema';

/** Tells the process that runs once more not to try that forever. */
const ADDED = 'FLASHFUSION_DEVKIT_ADDED';

export function hasDevkit(): boolean {
  if (process.env[ADDED] !== undefined) return true;
  try {
    require.resolve('@nx/devkit');
    return true;
  } catch {
    return false;
  }
}

/** Has Nx add it by the workspace's package manager. */
export function addDevkit(workspaceRoot: string): void {
  const { version } = require('nx/package.json') as { readonly version: string };
  nx(workspaceRoot, 'add', `@nx/devkit@${devkitRange(version)}`);
}

/** Runs the generator anew, in a process that finds what was added. */
export function initAgain(workspaceRoot: string, options: InitGeneratorSchema): void {
  const given = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
  nx(workspaceRoot, 'g', '@flashfusion/db:init', ...given);
}

/** The releases of @nx/devkit that belong to a version of Nx. */
export function devkitRange(nxVersion: string): string {
  const [, minor] = /^(\d+\.\d+)\.\d+$/.exec(nxVersion) ?? [];
  return minor === undefined ? nxVersion : `~${minor}.0`;
}

function nx(workspaceRoot: string, ...args: readonly string[]): void {
  const program = require.resolve('nx/bin/nx.js');
  execFileSync(process.execPath, [program, ...args], {
    cwd: workspaceRoot,
    stdio: 'inherit',
    env: { ...process.env, [ADDED]: 'true' },
  });
}
