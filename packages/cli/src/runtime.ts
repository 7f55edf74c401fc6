import {
  defaultEnvironment,
  findProjectName,
  findWorkspaceRoot,
  MigrationAgent,
  nameCommandsFor,
  type RunListener,
  type Style,
  type Target,
  type TargetChoice,
} from '@flashfusion/migrator';
import { loadEnvFiles } from './env-files';
import { locateProject, type ProjectLocation } from './locate-project';
import type { CommonOptions, Surroundings } from './surroundings';
import { targetNameOf, type DatabaseCommand } from './target-name';

/** What a command works with. */
export interface Runtime {
  readonly surroundings: Surroundings;
  readonly common: CommonOptions;
  /** Colours for the result. */
  readonly style: Style;
  readonly onEvent: RunListener;
  /**
   * Receives how to find the target as far as the command line and the folder name it, before the configuration is loaded. Only a
   * command that is refused needs it.
   */
  readonly onTarget: (presume: () => Promise<Target>) => void;
}

/** What a command line may say about the database on top of the common options. */
export interface DatabaseFlags {
  /** Names of the environment's databases, lists of them or patterns, each time the option was given. */
  readonly database?: readonly string[];
  /** The same for the environment's tenants. */
  readonly tenant?: readonly string[];
  readonly lockWait?: string;
  readonly lockTimeout?: string;
  readonly statementTimeout?: string;
}

/** Finds the project that the command is about. */
export function projectOf({ surroundings, common }: Runtime): Promise<ProjectLocation> {
  return locateProject({ cwd: surroundings.cwd, project: common.project });
}

/** Which targets a command acts on, and how. */
export interface TargetWishes extends Pick<TargetChoice, 'per' | 'named'> {
  readonly outOfOrder?: 'allow';
}

/**
 * The agents for the targets that the command is about; most projects have one. Reads the `.env` files of the command first.
 *
 * @param command whose `.env` files are read
 */
export async function agentsOf(
  runtime: Runtime,
  command: DatabaseCommand,
  flags: DatabaseFlags,
  { outOfOrder, per, named }: TargetWishes,
): Promise<MigrationAgent[]> {
  const { surroundings, common, onEvent } = runtime;
  nameCommandsFor({ kind: 'ff', defaultEnvironment: surroundings.env['NODE_ENV'] });
  const { projectRoot, project } = await projectOf(runtime);
  const workspaceRoot = findWorkspaceRoot(projectRoot);
  const variableFiles = await loadEnvFiles(surroundings.env, {
    projectRoot,
    workspaceRoot,
    target: await targetNameOf(command, workspaceRoot),
    configuration: common.env,
  });
  runtime.onTarget(async () => ({
    project: project ?? (await findProjectName(projectRoot)),
    environment: common.env ?? defaultEnvironment(surroundings.env),
  }));
  return MigrationAgent.targets({
    projectRoot,
    project,
    environment: common.env,
    database: flags.database,
    tenant: flags.tenant,
    per,
    named,
    env: surroundings.env,
    variableFiles,
    overrides: {
      lockWait: flags.lockWait,
      lockTimeout: flags.lockTimeout,
      statementTimeout: flags.statementTimeout,
      outOfOrder,
    },
    onEvent,
    signal: surroundings.signal,
  });
}

/** The options that lead a further command to the same place, e.g. ` --project=api --env=staging`. */
export function scopeFlags({ project, env }: CommonOptions): string {
  return `${project === undefined ? '' : ` --project=${project}`}${env === undefined ? '' : ` --env=${env}`}`;
}
