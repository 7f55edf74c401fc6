import type { ExecutorContext } from '@nx/devkit';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestWorkspace } from './workspace';

/** A task as a test writes it. */
export interface TestTask {
  /** Default: `api`, in `apps/api`. */
  readonly project?: string;
  /** Folder of the project. Default: under `apps`. */
  readonly root?: string;
  readonly target: string;
  /** Environments that the target has configurations for. */
  readonly environments: readonly string[];
  /** The one that it is run with. */
  readonly configuration?: string;
}

/** What Nx hands to an executor. */
export function taskContext(workspace: TestWorkspace, task: TestTask): ExecutorContext {
  const { project = 'api', root = `apps/${project}`, environments, configuration } = task;
  const configurations = Object.fromEntries(
    environments.map((environment) => [environment, { environment }]),
  );
  const target = { configurations };
  return {
    root: workspace.root,
    cwd: workspace.root,
    isVerbose: false,
    projectName: project,
    targetName: task.target,
    configurationName: configuration,
    target,
    projectsConfigurations: {
      version: 2,
      projects: { [project]: { root, targets: { [task.target]: target } } },
    },
    nxJsonConfiguration: {},
    projectGraph: { nodes: {}, dependencies: {} },
  };
}

/** Where a task that was told `reportFolder: 'reports'` writes. */
export function reportPath(workspace: TestWorkspace, name: string, project = 'api'): string {
  return join(workspace.root, 'reports', project, name);
}

/** What it wrote there. */
export function readReport(workspace: TestWorkspace, name: string, project = 'api'): unknown {
  return JSON.parse(readFileSync(reportPath(workspace, name, project), 'utf8')) as unknown;
}

/** What the executors have printed in the test that is running. */
export interface KeptOutput {
  /** May be set to `''` between two tasks. */
  out: string;
  err: string;
}

/** Keeps what each test of the suite prints, instead of showing it. To be called inside `describe`. */
export function keepOutput(): KeptOutput {
  const kept = { out: '', err: '' };
  beforeEach(() => {
    kept.out = kept.err = '';
    jest
      .spyOn(process.stdout, 'write')
      .mockImplementation((text) => ((kept.out += String(text)), true));
    jest
      .spyOn(process.stderr, 'write')
      .mockImplementation((text) => ((kept.err += String(text)), true));
  });
  afterEach(() => jest.restoreAllMocks());
  return kept;
}
