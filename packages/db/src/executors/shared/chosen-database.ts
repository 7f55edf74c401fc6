import { MigratorError } from '@flashfusion/migrator';
import type { ExecutorContext } from '@nx/devkit';
import type { CommonOptions } from './options';

/** What the choice of a database is made from. */
export type DatabaseContext = Pick<
  ExecutorContext,
  'projectName' | 'targetName' | 'target' | 'taskGraph'
>;

/**
 * Whether the command line names another database than the one that this target is for, such as `us` for `migrate--eu`. A task that
 * another one waits for got that option passed on, and has nothing to do.
 *
 * @throws {MigratorError} `INVALID_ARGUMENT` for a task that was asked for itself
 */
export function isForAnotherDatabase(
  { database }: Pick<CommonOptions, 'database'>,
  { projectName, targetName, target, taskGraph }: DatabaseContext,
): boolean {
  const own = (target?.options as { database?: unknown } | undefined)?.database;
  if (typeof own !== 'string' || database === own) return false;
  if (isAwaited(`${projectName}`, `${targetName}`, taskGraph)) return true;
  throw new MigratorError(
    'INVALID_ARGUMENT',
    `${projectName}:${targetName} is for the database ${own}, and --database=${database} names another one.`,
    {
      where: `${projectName}:${targetName}`,
      hint: 'Leave --database out, or run the target that is for all databases.',
    },
  );
}

function isAwaited(
  project: string,
  name: string,
  taskGraph: ExecutorContext['taskGraph'],
): boolean {
  const own = Object.values(taskGraph?.tasks ?? {}).find(
    ({ target }) => target.project === project && target.target === name,
  );
  return Object.values(taskGraph?.dependencies ?? {}).some((ids) => ids.includes(own?.id ?? ''));
}
