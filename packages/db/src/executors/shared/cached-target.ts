import { MigratorError } from '@flashfusion/migrator';
import type { ExecutorContext } from '@nx/devkit';

/**
 * Refuses a target that nx.json or project.json makes cacheable. On a hit Nx would print what an earlier run printed ("Applied"), and
 * this code would not run. Nx stores results of tasks that succeed only: as every run of a cacheable target fails here,
 * nothing is ever stored that could be replayed.
 *
 * @throws {MigratorError} `CACHED_TARGET`
 */
export function refuseCachedTarget({
  projectName,
  targetName,
  target,
}: Pick<ExecutorContext, 'projectName' | 'targetName' | 'target'>): void {
  if (target?.cache !== true) return;
  throw new MigratorError(
    'CACHED_TARGET',
    `${projectName}:${targetName} is cacheable: Nx would repeat the output of an earlier run instead of looking at the database. Nothing was run, on no database.`,
    {
      where: `${projectName}:${targetName}`,
      hint: `Set "cache": false for it. "cache": true comes from targetDefaults in nx.json (under "${targetName}", a pattern, or "${target.executor}") or from the project's own configuration.`,
    },
  );
}
