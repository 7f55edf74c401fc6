import type { CreateDependenciesContext, FileMap } from '@nx/devkit';
import { createTreeWithEmptyWorkspace } from '@nx/devkit/testing';
import type { Tree } from '@nx/devkit';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, sep } from 'node:path';

/** A throw-away workspace on disk. */
export interface TestWorkspace {
  readonly root: string;
  /** Writes files, given by paths relative to the workspace. */
  write(files: Readonly<Record<string, string>>): void;
  remove(path: string): void;
  /** Makes every file and folder look as if it had not been touched for an hour, as the cache of facts wants it. */
  age(): void;
  /** A generator's tree over it, with the given projects in project.json files. */
  tree(): Tree;
  dispose(): void;
}

/**
 * Makes a workspace that holds these files. One named `apps/api/project.json` makes `api` a project, and a configuration does
 * too where the folder says nothing else.
 */
export function createWorkspace(files: Readonly<Record<string, string>> = {}): TestWorkspace {
  const root = mkdtempSync(join(tmpdir(), 'flashfusion-db-'));
  const workspace: TestWorkspace = {
    root,
    write(more) {
      for (const [path, content] of Object.entries(more)) {
        mkdirSync(dirname(join(root, path)), { recursive: true });
        writeFileSync(join(root, path), content);
      }
    },
    remove: (path) => rmSync(join(root, path), { recursive: true }),
    age() {
      const before = new Date(Date.now() - 3_600_000);
      for (const path of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
        utimesSync(join(root, path), before, before);
      }
    },
    tree() {
      // The tree of @nx/devkit/testing stands nowhere; this one reads what is on disk.
      const tree = Object.assign(createTreeWithEmptyWorkspace(), { root });
      // It asks for a formatter that is not installed.
      tree.delete('.oxfmtrc.json');
      return tree;
    },
    dispose: () => rmSync(root, { recursive: true, force: true }),
  };
  workspace.write({ 'nx.json': '{}', 'package.json': '{"name":"workspace"}', ...files });
  for (const path of Object.keys(files).filter((each) => /\/db\.config\./.test(each))) {
    const manifest = join(dirname(path), 'project.json');
    if (!(manifest in files)) {
      workspace.write({ [manifest]: JSON.stringify({ name: basename(dirname(path)) }) });
    }
  }
  return workspace;
}

/** Every file of a folder and those below, relative to it, with `/`. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .split(sep)
        .join('/'),
    );
}

/**
 * What Nx hands to createDependencies.
 *
 * @param projects roots by name
 * @param changed the files to process; all of them by default
 */
export function dependenciesContext(
  workspace: TestWorkspace,
  projects: Readonly<Record<string, string>>,
  changed?: readonly string[],
): CreateDependenciesContext {
  const map = (keep: (file: string) => boolean): FileMap => ({
    nonProjectFiles: [],
    projectFileMap: Object.fromEntries(
      Object.entries(projects).map(([name, root]) => [
        name,
        filesIn(join(workspace.root, root))
          .map((file) => `${root}/${file}`)
          .filter(keep)
          .map((file) => ({ file, hash: file })),
      ]),
    ),
  });
  return {
    workspaceRoot: workspace.root,
    nxJsonConfiguration: {},
    externalNodes: {},
    projects: Object.fromEntries(Object.entries(projects).map(([name, root]) => [name, { root }])),
    fileMap: map(() => true),
    filesToProcess: map((file) => changed?.includes(file) ?? true),
  };
}
