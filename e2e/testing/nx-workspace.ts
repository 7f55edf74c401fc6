import { join } from 'node:path';
import { Folder } from './folder';
import type { PackedPackages } from './packed';
import { mustRun, run, type Finished } from './run';

/** Versions of Nx with the @nx/devkit that goes with each. */
const SUPPORTED = [
  { nx: '22.7.12', devkit: '22.7.12' },
  { nx: '23.2.1', devkit: '23.2.1' },
  { nx: '24.0.6', devkit: '24.0.0' },
] as const;

export interface NxVersion {
  readonly nx: string;
  readonly devkit: string;
}

/**
 * The versions to test on: 23.2.1, or what FLASHFUSION_NX_VERSIONS says: `all`, or a list like `22.7.12,24.0.6`.
 */
export function chosenNxVersions(wanted = process.env['FLASHFUSION_NX_VERSIONS']): NxVersion[] {
  if (wanted === 'all') return [...SUPPORTED];
  const names = wanted === undefined || wanted === '' ? ['23.2.1'] : wanted.split(',');
  return names.map((name) => {
    const version = SUPPORTED.find(({ nx }) => nx === name);
    if (version === undefined) throw new Error(`FLASHFUSION_NX_VERSIONS: no Nx ${name} here.`);
    return version;
  });
}

/** A throw-away workspace with the packed plugin: users ← api ← web, and docs on its own. */
export class NxWorkspace extends Folder {
  static async create(version: NxVersion, packages: PackedPackages): Promise<NxWorkspace> {
    const workspace = new NxWorkspace();
    const file = (name: 'migrator' | 'db' | 'cli') => `file:${packages.tarball(name)}`;
    workspace.write('package.json', {
      name: 'acme',
      private: true,
      workspaces: ['packages/*'],
      devDependencies: {
        nx: version.nx,
        '@nx/devkit': version.devkit,
        '@flashfusion/migrator': file('migrator'),
        '@flashfusion/db': file('db'),
        '@flashfusion/cli': file('cli'),
      },
      // The tarballs' own dependency on the engine is the tarball too: it is not published yet.
      overrides: { '@flashfusion/migrator': '$@flashfusion/migrator' },
    });
    workspace.write('nx.json', { analytics: false, neverConnectToCloud: true });
    workspace.write('.gitignore', 'node_modules\n.nx\ndist\n');
    workspace.project('users', []);
    workspace.project('api', ['users']);
    workspace.project('web', ['api']);
    workspace.project('docs', []);
    await mustRun(
      'npm',
      ['install', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund'],
      { cwd: workspace.path },
    );
    await workspace.git('init', '--quiet', '--initial-branch=main');
    await workspace.commit('Start');
    return workspace;
  }

  private project(name: string, dependencies: readonly string[]): void {
    this.write(`packages/${name}/package.json`, {
      name: `@acme/${name}`,
      version: '1.0.0',
      nx: { name },
      dependencies: Object.fromEntries(dependencies.map((each) => [`@acme/${each}`, '*'])),
    });
    this.write(`packages/${name}/README.md`, `# ${name}\n`);
  }

  nx(...args: string[]): Promise<Finished> {
    return run(this.program, args, { cwd: this.path });
  }

  async mustNx(...args: string[]): Promise<string> {
    return (await mustRun(this.program, args, { cwd: this.path })).output;
  }

  /** What `npx nx` runs, without the time that npx takes to find it. */
  private get program(): string {
    return join(this.path, 'node_modules', '.bin', 'nx');
  }

  async git(...args: string[]): Promise<string> {
    const identity = ['-c', 'user.name=Ada', '-c', 'user.email=ada@acme.example'];
    return (await mustRun('git', [...identity, ...args], { cwd: this.path })).stdout;
  }

  async commit(message: string): Promise<void> {
    await this.git('add', '--all');
    await this.git('commit', '--quiet', '--message', message);
  }

  /** Ids of the tasks that `nx affected -t migrate` would run for what changed since the last commit. */
  async affectedTasks(): Promise<string[]> {
    this.delete('affected.json');
    await this.mustNx('affected', '-t', 'migrate', '--base=HEAD', '--graph=affected.json');
    const graph = JSON.parse(this.read('affected.json')) as {
      tasks?: { tasks?: Record<string, unknown> };
    };
    this.delete('affected.json');
    return Object.keys(graph.tasks?.tasks ?? {}).sort();
  }

  /** Version of the only or newest migration of a project, by the name in its file name. */
  migrationFile(project: string, name: string): string {
    const folder = `packages/${project}/migrations`;
    const found = this.list(folder).find((file) => file.endsWith(`_${name}.ts`));
    if (found === undefined) throw new Error(`${project} has no migration ${name}`);
    return `${folder}/${found}`;
  }
}
