import type { CreateDependencies, CreateNodes, PreTasksExecution } from '@nx/devkit';
import { createMigrationDependencies } from './graph/create-dependencies';
import { CONFIG_GLOB } from './graph/config-name';
import { createDatabaseNodes } from './graph/create-nodes';
import { normalizeOptions, type DbPluginOptions } from './graph/options';
import { REQUEST_VARIABLE, readRequest, type HookMessage } from './request';

export type { DbPluginOptions } from './graph/options';

/** The name that Nx knows the plugin by. */
export const name = '@flashfusion/db';

/** Infers `migrate`, `status`, `rollback`, `baseline` and `repair` for every project with a `db.config.*`. */
export const createNodes: CreateNodes<DbPluginOptions> = [CONFIG_GLOB, createDatabaseNodes];

/** The same, under the name that Nx 22 looks for. */
export const createNodesV2 = createNodes;

/**
 * Makes each `project:version` dependency of a migration an edge of the project graph where the option `edges` asks for it, and
 * remembers what createNodes has read.
 */
export const createDependencies: CreateDependencies<DbPluginOptions> = async (options, context) => {
  const edges = await createMigrationDependencies(context);
  return normalizeOptions(options).edges === 'migrations' ? edges : [];
};

/**
 * Tells the tasks which command started them, for their reports, and which configuration was asked for. Nx drops the name of
 * a configuration that a target does not have and runs the target without it: `nx run api:migrate:stagin` would migrate the
 * default database. With this the executor knows, and refuses.
 */
export const preTasksExecution: PreTasksExecution<DbPluginOptions> = (
  _options,
  { id, argv, workspaceRoot },
) => {
  const batch = { id, startedAt: new Date().toISOString() };
  const message: HookMessage = { ...readRequest(argv, workspaceRoot), batch };
  process.env[REQUEST_VARIABLE] = JSON.stringify(message);
};
