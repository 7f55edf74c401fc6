import type { ExecutorContext } from '@nx/devkit';

type TaskGraph = NonNullable<ExecutorContext['taskGraph']>;

/** A task that another one waits for: its id, or from Nx 24 on an object with the id. */
type Edge = string | { readonly id: string };

/** The ids of the tasks that a task waits for directly, in every supported version of Nx. */
export function tasksBefore(id: string, { dependencies }: Pick<TaskGraph, 'dependencies'>) {
  const edges: readonly Edge[] = dependencies[id] ?? [];
  return edges.map((edge) => (typeof edge === 'string' ? edge : edge.id));
}

/** The ids of the tasks that another one waits for. */
export function awaitedTasks(taskGraph: Pick<TaskGraph, 'dependencies'>): ReadonlySet<string> {
  return new Set(Object.keys(taskGraph.dependencies).flatMap((id) => tasksBefore(id, taskGraph)));
}
