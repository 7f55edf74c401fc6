import type { ProjectConfiguration, TargetConfiguration } from '@nx/devkit';
import { posix } from 'node:path';
import type { DbPluginOptions } from './options';
import type { ProjectFacts } from './project-facts';
import type { RequiredProject, Upstream } from './project-owners';

type Options = Required<DbPluginOptions>;
type Executor = 'migrate' | 'status' | 'rollback' | 'baseline' | 'repair';

/** What a project gains: its targets, and how they are shown. */
export type InferredProject = Required<Pick<ProjectConfiguration, 'targets' | 'metadata'>>;

const DESCRIPTIONS: Readonly<Record<Executor, string>> = {
  migrate: 'Apply the pending database migrations',
  status: 'Show which database migrations are applied, pending or failed',
  rollback: 'Revert database migrations with their stored rollback data',
  baseline: 'Mark database migrations as applied without running them',
  repair: 'Show what the migration history needs, and correct it',
};

const EXAMPLES: Readonly<Record<Executor, Record<string, unknown>>> = {
  migrate: { dryRun: true },
  status: { check: true },
  rollback: { last: 1 },
  baseline: { to: '20250917102200', dryRun: true },
  repair: { name: 'create_teams', markApplied: true },
};

/** Options of the command line go to the tasks before as well: a dry run of one project must not migrate others for real. */
const FORWARD = 'forward' as const;

/**
 * The targets of a project with a database. Every environment is a configuration of every target, and no target has a
 * default configuration. Where environments name several databases, each gets a `migrate--<database>` of its own, and
 * `migrate` follows them, so that they can run in parallel.
 *
 * @param projectRoot relative to the workspace, `.` for its root
 * @param upstream what its migrations need of other projects
 */
export function inferTargets(
  projectRoot: string,
  facts: ProjectFacts,
  upstream: Upstream,
  options: Options,
): InferredProject {
  const common = commonOf(projectRoot, facts, options);
  const migrate = migrateOf(common('migrate'), projectRoot, upstream);
  const reporting = (target: TargetConfiguration): TargetConfiguration => ({
    ...target,
    options: { reportFolder: options.reportFolder, ...(target.options as object | undefined) },
    outputs: [`{workspaceRoot}/${options.reportFolder}/{projectName}`],
  });
  const databases = [...new Set(Object.values(facts.environments).flat())].sort();
  const parts = databases.map((database) => ({
    name: databaseTarget(database, options),
    target: reporting({
      ...migrate,
      // Another environment may have one database only: `migrate` itself sees to that one.
      options: { ...(migrate.options as object | undefined), database, unknownDatabase: 'skip' },
      dependsOn: dependsOn(upstream, options, database),
    }),
  }));
  const targets: Record<string, TargetConfiguration> = {
    [options.migrateTargetName]: reporting({
      ...migrate,
      dependsOn: [
        ...dependsOn(upstream, options),
        ...parts.map(({ name }) => ({ target: name, params: FORWARD })),
      ],
    }),
    ...Object.fromEntries(parts.map(({ name, target }) => [name, target])),
    [options.statusTargetName]: {
      ...common('status'),
      options: { reportFolder: options.reportFolder },
    },
    [options.rollbackTargetName]: reporting(common('rollback')),
    [options.baselineTargetName]: common('baseline'),
    [options.repairTargetName]: common('repair'),
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

/**
 * `migrate` depends on the migrations of the projects that its own need: where one of those is changed or deleted, it has to run, or
 * `nx affected` would pass where `nx run-many` fails.
 */
function migrateOf(
  common: TargetConfiguration,
  projectRoot: string,
  { files, prerequisites }: Upstream,
): TargetConfiguration {
  const others = files.map((file) => inputToken(projectRoot, file));
  return {
    ...common,
    ...(prerequisites === 'apply' ? { options: { withDependencies: true } } : {}),
    inputs: [...new Set([...(common.inputs ?? []), ...others])],
  };
}

/**
 * The tasks before a task that migrates all databases, or the one that is named. A database waits for the same one of the other
 * projects, so that what fails on `us` does not keep `eu` back. A project without it is waited for as a whole.
 */
function dependsOn(
  { projects, codeDependencies }: Upstream,
  options: Options,
  database?: string,
): TargetConfiguration['dependsOn'] & object {
  const all = options.migrateTargetName;
  const one = database === undefined ? all : databaseTarget(database, options);
  const having = projects.filter(({ databases }) => databases.includes(database ?? ''));
  const entry = (required: readonly RequiredProject[], target: string) =>
    required.length === 0
      ? []
      : [{ projects: required.map(({ name }) => name), target, params: FORWARD }];
  return [
    ...(options.order === 'projects' && codeDependencies === 'first'
      ? [{ dependencies: true, target: one, params: FORWARD }]
      : []),
    // `^migrate` is lost where the project graph has a cycle.
    ...entry(having, one),
    ...entry(
      projects.filter((project) => !having.includes(project)),
      all,
    ),
  ];
}

function databaseTarget(database: string, { migrateTargetName }: Options): string {
  return `${migrateTargetName}--${database}`;
}

/** Narrow, because Nx 24 selects affected tasks by them: nothing but what changes the migrations themselves. */
function inputsOf(projectRoot: string, facts: ProjectFacts, options: Options): string[] {
  const token = (path: string) => inputToken(projectRoot, path);
  const files = [
    posix.join(projectRoot, facts.configName),
    ...facts.configImports,
    ...facts.helpers,
  ].map(token);
  return [...new Set([`${token(facts.migrations)}/**/*`, ...files, ...options.inputs])];
}

/** A path of the workspace as an input of a target. */
function inputToken(projectRoot: string, path: string): string {
  if (projectRoot === '.') return posix.join('{projectRoot}', path);
  if (path === projectRoot) return '{projectRoot}';
  return path.startsWith(`${projectRoot}/`)
    ? `{projectRoot}${path.slice(projectRoot.length)}`
    : `{workspaceRoot}/${path}`;
}
