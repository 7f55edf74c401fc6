import { Folder } from './folder';
import type { PackedPackages } from './packed';
import { mustRun } from './run';

/** How a workspace is laid out: who installs packages, and how projects find each other. */
export interface Layout {
  readonly name: string;
  readonly packageManager: 'npm' | 'pnpm' | 'yarn';
  /**
   * `solution`: each project is a package, linked by the package manager, with its sources behind a custom condition.
   * `plain`: project.json files, and `paths` in tsconfig.base.json.
   */
  readonly typescript: 'solution' | 'plain';
}

export const LAYOUTS: readonly Layout[] = [
  { name: 'npm, plain', packageManager: 'npm', typescript: 'plain' },
  { name: 'npm, TypeScript solution', packageManager: 'npm', typescript: 'solution' },
  { name: 'pnpm, TypeScript solution', packageManager: 'pnpm', typescript: 'solution' },
  { name: 'pnpm, plain', packageManager: 'pnpm', typescript: 'plain' },
  { name: 'yarn, TypeScript solution', packageManager: 'yarn', typescript: 'solution' },
];

/** All of them with FLASHFUSION_E2E=layouts (or FLASHFUSION_NX_VERSIONS=all); else one, so that the tests stay quick. */
export function chosenLayouts(): readonly Layout[] {
  const { FLASHFUSION_E2E: chosen, FLASHFUSION_NX_VERSIONS: versions } = process.env;
  return chosen === 'layouts' || versions === 'all' ? LAYOUTS : LAYOUTS.slice(2, 3);
}

const NX = '23.2.1';

/** The commands that install, from npm's registry, the same on every machine. */
const INSTALL: Readonly<Record<Layout['packageManager'], readonly string[]>> = {
  npm: ['npm', 'install', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund'],
  pnpm: ['npx', '--yes', 'pnpm@10', 'install', '--prefer-offline', '--ignore-scripts'],
  yarn: ['npx', '--yes', 'yarn@1', 'install', '--prefer-offline', '--ignore-scripts'],
};

/** A fresh workspace: `users`, a CommonJS project, and `api`, an ES module project that depends on it. */
export async function createLayout(layout: Layout, packages: PackedPackages): Promise<Folder> {
  const folder = new Folder();
  const engine = `file:${packages.tarball('migrator')}`;
  const overrides = { '@flashfusion/migrator': engine };
  folder.write('package.json', {
    name: 'acme',
    version: '0.0.0',
    private: true,
    ...(layout.typescript === 'solution' && { workspaces: ['packages/*'] }),
    devDependencies: {
      nx: NX,
      '@nx/devkit': NX,
      '@flashfusion/migrator': engine,
      '@flashfusion/db': `file:${packages.tarball('db')}`,
    },
    // The plugin's own dependency on the engine is the tarball too: it is not published yet.
    ...(layout.packageManager === 'npm' && {
      overrides: { '@flashfusion/migrator': '$@flashfusion/migrator' },
    }),
    ...(layout.packageManager === 'pnpm' && { pnpm: { overrides } }),
    ...(layout.packageManager === 'yarn' && { resolutions: overrides }),
  });
  folder.write('nx.json', { analytics: false, neverConnectToCloud: true });
  folder.write('.gitignore', 'node_modules\n.nx\ndist\n');
  if (layout.packageManager === 'pnpm') {
    folder.write('pnpm-workspace.yaml', 'packages:\n  - packages/*\n');
  }
  writeProjects(folder, layout);
  const [program = '', ...args] = INSTALL[layout.packageManager];
  await mustRun(program, args, { cwd: folder.path });
  await mustRun('git', ['init', '--quiet'], { cwd: folder.path });
  return folder;
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
