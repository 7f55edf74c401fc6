import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createProject, type TestProject } from './project';
import type { ProjectKey, Scenario } from './scenario';
import { SCHEMAS, positions, sourceOf, versionAt, type FileState } from './scenario-migrations';

/** The two projects of a scenario on disk. */
export interface ScenarioWorkspace {
  readonly projects: Readonly<Record<ProjectKey, TestProject>>;
  /** Renames a project. Without `renamedFrom`, no former name is in its configuration. */
  rename(project: ProjectKey, renamedFrom: 'declared' | 'missing'): void;
  /** Adds the former names to the configuration. */
  declareFormerNames(project: ProjectKey): void;
  /** Corrects the migrations of a project that still fail by themselves. */
  correct(project: ProjectKey): void;
  /** Writes the file of a migration in the other way that its author could choose. */
  rewrite(position: number): void;
  remove(): void;
}

const KEYS: readonly ProjectKey[] = ['shop', 'orders'];

/** Writes the workspace into a folder of its own. */
export function createScenarioWorkspace(scenario: Scenario, url: string): ScenarioWorkspace {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'flashfusion-soak-')));
  writeFileSync(join(root, 'nx.json'), '{}');
  const names: Record<ProjectKey, string[]> = { shop: ['shop'], orders: ['orders'] };
  const create = (key: ProjectKey) =>
    createProject({
      url,
      name: key,
      root: join(root, key),
      migrations: [],
      configuration: { schema: SCHEMAS[key] },
      environment: { reconnectTimeout: '30s', outOfOrder: 'allow' },
    });
  const projects = { shop: create('shop'), orders: create('orders') };
  const states = new Map<number, FileState>();
  const configure = (key: ProjectKey, renamedFrom: 'declared' | 'missing') => {
    const [name, ...former] = [...names[key]].reverse();
    const declared = renamedFrom === 'declared' && former.length > 0;
    projects[key].configure({
      schema: SCHEMAS[key],
      project: name,
      ...(declared && { renamedFrom: former }),
    });
  };
  const write = (position: number, state: FileState) => {
    const key = scenario.graph[position]?.project ?? 'shop';
    states.set(position, state);
    const file = `${versionAt(position)}_m_${position}.js`;
    writeFileSync(
      join(projects[key].root, 'migrations', file),
      sourceOf(scenario, position, state),
    );
  };
  for (const [position] of positions(scenario)) write(position, 'first');
  return {
    projects,
    rename(key, renamedFrom) {
      names[key].push(`${key}_${names[key].length}`);
      configure(key, renamedFrom);
    },
    declareFormerNames: (key) => configure(key, 'declared'),
    correct(key) {
      for (const [position, { project, shape }] of positions(scenario)) {
        if (project !== key || shape.kind !== 'corrected') continue;
        if (states.get(position) === 'first') write(position, 'meant');
      }
    },
    rewrite(position) {
      write(position, states.get(position) === 'unconditional' ? 'meant' : 'unconditional');
    },
    remove() {
      for (const key of KEYS) projects[key].remove();
      rmSync(root, { recursive: true, force: true });
    },
  };
}
