import { includesName, MigratorError, type GivenNames } from '@flashfusion/migrator';
import type { ExecutorContext } from '@nx/devkit';
import type { CommonOptions } from './options';
import { awaitedTasks } from './task-dependencies';

/** What the choice of a database is made from. */
export type DatabaseContext = Pick<
  ExecutorContext,
  'projectName' | 'targetName' | 'target' | 'taskGraph'
>;

/** The database that a target is for, or that the options name. */
export type ChosenDatabase =
  | { readonly kind: 'these'; readonly database: GivenNames | undefined }
  /** The command line names other databases than the one that this target is for: nothing to do. */
  | { readonly kind: 'other' };

/**
 * The databases to work on. A target that is for one database, such as `migrate--eu`, works on that one if the command line names
 * it, also in a list or by a pattern. If the command line names others, a task that another one waits for has nothing to do: it
 * got the option passed on.
 *
 * @throws {MigratorError} `INVALID_ARGUMENT` for a task that was asked for itself and is for another database
 */
export function chooseDatabase(
  { database }: Pick<CommonOptions, 'database'>,
  context: DatabaseContext,
): ChosenDatabase {
  const { projectName, targetName, target } = context;
  const own = (target?.options as { database?: unknown } | undefined)?.database;
  if (typeof own !== 'string' || database === undefined) return { kind: 'these', database };
  if (includesName(database, own)) return { kind: 'these', database: own };
  if (isAwaited(context)) return { kind: 'other' };
  throw new MigratorError(
    'INVALID_ARGUMENT',
    `${projectName}:${targetName} is for the database ${own}, and --database=${String(database)} names another one.`,
    {
      where: `${projectName}:${targetName}`,
      hint: 'Leave --database out, or run the target that is for all databases.',
    },
  );
}

/** Whether another task of the command waits for this one: it gets the options of that task passed on. */
export function isAwaited({ projectName, targetName, taskGraph }: DatabaseContext): boolean {
  if (taskGraph === undefined) return false;
  const own = Object.values(taskGraph.tasks).find(
    ({ target }) => target.project === projectName && target.target === targetName,
  );
  return own !== undefined && awaitedTasks(taskGraph).has(own.id);
}
