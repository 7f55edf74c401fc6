import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Folder } from './folder';
import type { Registry } from './registry';
import { mustRun, type Finished } from './run';

/** Who installs packages in a workspace. */
export type PackageManager = 'npm' | 'pnpm' | 'yarn 1' | 'yarn 4' | 'yarn 4 with PnP';

interface Manual {
  /** Where npm gets it; npm itself comes with Node. */
  readonly from?: string;
  /** Installs what package.json says. */
  readonly install: readonly string[];
  /** Goes before the name of a program of the workspace. */
  readonly exec: readonly string[];
  /** Files that send it to a registry for our packages, and to the usual one for all others. */
  files(registry: Registry): Readonly<Record<string, string>>;
}

const npmrc: Manual['files'] = ({ url }) => ({ '.npmrc': `@flashfusion:registry=${url}\n` });

/** Caches what it gets in the workspace: ours have the same version in every run, and another content. */
const yarnrc =
  (nodeLinker: 'node-modules' | 'pnp'): Manual['files'] =>
  ({ url }) => ({
    'yarn.lock': '',
    '.yarnrc.yml': `nodeLinker: ${nodeLinker}
enableScripts: false
enableTelemetry: false
enableImmutableInstalls: false
globalFolder: ./.yarn/global
unsafeHttpWhitelist: ['127.0.0.1']
npmScopes: { flashfusion: { npmRegistryServer: '${url.replace(/\/$/, '')}' } }
`,
  });

const MANUALS: Readonly<Record<PackageManager, Manual>> = {
  npm: {
    install: ['npm', 'install', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund'],
    exec: ['npx'],
    files: npmrc,
  },
  pnpm: {
    from: 'pnpm@10',
    install: ['pnpm', 'install', '--prefer-offline', '--ignore-scripts'],
    exec: ['pnpm', 'exec'],
    files: (registry) => ({
      ...npmrc(registry),
      'pnpm-workspace.yaml': 'packages:\n  - packages/*\n',
    }),
  },
  'yarn 1': {
    from: 'yarn@1',
    install: ['yarn', 'install', '--prefer-offline', '--ignore-scripts'],
    exec: ['yarn', '--silent'],
    files: npmrc,
  },
  'yarn 4': {
    from: '@yarnpkg/cli-dist@4',
    install: ['yarn', 'install'],
    exec: ['yarn'],
    files: yarnrc('node-modules'),
  },
  'yarn 4 with PnP': {
    from: '@yarnpkg/cli-dist@4',
    install: ['yarn', 'install'],
    exec: ['yarn'],
    files: yarnrc('pnp'),
  },
};

/** A package manager that a workspace has for itself: Nx finds it on the path too. */
export interface Installed {
  /** Installs what package.json says. */
  install(): Promise<Finished>;
  /** Runs Nx by the package manager, as a user types it. Throws if it fails. */
  execNx(...args: readonly string[]): Promise<Finished>;
  /** The same without the time that the package manager takes to find Nx, where it left a link. */
  nx(...args: readonly string[]): Promise<Finished>;
}

/** Gets a package manager from npm into a folder of the workspace, and writes its configuration. */
export async function installPackageManager(
  packageManager: PackageManager,
  { workspace, registry }: { readonly workspace: Folder; readonly registry: Registry },
): Promise<Installed> {
  const { from, install, exec, files } = MANUALS[packageManager];
  for (const [path, content] of Object.entries(files(registry))) workspace.write(path, content);
  const home = join(workspace.path, '.package-manager');
  if (from !== undefined) {
    workspace.write('.package-manager/package.json', { private: true });
    const [npm = '', ...args] = MANUALS.npm.install;
    await mustRun(npm, [...args, from], { cwd: home });
  }
  const PATH = [join(home, 'node_modules', '.bin'), process.env['PATH']].join(delimiter);
  const command = ([program = '', ...args]: readonly string[]) =>
    mustRun(program, args, { cwd: workspace.path, env: { PATH } });
  const link = join(workspace.path, 'node_modules', '.bin', 'nx');
  return {
    install: () => command(install),
    execNx: (...args) => command([...exec, 'nx', ...args]),
    nx: (...args) => command([...(existsSync(link) ? [link] : [...exec, 'nx']), ...args]),
  };
}
