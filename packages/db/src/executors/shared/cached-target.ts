import { MigratorError } from '@flashfusion/migrator';
import type { ExecutorContext } from '@nx/devkit';

type CacheContext = Pick<ExecutorContext, 'projectName' | 'targetName' | 'target'> &
  Partial<Pick<ExecutorContext, 'nxJsonConfiguration'>>;

/**
 * Refuses a target that nx.json or project.json makes cacheable. On a hit Nx would print what an earlier run printed ("Applied"), and
 * this code would not run. Nx stores results of tasks that succeed only: as every run of a cacheable target fails here,
 * nothing is ever stored that could be replayed.
 *
 * @throws {MigratorError} `CACHED_TARGET`
 */
export function refuseCachedTarget(context: CacheContext): void {
  const { projectName, targetName, target } = context;
  const isLegacy = target?.cache === undefined && isCacheableOperation(context);
  if (target?.cache !== true && !isLegacy) return;
  const origin = isLegacy
    ? 'nx.json lists it in "cacheableOperations" under tasksRunnerOptions.'
    : `"cache": true comes from targetDefaults in nx.json (under "${targetName}", a pattern, or "${target?.executor}") or from the project's own configuration.`;
  throw new MigratorError(
    'CACHED_TARGET',
    `${projectName}:${targetName} is cacheable: Nx would repeat the output of an earlier run instead of looking at the database. Nothing was run, on no database.`,
    {
      where: `${projectName}:${targetName}`,
      hint: `Set "cache": false for it. ${origin}`,
    },
  );
}

/** Up to Nx 22 a list in nx.json makes targets cacheable that do not say whether they are. */
function isCacheableOperation({ targetName, nxJsonConfiguration }: CacheContext): boolean {
  const runners = Object.values(nxJsonConfiguration?.tasksRunnerOptions ?? {});
  return runners.some((runner) => {
    const options = runner.options as Readonly<Record<string, unknown>> | undefined;
    const lists = [options?.['cacheableOperations'], options?.['cacheableTargets']];
    return lists.some((names) => Array.isArray(names) && names.includes(targetName));
  });
}
