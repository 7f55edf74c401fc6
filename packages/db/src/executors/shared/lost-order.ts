import { MigratorError, type Problem } from '@flashfusion/migrator';
import type { ExecutorContext } from '@nx/devkit';
import { tasksBefore } from './task-dependencies';

/** What is known of the tasks before this one. */
export type OrderContext = Pick<
  ExecutorContext,
  'projectName' | 'targetName' | 'target' | 'taskGraph' | 'projectsConfigurations'
>;

const PREREQUISITE = /depends on (\S+):\d{14}, which is not applied/;

/**
 * Adds the cause to a refusal for a prerequisite that is not applied, where Nx did not run the migrations of the other project
 * before this task: `dependsOn` in nx.json's `targetDefaults` or in project.json replaces the inferred order without a message.
 *
 * @returns the error to throw instead
 */
export function explainLostOrder(error: unknown, context: OrderContext): unknown {
  if (!(error instanceof MigratorError) || context.taskGraph === undefined) return error;
  const problems = error.problems.map((problem) => withCause(problem, context));
  return problems.some((problem, index) => problem !== error.problems[index])
    ? MigratorError.fromProblems(problems)
    : error;
}

function withCause(problem: Problem, context: OrderContext): Problem {
  const project = PREREQUISITE.exec(problem.message)?.[1];
  if (problem.code !== 'PREREQUISITE_NOT_APPLIED' || project === undefined) return problem;
  if (context.projectsConfigurations.projects[project] === undefined) return problem;
  if (projectsBefore(context).has(project)) return problem;
  const hint = [problem.hint, causeOf(project, context)].filter(Boolean).join(' ');
  return { ...problem, hint };
}

/** The projects that Nx ran something of before this task, because this task depends on it. */
function projectsBefore({ projectName, targetName, taskGraph }: OrderContext): Set<string> {
  if (taskGraph === undefined) return new Set();
  const { tasks } = taskGraph;
  const waiting = Object.values(tasks)
    .filter(({ target }) => target.project === projectName && target.target === targetName)
    .map(({ id }) => id);
  const seen = new Set(waiting);
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    for (const before of tasksBefore(id, taskGraph)) {
      if (!seen.has(before)) waiting.push(before);
      seen.add(before);
    }
  }
  return new Set([...seen].flatMap((id) => tasks[id]?.target.project ?? []));
}

function causeOf(project: string, { projectName, targetName, target }: OrderContext): string {
  const task = `${projectName}:${targetName}`;
  const named = (target?.dependsOn ?? []).some((entry) =>
    typeof entry === 'string'
      ? entry.includes(project)
      : [entry.projects ?? []].flat().includes(project),
  );
  if (named) {
    return `Nx ran ${task} without the tasks that it depends on: was --exclude-task-dependencies given?`;
  }
  return `Nx did not run the migrations of ${project} before ${task}, because its \`dependsOn\` does not name them. Where targetDefaults in nx.json or project.json set \`dependsOn\`, they replace the inferred one: add "..." to that list (from Nx 23 on), or { "projects": ["${project}"], "target": "${targetName}", "params": "forward" }.`;
}
