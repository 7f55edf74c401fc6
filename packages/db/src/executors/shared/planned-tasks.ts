import {
  defaultEnvironment,
  type GivenNames,
  type ReportedTask,
  type TargetPlace,
} from '@flashfusion/migrator';
import type { ExecutorContext } from '@nx/devkit';
import { tasksBefore } from './task-dependencies';

/** What the tasks of a command are read from. */
export type PlanContext = Pick<ExecutorContext, 'projectName' | 'targetName'> &
  Partial<Pick<ExecutorContext, 'configurationName' | 'taskGraph' | 'projectsConfigurations'>>;

/** The executors that write reports. */
const REPORTING = /^@flashfusion\/db:(?:migrate|rollback)$/;

type Tasks = NonNullable<ExecutorContext['taskGraph']>;
type Task = Tasks['tasks'][string];

/**
 * The task that runs: as it was planned, or else as far as the task itself knows.
 *
 * @param place the environment and database that it works on
 */
export function currentTask(
  context: PlanContext,
  planned: readonly ReportedTask[],
  place: Pick<TargetPlace, 'environment' | 'databaseName'>,
): ReportedTask {
  const { projectName: project = '', targetName = 'task', configurationName } = context;
  const target = { project, target: targetName, configuration: configurationName };
  const { environment, databaseName: database } = place;
  const current = describe(target, { environment, database });
  return planned.find(({ id }) => id === current.id) ?? current;
}

/**
 * The tasks of the command that write their reports into the same folder, with the tasks that each waits for.
 *
 * @param folder value of the option `reportFolder`
 * @returns `[]` if Nx did not pass on its task graph
 */
export function plannedTasks(context: PlanContext, folder: string): ReportedTask[] {
  const { taskGraph } = context;
  if (taskGraph === undefined) return [];
  const planned = new Map<string, ReportedTask>();
  for (const task of Object.values(taskGraph.tasks)) {
    const options = optionsOf(task, context);
    if (options?.['reportFolder'] !== folder) continue;
    planned.set(task.id, describe(task.target, options));
  }
  return [...planned].map(([id, task]) => ({
    ...task,
    after: plannedBefore(id, taskGraph, planned),
  }));
}

/** The options of a task that writes reports; `undefined` for any other task. */
function optionsOf(
  { target, overrides }: Task,
  { projectsConfigurations }: PlanContext,
): Record<string, unknown> | undefined {
  const found = projectsConfigurations?.projects[target.project]?.targets?.[target.target];
  if (found === undefined || !REPORTING.test(found.executor ?? '')) return undefined;
  const configured: unknown = found.configurations?.[target.configuration ?? ''];
  return {
    ...(found.options as object | undefined),
    ...(configured as object | undefined),
    ...(overrides as object | undefined),
  };
}

function describe(
  { project, target, configuration }: Task['target'],
  options: Readonly<Record<string, unknown>>,
): ReportedTask {
  const { environment, database, tenant } = options;
  return {
    id: [project, target, configuration].filter((part) => part !== undefined).join(':'),
    project,
    target,
    environment: typeof environment === 'string' ? environment : defaultEnvironment(process.env),
    ...(isNames(database) ? { database } : {}),
    ...(isNames(tenant) ? { tenant } : {}),
  };
}

function isNames(value: unknown): value is GivenNames {
  const values: unknown[] = Array.isArray(value) ? value : [value];
  return values.every((each) => typeof each === 'string' || typeof each === 'number');
}

/** The nearest planned tasks that a task waits for, through tasks that write no report. */
function plannedBefore(
  id: string,
  taskGraph: Tasks,
  planned: ReadonlyMap<string, ReportedTask>,
): string[] {
  const seen = new Set(tasksBefore(id, taskGraph));
  const found: string[] = [];
  // A set also visits what is added while it is iterated over.
  for (const before of seen) {
    if (planned.has(before)) found.push(before);
    else for (const further of tasksBefore(before, taskGraph)) seen.add(further);
  }
  return found;
}
