import type { CreateNodesResult, Tree } from '@nx/devkit';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FactsCache } from './graph/facts-cache';
import { createMigrationDependencies } from './graph/create-dependencies';
import { createDatabaseNodes } from './graph/create-nodes';
import { createWorkspace, dependenciesContext, type TestWorkspace } from './testing/workspace';

const ROOT = join(__dirname, '..');

interface FirstRelease {
  readonly files: Readonly<Record<string, string | object>>;
  readonly inferred: Readonly<Record<string, object>>;
}
interface Upgrade {
  readonly version: string;
  readonly description: string;
  readonly implementation: string;
}
interface Target {
  readonly executor: string;
  readonly options?: object;
  readonly configurations: Readonly<Record<string, object>>;
}

function read<T>(...path: string[]): T {
  return JSON.parse(readFileSync(join(ROOT, ...path), 'utf8')) as T;
}
const release = read<FirstRelease>('src', 'testing', 'first-release.json');
const { generators } = read<{ generators: Record<string, Upgrade> }>('migrations.json');
const upgrades = Object.entries(generators);

/** Those of nx migrate's list: as it runs them, one after the other, on what users have. Empty as long as none is needed. */
async function upgrade(tree: Tree): Promise<void> {
  for (const [, { implementation }] of upgrades) {
    const module = (await import(join(ROOT, implementation))) as {
      default: (tree: Tree) => Promise<void>;
    };
    await module.default(tree);
  }
}

describe('a workspace of the first release', () => {
  let workspace: TestWorkspace;
  beforeEach(async () => {
    workspace = createWorkspace(
      Object.fromEntries(
        Object.entries(release.files).map(([path, content]) => [
          path,
          typeof content === 'string' ? content : JSON.stringify(content),
        ]),
      ),
    );
    const tree = workspace.tree();
    await upgrade(tree);
    for (const { path, content, type } of tree.listChanges()) {
      if (path in release.files && type !== 'DELETE') {
        workspace.write({ [path]: String(content) });
      }
    }
  });
  afterEach(() => workspace.dispose());

  async function inferred() {
    const context = { workspaceRoot: workspace.root, nxJsonConfiguration: {} };
    const [result] = await createDatabaseNodes(['libs/users/db.config.json'], undefined, context);
    return (result?.[1] as CreateNodesResult).projects?.['libs/users']?.targets;
  }

  it('has the targets it had', async () => {
    expect(await inferred()).toMatchObject(release.inferred);
  });

  it('has executors that take what stands in its project.json', () => {
    const { executors } = read<{ executors: Record<string, { schema: string }> }>('executors.json');
    const project = JSON.parse(
      readFileSync(join(workspace.root, 'libs/legacy/project.json'), 'utf8'),
    ) as { targets: Record<string, Target> };
    const targets = Object.values(project.targets);
    expect(targets).toHaveLength(4);
    for (const { executor, options = {}, configurations } of targets) {
      const schema = executors[executor.replace('@flashfusion/db:', '')]?.schema ?? '?';
      const { properties } = read<{ properties: object }>(schema.replace('./dist', './src'));
      for (const given of [options, ...Object.values(configurations)]) {
        expect(Object.keys(properties)).toEqual(expect.arrayContaining(Object.keys(given)));
      }
    }
  });

  it('is not misled by what another version remembered of the graph', async () => {
    workspace.age();
    await inferred();
    await createMigrationDependencies(dependenciesContext(workspace, {}, []));
    const folder = join(workspace.root, '.nx/workspace-data');
    const path = join(
      folder,
      readdirSync(folder).find((name) => name.startsWith('flashfusion'))!,
    );
    const configPath = join(workspace.root, 'libs/users/db.config.json');
    expect(new FactsCache(workspace.root).get(configPath, 'thorough')).toBeDefined();
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace(/"format":\d+/, '"format":1').replaceAll('billing', 'wrong'));

    expect(await inferred()).toMatchObject(release.inferred);
  });
});

describe('nx migrate', () => {
  it('finds the list of upgrades', () => {
    const manifest = read<{
      'nx-migrations': { migrations: string };
      exports: Record<string, unknown>;
      files: string[];
    }>('package.json');
    const { migrations } = manifest['nx-migrations'];
    expect(manifest.exports[migrations]).toBe(migrations);
    expect(manifest.files).toContain(migrations.replace('./', ''));
    expect(existsSync(join(ROOT, migrations))).toBe(true);
  });

  it('finds each upgrade on it', () => {
    for (const [name, { version, description, implementation }] of upgrades) {
      expect(`${name} ${version}`).toMatch(/^[\w-]+ \d+\.\d+\.\d+$/);
      expect(description).toMatch(/\.$/);
      expect(existsSync(join(ROOT, implementation))).toBe(true);
    }
  });
});
