import {
  findWorkspaceRoot,
  MigrationAgent,
  MigratorError,
  nameCommandsFor,
  type LoadAgentOptions,
  type RunListener,
  type Style,
} from '@flashfusion/migrator';
import { loadEnvFiles } from './env-files';
import { errorCodeOf } from './exit-code';
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
}

/** What a command line may say about the database on top of the common options. */
export interface DatabaseFlags {
  /** One of the environment's named databases. */
  readonly database?: string;
  /** One of the environment's tenants. */
  readonly tenant?: string;
  readonly lockWait?: string;
  readonly lockTimeout?: string;
  readonly statementTimeout?: string;
}

/** Finds the project that the command is about. */
export function projectOf({ surroundings, common }: Runtime): Promise<ProjectLocation> {
  return locateProject({ cwd: surroundings.cwd, project: common.project });
}

/** How a command wants its agents. */
export interface AgentWishes {
  readonly outOfOrder?: 'allow';
  /** `each`: it can go through all tenants; `one`: it works on one of them, which has to be named. Default `one`. */
  readonly tenants?: 'each' | 'one';
}

/**
 * One agent for each database that the command is about; most projects have one. Reads the `.env` files of the command first.
 *
 * @param command whose `.env` files are read
 */
export async function agentsOf(
  runtime: Runtime,
  command: DatabaseCommand,
  flags: DatabaseFlags,
  { outOfOrder, tenants = 'one' }: AgentWishes = {},
): Promise<MigrationAgent[]> {
  const { surroundings, common, onEvent } = runtime;
  nameCommandsFor({ kind: 'ff' });
  const { projectRoot, project } = await projectOf(runtime);
  const workspaceRoot = findWorkspaceRoot(projectRoot);
  const variableFiles = await loadEnvFiles(surroundings.env, {
    projectRoot,
    workspaceRoot,
    target: await targetNameOf(command, workspaceRoot),
    configuration: common.env,
  });
  const options: LoadAgentOptions = {
    projectRoot,
    project,
    environment: common.env,
    database: flags.database,
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
  };
  const agents = await MigrationAgent.load(options);
  if (flags.tenant !== undefined) return agentsOfTenant(agents, flags.tenant);
  if (tenants === 'one' && agents.some((agent) => agent.hasTenants)) throw tenantNotNamed();
  return agents;
}

/** Where an environment has several databases, a tenant lives in one of them. */
async function agentsOfTenant(
  agents: readonly MigrationAgent[],
  tenant: string,
): Promise<MigrationAgent[]> {
  const found: MigrationAgent[] = [];
  let unknown: unknown;
  for (const agent of agents) {
    try {
      found.push(await agent.tenant(tenant));
    } catch (error) {
      if (errorCodeOf(error) !== 'UNKNOWN_TENANT') throw error;
      unknown ??= error;
    }
  }
  if (found.length === 0) throw unknown;
  return found;
}

function tenantNotNamed(): MigratorError {
  return new MigratorError(
    'INVALID_ARGUMENT',
    'The environment has tenants, and this command works on one of them at a time.',
    {
      hint: 'Name it with --tenant=<name>; `ff db status --verbose` shows them all.',
      where: '--tenant',
    },
  );
}

/** The options that lead a further command to the same place, e.g. ` --project=api --env=staging`. */
export function scopeFlags({ project, env }: CommonOptions): string {
  return `${project === undefined ? '' : ` --project=${project}`}${env === undefined ? '' : ` --env=${env}`}`;
}
