import {
  MigrationAgent,
  type LoadAgentOptions,
  type RunListener,
  type Style,
} from '@flashfusion/migrator';
import { locateProject, type ProjectLocation } from './locate-project';
import type { CommonOptions, Surroundings } from './surroundings';

/** What a command works with. */
export interface Runtime {
  readonly surroundings: Surroundings;
  readonly common: CommonOptions;
  /** Colours for the result. */
  readonly style: Style;
  readonly onEvent: RunListener;
}

/** What a command line may say about the database on top of the common options. */
export interface DatabaseFlags {
  /** One of the environment's named databases. */
  readonly database?: string;
  readonly lockWait?: string;
  readonly lockTimeout?: string;
  readonly statementTimeout?: string;
}

/** Finds the project that the command is about. */
export function projectOf({ surroundings, common }: Runtime): Promise<ProjectLocation> {
  return locateProject({ cwd: surroundings.cwd, project: common.project });
}

/** One agent for each database that the command is about; most projects have one. */
export async function agentsOf(
  runtime: Runtime,
  flags: DatabaseFlags,
  outOfOrder?: 'allow',
): Promise<MigrationAgent[]> {
  const { surroundings, common, onEvent } = runtime;
  const { projectRoot, project } = await projectOf(runtime);
  const options: LoadAgentOptions = {
    projectRoot,
    project,
    environment: common.env,
    database: flags.database,
    env: surroundings.env,
    overrides: {
      lockWait: flags.lockWait,
      lockTimeout: flags.lockTimeout,
      statementTimeout: flags.statementTimeout,
      outOfOrder,
    },
    onEvent,
    signal: surroundings.signal,
  };
  return MigrationAgent.load(options);
}

/** The options that lead a further command to the same place, e.g. ` --project=api --env=staging`. */
export function scopeFlags({ project, env }: CommonOptions): string {
  return `${project === undefined ? '' : ` --project=${project}`}${env === undefined ? '' : ` --env=${env}`}`;
}
