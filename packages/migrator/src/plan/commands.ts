/**
 * A way to correct the history of one migration. `resume` is a run; each of the others is one audited row. `mark-retired`:
 * the file is gone, the change stays.
 */
export type RepairAction =
  'resume' | 'mark-applied' | 'mark-retired' | 'mark-reverted' | 'accept-checksum';

/** The project and environment that a command is about. */
export interface CommandScope {
  readonly project: string;
  readonly environment: string;
}

/** What both doors assume without being told. */
const DEFAULT_ENVIRONMENT = 'development';

/** The two ways to apply a project's migrations, as text for a hint. */
export function migrateCommands(scope: CommandScope): string {
  return `\`${nxTarget('migrate', scope)}\` or \`ff db migrate${ffScope(scope)}\``;
}

/** The two ways to revert one migration, as text for a hint. */
export function rollbackCommands(scope: CommandScope, version: string): string {
  const nx = `${nxTarget('rollback', scope)} --name=${version}`;
  return `\`${nx}\` or \`ff db rollback ${version}${ffScope(scope)}\``;
}

/** How to look at a project's migrations, as text for a hint. */
export function statusCommands(scope: CommandScope): string {
  return `\`${nxTarget('status', scope)}\` or \`ff db status${ffScope(scope)}\``;
}

/** A repair of one migration, as text for a hint. */
export function repairCommand(scope: CommandScope, version: string, action: RepairAction): string {
  return `\`ff db repair ${version}${ffScope(scope)} --${action}\``;
}

/** Nx's configuration carries the environment: without it the hint would lead to another database. */
function nxTarget(target: string, { project, environment }: CommandScope): string {
  const configuration = environment === DEFAULT_ENVIRONMENT ? '' : `:${environment}`;
  return `nx run ${project}:${target}${configuration}`;
}

function ffScope({ project, environment }: CommandScope): string {
  return ` --project=${project}${environment === DEFAULT_ENVIRONMENT ? '' : ` --env=${environment}`}`;
}
