import type { CreateDependenciesContext, DependencyType, StaticDependency } from '@nx/devkit';
import { join, posix } from 'node:path';
import { computation } from './computation';
import { isConfigName } from './config-name';
import { FactsCache, type Look } from './facts-cache';
import type { ProjectFacts } from './project-facts';
import { readFacts } from './read-facts';
import { warn } from './warn';

/**
 * An edge from each changed migration file to each project that it declares a dependency on. Projects that do not exist
 * are left out: `status` and `migrate` report them. So are projects whose migrations need each other: their edges would be a
 * circle, in which Nx runs no task. Looks only at the files that Nx says have changed, compiles nothing and
 * never throws. What createNodes has just read is remembered here for the next computation.
 */
export async function createMigrationDependencies(
  context: CreateDependenciesContext,
): Promise<StaticDependency[]> {
  const { workspaceRoot, projects } = context;
  const edges: StaticDependency[] = [];
  const cache = new FactsCache(workspaceRoot);
  const { read, owners, circular, look = 'thorough' } = computation;
  const nameOfRoot = new Map(Object.entries(projects).map(([name, { root }]) => [root, name]));
  const targetsOf = (name: string) =>
    owners.get(name)?.flatMap((root) => nameOfRoot.get(root) ?? []) ?? [name];
  for (const [source, files] of Object.entries(context.filesToProcess.projectFileMap)) {
    const config = files.length > 0 ? configOf(source, context) : undefined;
    if (config === undefined) continue;
    try {
      const facts = await factsNow(join(workspaceRoot, config), workspaceRoot, cache, look);
      for (const [sourceFile, required] of changedRequirements(facts, files)) {
        for (const target of targetsOf(required)) {
          if (target === source || projects[target] === undefined) continue;
          const inTurn = circular.get(projects[source]?.root ?? '');
          if (inTurn?.has(projects[target].root) === true) continue;
          edges.push({ source, target, sourceFile, type: STATIC });
        }
      }
    } catch (error) {
      warn(config, error);
    }
  }
  for (const [configPath, facts] of read) cache.remember(configPath, facts, look);
  read.clear();
  cache.save();
  return edges;
}

/** The value of `DependencyType.static`: importing it would load all of @nx/devkit, 0.4 s of every cold graph. */
const STATIC = 'static' as string as DependencyType.static;

/**
 * The facts as of now. While a process stays, a file may change between its two questions, and Nx will not ask again about it.
 * A command without the daemon has hashed all files before its first question: what changed since differs next time.
 */
async function factsNow(
  configPath: string,
  workspaceRoot: string,
  cache: FactsCache,
  look: Look,
): Promise<ProjectFacts> {
  const read = computation.read.get(configPath);
  computation.read.delete(configPath);
  if (read !== undefined) {
    const state = cache.remember(configPath, read, look);
    if (look === 'quick' || state === 'unchanged') return read.facts;
  }
  const known = cache.get(configPath, 'thorough');
  if (known !== undefined) return known;
  const again = await readFacts(configPath, workspaceRoot);
  cache.remember(configPath, again, look);
  return again.facts;
}

/** Each changed migration file, relative to the workspace, with each project it requires. */
function changedRequirements(
  { migrations, requires }: ProjectFacts,
  changed: readonly { readonly file: string }[],
): [file: string, project: string][] {
  const requirements = Object.entries(requires);
  if (requirements.length === 0) return [];
  const files = new Set(changed.map(({ file }) => file));
  return requirements.flatMap(([name, projects]) => {
    const file = posix.join(migrations, name);
    return files.has(file) ? projects.map((project): [string, string] => [file, project]) : [];
  });
}

/** The project's `db.config.*`, relative to the workspace. */
function configOf(project: string, context: CreateDependenciesContext): string | undefined {
  const root = context.projects[project]?.root;
  if (root === undefined) return undefined;
  const start = root === '.' ? 'db.config.' : `${root}/db.config.`;
  return context.fileMap.projectFileMap[project]?.find(
    ({ file }) => file.startsWith(start) && isConfigName(posix.basename(file)),
  )?.file;
}
