import type { TargetConfiguration } from '@nx/devkit';
import { createWorkspace, dependenciesContext, type TestWorkspace } from '../testing/workspace';
import { createMigrationDependencies } from './create-dependencies';
import { createDatabaseNodes } from './create-nodes';

const requiring = (...ids: string[]) => `export default { dependencies: ${JSON.stringify(ids)} };`;
const FIRST = 'apps/orders/migrations/20250917102200_a.ts';

describe('The graph of projects whose names in db.config differ from those in Nx', () => {
  let workspace: TestWorkspace;
  afterEach(() => workspace.dispose());

  /** What the targets of `orders` and the edges of the graph lead to, as one computation of Nx finds it. */
  async function compute(files: Readonly<Record<string, string>>) {
    workspace = createWorkspace({ 'apps/orders/db.config.json': '{}', ...files });
    const folders = Object.keys(files).filter((path) => path.includes('db.config'));
    const configs = ['apps/orders/db.config.json', ...folders];
    const context = { workspaceRoot: workspace.root, nxJsonConfiguration: {} };
    const nodes = await createDatabaseNodes([...new Set(configs)], undefined, context);
    const own = nodes.find(([file]) => file === 'apps/orders/db.config.json')?.[1];
    const targets = Object.values(own?.projects ?? {})[0]?.targets;
    const { dependsOn = [] } = targets?.['migrate'] as TargetConfiguration;
    const projects = Object.fromEntries(
      [...new Set(configs)].map((config) => {
        const root = config.slice(0, config.lastIndexOf('/'));
        return [root.slice(root.indexOf('/') + 1), root];
      }),
    );
    const edges = await createMigrationDependencies(dependenciesContext(workspace, projects));
    return {
      dependsOn: dependsOn.flatMap((entry) =>
        typeof entry === 'object' ? (entry.projects ?? []) : [],
      ),
      edges: edges.map(({ source, target }) => `${source} → ${target}`),
    };
  }

  it('A3: leads from the name in db.config to the project of Nx', async () => {
    const found = await compute({
      'apps/core/db.config.json': '{ "project": "api" }',
      [FIRST]: requiring('api:20250910090000'),
    });
    expect(found).toEqual({ dependsOn: ['core'], edges: ['orders → core'] });
  });

  it('A3: leads from a former name to the project that has another one now', async () => {
    const found = await compute({
      'libs/accounting/db.config.json': '{ "renamedFrom": ["bills", "billing"] }',
      [FIRST]: requiring('billing:20250910090000', 'bills:20250910090100'),
    });
    expect(found).toEqual({
      dependsOn: ['accounting'],
      edges: ['orders → accounting', 'orders → accounting'],
    });
  });

  it('A3: leads to both projects if a new one has taken the former name', async () => {
    const found = await compute({
      'libs/accounting/db.config.json': '{ "renamedFrom": ["billing"] }',
      'libs/billing/db.config.json': '{}',
      [FIRST]: requiring('billing:20250910090000'),
    });
    expect(found.dependsOn).toEqual(['accounting', 'billing']);
    expect(found.edges.sort()).toEqual(['orders → accounting', 'orders → billing']);
  });

  it('A3: makes no project depend on itself by its former name', async () => {
    const found = await compute({
      'apps/orders/db.config.json': '{ "renamedFrom": ["shop"] }',
      [FIRST]: requiring('shop:20250910090000'),
    });
    expect(found).toEqual({ dependsOn: [], edges: [] });
  });
});
