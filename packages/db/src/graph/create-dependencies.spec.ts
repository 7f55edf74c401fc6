import { createWorkspace, dependenciesContext, type TestWorkspace } from '../testing/workspace';
import { createMigrationDependencies } from './create-dependencies';
import { createDatabaseNodes } from './create-nodes';

const PROJECTS = { api: 'apps/api', users: 'libs/users', billing: 'libs/billing' };
const FIRST = 'apps/api/migrations/20250917102200_a.ts';
const SECOND = 'apps/api/migrations/2025-09-17T10-23-00_b.js';

describe('createMigrationDependencies', () => {
  let workspace: TestWorkspace;
  beforeEach(() => {
    workspace = createWorkspace({
      'apps/api/db.config.json': '{}',
      [FIRST]: `export default { dependencies: ['users:20250910090000', '20250915100000'] };`,
      [SECOND]: `module.exports = { dependencies: ["users:20250910090000", "billing:20250910090000"] };`,
      'libs/users/index.ts': '',
      'libs/billing/index.ts': '',
    });
  });
  afterEach(() => workspace.dispose());

  const edges = async (changed?: string[]) =>
    (await createMigrationDependencies(dependenciesContext(workspace, PROJECTS, changed))).map(
      ({ source, target, sourceFile, type }) => `${type} ${source} → ${target} from ${sourceFile}`,
    );

  it('makes an edge from each file to each project it names', async () => {
    expect((await edges()).sort()).toEqual([
      `static api → billing from ${SECOND}`,
      `static api → users from ${SECOND}`,
      `static api → users from ${FIRST}`,
    ]);
  });

  it('looks at nothing but the files that have changed', async () => {
    expect(await edges([FIRST])).toEqual([`static api → users from ${FIRST}`]);
    expect(await edges([])).toEqual([]);
  });

  it('leaves out projects that do not exist, the project itself and other files', async () => {
    workspace.write({
      [FIRST]: `export default { dependencies: ['nobody:20250910090000', 'api:20250910090000'] };`,
      [SECOND]: '',
      'apps/api/src/20250917102200_c.ts': `export default { dependencies: ['users:20250910090000'] };`,
      'apps/api/migrations/helper.ts': `export default { dependencies: ['users:20250910090000'] };`,
      'libs/users/migrations/20250917102200_d.ts': `export default { dependencies: ['api:20250910090000'] };`,
    });
    const context = { workspaceRoot: workspace.root, nxJsonConfiguration: {} };
    await createDatabaseNodes(['apps/api/db.config.json'], undefined, context);
    expect(await edges()).toEqual([]);
  });

  it('reads large files to their end', async () => {
    workspace.write({
      [FIRST]: `/* ${'é'.repeat(70_000)} */ ${requiring('billing:20250910090000')}`,
    });
    expect(await edges([FIRST])).toEqual([`static api → billing from ${FIRST}`]);
  });

  it('does not fail on a file that is gone or broken', async () => {
    const context = dependenciesContext(workspace, PROJECTS);
    workspace.write({ [SECOND]: `module.exports = { dependencies: ['users:20250910090000` });
    workspace.remove(FIRST);
    await expect(createMigrationDependencies(context)).resolves.toEqual([]);
  });

  it('is right about a file that was edited after createNodes had read it', async () => {
    const context = { workspaceRoot: workspace.root, nxJsonConfiguration: {} };
    await createDatabaseNodes(['apps/api/db.config.json'], undefined, context);
    workspace.write({ [FIRST]: requiring('billing:20250910090000') });
    expect(await edges([FIRST])).toEqual([`static api → billing from ${FIRST}`]);
  });

  it('D2: leaves out projects whose migrations need each other, directly or through others', async () => {
    workspace.write({
      'libs/users/db.config.json': '{}',
      'libs/users/project.json': '{"name":"users"}',
      'libs/users/migrations/20250917102201_c.ts': requiring('billing:20250917102202'),
      'libs/billing/db.config.json': '{}',
      'libs/billing/project.json': '{"name":"billing"}',
      'libs/billing/migrations/20250917102202_d.ts': requiring('users:20250910090000'),
    });
    const nodes = () =>
      createDatabaseNodes(
        ['apps/api/db.config.json', 'libs/users/db.config.json', 'libs/billing/db.config.json'],
        undefined,
        { workspaceRoot: workspace.root, nxJsonConfiguration: {} },
      );
    await nodes();
    const targets = async () =>
      new Set((await edges()).map((edge) => edge.replace(/ from .*/, '')));
    expect(await targets()).toEqual(new Set(['static api → users', 'static api → billing']));

    workspace.write({
      'libs/users/migrations/20250917102203_e.ts': requiring('api:20250910090000'),
    });
    await nodes();
    expect(await targets()).toEqual(new Set());
  });

  it('has the next command see an edit in place that a quick look misses', async () => {
    const nodes = async () => {
      // Each command without a daemon is a process, and so a copy of the modules, of its own.
      jest.resetModules();
      const fresh = await import('./create-nodes.js');
      const context = { workspaceRoot: workspace.root, nxJsonConfiguration: {} };
      const found = await fresh.createDatabaseNodes(
        ['apps/api/db.config.json'],
        undefined,
        context,
      );
      return JSON.stringify(found).includes('"nobody"');
    };
    workspace.write({ 'apps/api/migrations/20251231000000_newest.ts': '' });
    workspace.age();
    await edges();
    workspace.write({ [FIRST]: requiring('nobody:20250910090000', 'users:20250910090000') });
    expect(await nodes()).toBe(false);
    await edges([FIRST]);
    expect(await nodes()).toBe(true);
  });
});

const requiring = (...ids: string[]) => `export default { dependencies: ${JSON.stringify(ids)} };`;
