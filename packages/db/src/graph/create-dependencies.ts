import type { CreateDependenciesContext, DependencyType, StaticDependency } from '@nx/devkit';
import { basename, join, posix } from 'node:path';
import { isConfigName } from './config-name';
import { FactsCache } from './facts-cache';
import { justRead } from './just-read';
import { loadEngine, projectsOf, readForeignDependencies } from './read-facts';

/** A version in front, the original agent's form included: what else a name needs is for the engine to say. */
const MAYBE_MIGRATION = /^(?:\d{14}|\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2})_.+\.[mc]?[tj]s$/;

/**
 * An edge from each changed migration file to each project that it declares a dependency on. Projects that do not exist
 * are left out: `status` and `migrate` report them. Reads only the files that Nx says have changed, compiles nothing and
 * never throws.
 */
export async function createMigrationDependencies(
  context: CreateDependenciesContext,
): Promise<StaticDependency[]> {
  const edges: StaticDependency[] = [];
  const cache = new FactsCache(context.workspaceRoot);
  for (const [source, files] of Object.entries(context.filesToProcess.projectFileMap)) {
    const root = context.projects[source]?.root;
    const changed = files.filter(({ file }) => MAYBE_MIGRATION.test(basename(file)));
    if (root === undefined || changed.length === 0) continue;
    const config = configOf(source, root, context);
    if (config === undefined) continue;
    const configPath = join(context.workspaceRoot, config);
    const facts = cache.get(configPath);
    const engine = await loadEngine();
    for (const { file } of changed) {
      if (facts !== undefined && posix.dirname(file) !== facts.migrations) continue;
      const path = join(context.workspaceRoot, file);
      const ids = justRead.take(path) ?? readForeignDependencies(path, engine);
      for (const target of projectsOf(ids, engine)) {
        // An edit that the configuration's fingerprint did not show: createNodes has to look again.
        if (facts?.requires.includes(target) === false) cache.forget(configPath);
        if (target === source || context.projects[target] === undefined) continue;
        edges.push({ source, target, sourceFile: file, type: STATIC });
      }
    }
  }
  justRead.clear();
  cache.save();
  return edges;
}

/** The value of `DependencyType.static`: importing it would load all of @nx/devkit, 0.4 s of every cold graph. */
const STATIC = 'static' as string as DependencyType.static;

/** The project's `db.config.*`, relative to the workspace. */
function configOf(
  project: string,
  root: string,
  context: CreateDependenciesContext,
): string | undefined {
  return context.fileMap.projectFileMap[project]?.find(
    ({ file }) => posix.dirname(file) === root && isConfigName(posix.basename(file)),
  )?.file;
}
