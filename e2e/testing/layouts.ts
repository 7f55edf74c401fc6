import { Folder } from './folder';
import { installPackageManager, type Installed, type PackageManager } from './package-managers';
import type { Registry } from './registry';
import { mustRun } from './run';

/** How a workspace is laid out: who installs packages, and how projects find each other. */
export interface Layout {
  readonly packageManager: PackageManager;
  /**
   * `solution`: each project is a package, linked by the package manager, with its sources behind a custom condition.
   * `plain`: project.json files, and `paths` in tsconfig.base.json.
   */
  readonly typescript: 'solution' | 'plain';
  /** As `nx init` leaves it. */
  readonly lacksDevkit?: true;
  /**
   * `always`: by `npm test`. `all`: with FLASHFUSION_NX_VERSIONS=all, as on CI. `layouts`: only with FLASHFUSION_E2E=layouts,
   * which means every one.
   */
  readonly tested: 'always' | 'all' | 'layouts';
}

export const LAYOUTS: readonly Layout[] = [
  { packageManager: 'npm', typescript: 'plain', tested: 'all' },
  { packageManager: 'npm', typescript: 'solution', tested: 'all' },
  { packageManager: 'pnpm', typescript: 'plain', tested: 'all' },
  { packageManager: 'pnpm', typescript: 'solution', tested: 'always' },
  { packageManager: 'yarn 1', typescript: 'plain', tested: 'all', lacksDevkit: true },
  { packageManager: 'yarn 1', typescript: 'solution', tested: 'all' },
  // To Nx and to the plugin this is one of yarn 1, and PnP tells more of yarn 4.
  { packageManager: 'yarn 4', typescript: 'plain', tested: 'layouts' },
  { packageManager: 'yarn 4 with PnP', typescript: 'solution', tested: 'all' },
];

export function isChosen({ tested }: Layout): boolean {
  const { FLASHFUSION_E2E: chosen, FLASHFUSION_NX_VERSIONS: versions } = process.env;
  return chosen === 'layouts' || tested === 'always' || (tested === 'all' && versions === 'all');
}

const NX = '23.2.1';

/** A workspace on disk, and its Nx. */
export interface LayoutWorkspace extends Pick<Installed, 'execNx' | 'nx'> {
  readonly folder: Folder;
}

/** A fresh workspace without the plugin: `users`, a CommonJS project, and `api`, an ES module project that depends on it. */
export async function createLayout(layout: Layout, registry: Registry): Promise<LayoutWorkspace> {
  const folder = new Folder();
  const isSolution = layout.typescript === 'solution';
  folder.write('package.json', {
    name: 'acme',
    version: '0.0.0',
    private: true,
    ...(isSolution && { workspaces: ['packages/*'] }),
    devDependencies: { nx: NX, ...(layout.lacksDevkit !== true && { '@nx/devkit': NX }) },
  });
  folder.write('nx.json', { analytics: false, neverConnectToCloud: true });
  folder.write('.gitignore', 'node_modules\n.nx\n.yarn\ndist\n');
  writeProjects(folder, layout);
  await mustRun('git', ['init', '--quiet'], { cwd: folder.path });
  const packageManager = await installPackageManager(layout.packageManager, {
    workspace: folder,
    registry,
  });
  await packageManager.install();
  return { folder, ...packageManager };
}

function writeProjects(folder: Folder, { typescript, packageManager }: Layout): void {
  const projects = [
    { name: 'users', type: 'commonjs', dependencies: [] },
    { name: 'api', type: 'module', dependencies: ['users'] },
  ];
  const solution = typescript === 'solution';
  folder.write('tsconfig.base.json', {
    compilerOptions: {
      module: solution ? 'nodenext' : 'esnext',
      moduleResolution: solution ? 'nodenext' : 'bundler',
      target: 'es2022',
      ...(solution
        ? { composite: true, customConditions: ['@acme/source'] }
        : { paths: { '@acme/*': ['./packages/*/src/index.ts'] } }),
    },
  });
  if (solution) {
    const references = projects.map(({ name }) => ({ path: `./packages/${name}` }));
    folder.write('tsconfig.json', { extends: './tsconfig.base.json', files: [], references });
  }
  for (const { name, type, dependencies } of projects) {
    const home = `packages/${name}`;
    const range = packageManager === 'pnpm' ? 'workspace:*' : '*';
    folder.write(
      `${home}/src/index.ts`,
      `export const quote = (name: string) => '"' + name + '"';\n`,
    );
    folder.write(`${home}/tsconfig.json`, {
      extends: '../../tsconfig.base.json',
      include: ['src'],
    });
    if (!solution) folder.write(`${home}/project.json`, { name, sourceRoot: `${home}/src` });
    folder.write(`${home}/package.json`, {
      name: `@acme/${name}`,
      version: '1.0.0',
      type,
      ...(solution && {
        nx: { name },
        exports: { '.': { '@acme/source': './src/index.ts', default: './dist/index.js' } },
        dependencies: Object.fromEntries(dependencies.map((each) => [`@acme/${each}`, range])),
      }),
    });
  }
}
