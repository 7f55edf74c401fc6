import { join } from 'node:path';
import { Folder } from './folder';
import { installPackageManager } from './package-managers';
import type { Registry } from './registry';
import { mustRun, run, type Finished } from './run';

const SUPPORTED: readonly string[] = ['22.7.12', '23.2.1', '24.0.6'];

/**
 * The versions to test on: 23.2.1, or what FLASHFUSION_NX_VERSIONS says: `all`, or a list like `22.7.12,24.0.6`.
 */
export function chosenNxVersions(wanted = process.env['FLASHFUSION_NX_VERSIONS']): string[] {
  if (wanted === 'all') return [...SUPPORTED];
  const versions = wanted === undefined || wanted === '' ? ['23.2.1'] : wanted.split(',');
  for (const version of versions) {
    if (SUPPORTED.includes(version)) continue;
    throw new Error(`FLASHFUSION_NX_VERSIONS: no Nx ${version} here.`);
  }
  return versions;
}

/** A throw-away workspace without the plugin, as `nx init` leaves it: users ← api ← web, and docs on its own. */
export class NxWorkspace extends Folder {
  static async create(nxVersion: string, registry: Registry): Promise<NxWorkspace> {
    const workspace = new NxWorkspace();
    workspace.write('package.json', {
      name: 'acme',
      private: true,
      workspaces: ['packages/*'],
      devDependencies: { nx: nxVersion },
    });
    workspace.write('nx.json', { analytics: false, neverConnectToCloud: true });
    workspace.write('.gitignore', 'node_modules\n.nx\ndist\n');
    workspace.project('users', []);
    workspace.project('api', ['users']);
    workspace.project('web', ['api']);
    workspace.project('docs', []);
    const npm = await installPackageManager('npm', { workspace, registry });
    await npm.install();
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
