import type { ProjectConfiguration, TargetConfiguration } from '@nx/devkit';
import { posix } from 'node:path';
import type { DbPluginOptions } from './options';
import type { ProjectFacts } from './project-facts';

type Options = Required<DbPluginOptions>;
type Executor = 'migrate' | 'status' | 'rollback';

/** What a project gains: its targets, and how they are shown. */
export type InferredProject = Required<Pick<ProjectConfiguration, 'targets' | 'metadata'>>;

const DESCRIPTIONS: Readonly<Record<Executor, string>> = {
  migrate: 'Apply the pending database migrations',
  status: 'Show which database migrations are applied, pending or failed',
  rollback: 'Revert database migrations with their stored rollback data',
};

const EXAMPLES: Readonly<Record<Executor, Record<string, unknown>>> = {
  migrate: { dryRun: true },
  status: { check: true },
  rollback: { last: 1 },
};

/** Options of the command line go to the tasks before as well: a dry run of one project must not migrate others for real. */
const FORWARD = 'forward' as const;

/**
 * The targets of a project with a database. Every environment is a configuration of every target, and no target has a
 * default configuration. Where environments name several databases, each gets a `migrate--<database>` of its own, and
 * `migrate` follows them, so that they can run in parallel.
 *
 * @param projectRoot relative to the workspace, `.` for its root
 * @param required the Nx names of the projects that its migrations depend on
 */
export function inferTargets(
  projectRoot: string,
  facts: ProjectFacts,
  required: readonly string[],
  options: Options,
): InferredProject {
  const common = commonOf(projectRoot, facts, options);
  const reporting = (target: TargetConfiguration): TargetConfiguration => ({
    ...target,
    options: { reportFolder: options.reportFolder, ...(target.options as object | undefined) },
    outputs: [`{workspaceRoot}/${options.reportFolder}/{projectName}`],
  });
  const upstream = dependsOn(required, options);
  const databases = [...new Set(Object.values(facts.environments).flat())].sort();
  const parts = databases.map((database) => ({
    name: `${options.migrateTargetName}--${database}`,
    target: reporting({
      ...common('migrate'),
      // Another environment may have one database only: `migrate` itself sees to that one.
      options: { database, unknownDatabase: 'skip' },
      dependsOn: upstream,
    }),
  }));
  const targets: Record<string, TargetConfiguration> = {
    [options.migrateTargetName]: reporting({
      ...common('migrate'),
      dependsOn: [...upstream, ...parts.map(({ name }) => ({ target: name, params: FORWARD }))],
    }),
    ...Object.fromEntries(parts.map(({ name, target }) => [name, target])),
    [options.statusTargetName]: common('status'),
    [options.rollbackTargetName]: reporting(common('rollback')),
  };
  return { targets, metadata: { targetGroups: { Database: Object.keys(targets) } } };
}

function commonOf(projectRoot: string, facts: ProjectFacts, options: Options) {
  const configurations = Object.fromEntries(
    Object.keys(facts.environments).map((environment) => [environment, { environment }]),
  );
  const inputs = inputsOf(projectRoot, facts, options);
  return (executor: Executor): TargetConfiguration => ({
    executor: `@flashfusion/db:${executor}`,
    cache: false,
    inputs,
    configurations,
    metadata: {
      technologies: ['postgres'],
      description: DESCRIPTIONS[executor],
      help: { command: 'npx nx list @flashfusion/db', example: { options: EXAMPLES[executor] } },
    },
  });
}

function dependsOn(
  required: readonly string[],
  options: Options,
): TargetConfiguration['dependsOn'] & object {
  const target = options.migrateTargetName;
  return [
    ...(options.order === 'projects' ? [{ dependencies: true, target, params: FORWARD }] : []),
    // `^migrate` is lost where the project graph has a cycle.
    ...(required.length > 0 ? [{ projects: [...required], target, params: FORWARD }] : []),
  ];
}

/** Narrow, because Nx 24 selects affected tasks by them: nothing but what changes the migrations themselves. */
function inputsOf(projectRoot: string, facts: ProjectFacts, options: Options): string[] {
  const token = (path: string) => {
    if (projectRoot === '.') return posix.join('{projectRoot}', path);
    if (path === projectRoot) return '{projectRoot}';
    return path.startsWith(`${projectRoot}/`)
      ? `{projectRoot}${path.slice(projectRoot.length)}`
      : `{workspaceRoot}/${path}`;
  };
  const files = [
    posix.join(projectRoot, facts.configName),
    ...facts.configImports,
    ...facts.helpers,
  ].map(token);
  return [...new Set([`${token(facts.migrations)}/**/*`, ...files, ...options.inputs])];
}
