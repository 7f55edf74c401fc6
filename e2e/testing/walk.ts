import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Folder } from './folder';
import { REPOSITORY } from './packed';
import type { Registry } from './registry';
import { mustRun, run, type Finished } from './run';

/** What a reader of a page does next. */
export type Step =
  | { readonly kind: 'file'; readonly path: string; readonly text: string }
  | { readonly kind: 'command'; readonly command: string; readonly fails: boolean };

/**
 * The steps of a page, in order: each line of a `sh` or `bash` block is a command, which must fail where the block says `exit=1`.
 * A block with `title="…"` is a file to write.
 *
 * @param path relative to this repository
 * @param heading only what stands under this heading; the whole page if absent
 */
export function stepsOf(path: string, heading?: string): Step[] {
  const page = readFileSync(join(REPOSITORY, path), 'utf8');
  const from = heading === undefined ? 0 : page.indexOf(`\n${heading}\n`);
  if (from < 0) throw new Error(`${path} has no heading ${heading}`);
  const to = heading === undefined ? -1 : page.indexOf('\n## ', from + 1 + heading.length);
  const part = page.slice(from, to < 0 ? undefined : to);
  return [...part.matchAll(/^```(\w+)([^\n]*)\n([^]*?)^```$/gm)].flatMap(
    ([, language = '', more = '', text = '']): Step[] => {
      const title = /title="([^"]+)"/.exec(more)?.[1];
      if (title !== undefined) return [{ kind: 'file', path: title, text }];
      if (language !== 'sh' && language !== 'bash') return [];
      return text
        .split('\n')
        .map((line) => line.replace(/\s+#.*/, '').trim())
        .filter((command) => command !== '')
        .map((command) => ({ kind: 'command', command, fails: more.includes('exit=1') }));
    },
  );
}

/** A fresh workspace of the ts preset of Nx, with a scoped name and no project. */
export class TsPresetWorkspace extends Folder {
  static async create(nxVersion: string, registry: Registry): Promise<TsPresetWorkspace> {
    const workspace = new TsPresetWorkspace();
    const { path } = workspace;
    const words = [`create-nx-workspace@${nxVersion}`, 'acme', '--preset=ts', '--nxCloud=skip'];
    const more = ['--interactive=false', '--packageManager=npm', '--skipGit'];
    await mustRun('npx', ['--yes', ...words, ...more], { cwd: path });
    workspace.write('acme/.npmrc', `@flashfusion:registry=${registry.url}\n`);
    await mustRun('git', ['init', '--quiet', '--initial-branch=main'], { cwd: `${path}/acme` });
    return workspace;
  }

  /** Folder of the workspace. */
  get root(): string {
    return join(this.path, 'acme');
  }

  /** An empty project `@acme/<name>`, as a user who starts from nothing has it. */
  async library(name: string): Promise<void> {
    const options = ['--bundler=tsc', '--unitTestRunner=none', '--linter=none'];
    const args = ['g', '@nx/js:lib', `packages/${name}`, `--name=@acme/${name}`, ...options];
    await this.shell(`npx nx ${args.join(' ')} --no-interactive`);
  }

  /** Types a command in the workspace's folder. Throws if it fails. */
  async shell(command: string): Promise<string> {
    const finished = await this.try(command);
    if (finished.exitCode === 0) return finished.output;
    throw new Error(`${command} exited ${finished.exitCode}:\n${finished.output}`);
  }

  /** Types a command, whatever becomes of it. */
  try(command: string): Promise<Finished> {
    // What npx would find, without the time that it takes.
    const direct = command.replace(/^npx nx (?!add )/, 'node_modules/.bin/nx ');
    return run('bash', ['-c', direct], { cwd: this.root });
  }

  async commit(): Promise<void> {
    const identity = '-c user.name=Ada -c user.email=ada@acme.example';
    await this.shell(`git add --all && git ${identity} commit --quiet --message=Walk`);
  }

  /** The one file of a folder whose name has this part. */
  fileIn(folder: string, part: string): string {
    const name = this.list(`acme/${folder}`).find((each) => each.includes(part));
    if (name === undefined) throw new Error(`${folder} has no ${part}`);
    return join('acme', folder, name);
  }
}

/**
 * A `psql` for `bash`, as far as pages use it: `psql <url> -c "<sql>"`.
 *
 * @returns the shell function to put before a command
 */
export function psqlFunction(): string {
  const pg = dirname(require.resolve('pg/package.json'));
  const script = `const { Client } = require(${JSON.stringify(pg)}); const [url, , sql] = process.argv.slice(1);
const client = new Client(url); client.connect().then(() => client.query(sql)).then(() => client.end());`;
  return `psql() { node -e '${script}' -- "$@"; }; `;
}
