import type { TargetConfiguration } from '@nx/devkit';
import { createWorkspace, type TestWorkspace } from '../testing/workspace';
import { createDatabaseNodes } from './create-nodes';
import { taskOrder } from './task-order';

type Edges = Readonly<Record<string, readonly string[]>>;

/** Every cycle-free way to wait: what each project waits for, given the dependencies of migrations and of code. */
function waitsFor(migrations: Edges, code: Edges, known: Edges): Map<string, string[]> {
  const edges = new Map(Object.entries(migrations));
  const order = taskOrder(edges, (from, to) => known[from]?.includes(to) === true);
  const roots = [
    ...new Set([...edges.keys(), ...Object.keys(code), ...[...edges.values()].flat()]),
  ];
  return new Map(
    roots.map((root) => [
      root,
      [
        ...(order.withoutProjects.has(root) ? [] : (code[root] ?? [])),
        ...(edges.get(root) ?? []).filter((to) => order.circular.get(root)?.has(to) !== true),
      ],
    ]),
  );
}

function hasCycle(waiting: ReadonlyMap<string, readonly string[]>): boolean {
  return [...waiting.keys()].some((start) => {
    const seen = new Set(waiting.get(start));
    for (const root of seen) for (const next of waiting.get(root) ?? []) seen.add(next);
    return seen.has(start);
  });
}

describe('D2: the order of the migrate tasks', () => {
  it.each<[string, Edges, Edges]>([
    ['an import against a dependency of migrations', { users: ['api'] }, { api: ['users'] }],
    [
      'imports against it by way of another project',
      { users: ['api'] },
      { api: ['core'], core: ['users'] },
    ],
    ['migrations that need each other', { users: ['api'], api: ['users'] }, {}],
    ['migrations that need each other in turn', { a: ['b'], b: ['c'], c: ['a'] }, { a: ['c'] }],
    [
      'a known dependency behind one against the imports',
      { users: ['api'], api: ['core'] },
      { api: ['core'], core: ['users'] },
    ],
    [
      'two dependencies of migrations, each half of a circle of imports',
      { a: ['b'], c: ['d'] },
      { b: ['c'], d: ['a'] },
    ],
  ])('D2: has no cycle for %s', (_, migrations, code) => {
    expect(hasCycle(waitsFor(migrations, code, code))).toBe(false);
  });

  it('D2: has no cycle in any workspace whose code has none', () => {
    // A fixed sequence of numbers, so that a failure comes again.
    let state = 7;
    const random = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    for (let round = 0; round < 500; round += 1) {
      const pick = (density: number, among: (from: number) => readonly string[]) =>
        Object.fromEntries(
          names.map((name, index) => [name, among(index).filter(() => random() < density)]),
        );
      const code = pick(0.4, (index) => names.slice(index + 1));
      const migrations = pick(0.2, (from) => names.filter((_, index) => index !== from));
      const known = Object.fromEntries(
        names.map((name) => [name, (code[name] ?? []).filter(() => random() < 0.5)]),
      );
      expect({ round, cycle: hasCycle(waitsFor(migrations, code, known)) }).toEqual({
        round,
        cycle: false,
      });
    }
  });

  it('D2: keeps the dependencies of the code where those of the migrations go along with them', () => {
    const code = { api: ['users'], users: ['core'] };
    expect(waitsFor({ api: ['users'] }, code, code).get('users')).toEqual(['core']);
  });
});

describe('D2: the inferred targets', () => {
  let workspace: TestWorkspace;
  afterEach(() => workspace.dispose());

  const requiring = (id: string) => `export default { dependencies: ['${id}'] };`;

  async function migrateTargets(files: Readonly<Record<string, string>>) {
    workspace = createWorkspace({
      'libs/users/db.config.json': '{}',
      'libs/users/package.json': '{ "name": "@acme/users" }',
      'libs/api/db.config.json': '{}',
      'libs/api/package.json': '{ "name": "@acme/api" }',
      ...files,
    });
    const configs = ['libs/users/db.config.json', 'libs/api/db.config.json'];
    const context = { workspaceRoot: workspace.root, nxJsonConfiguration: {} };
    const nodes = await createDatabaseNodes(configs, undefined, context);
    return nodes.map(([, result]) => {
      const [project] = Object.values(result.projects ?? {});
      return project?.targets?.['migrate'] as TargetConfiguration;
    });
  }

  const params = 'forward';
  const code = { dependencies: true, target: 'migrate', params };

  it('D2: the project that migrations of another one need does not wait for its imports', async () => {
    const [users, api] = await migrateTargets({
      'libs/users/migrations/20250101000002_a.ts': requiring('api:20250101000001'),
    });
    expect(users?.dependsOn).toEqual([code, { projects: ['api'], target: 'migrate', params }]);
    expect(api?.dependsOn).toEqual([]);
    expect(api?.options).not.toHaveProperty('withDependencies');
  });

  it('D2: it waits for them if the package of the other one names its package', async () => {
    const [, api] = await migrateTargets({
      'libs/users/package.json': `{ "name": "@acme/users", "dependencies": { "@acme/api": "*" } }`,
      'libs/users/migrations/20250101000002_a.ts': requiring('api:20250101000001'),
    });
    expect(api?.dependsOn).toEqual([code]);
  });

  it('D2: projects whose migrations need each other apply them in one run, without waiting', async () => {
    const targets = await migrateTargets({
      'libs/users/migrations/20250101000002_a.ts': requiring('api:20250101000001'),
      'libs/api/migrations/20250101000003_a.ts': requiring('users:20250101000002'),
    });
    for (const target of targets) {
      expect(target.dependsOn).toEqual([]);
      expect(target.options).toMatchObject({ withDependencies: true });
    }
  });
});
