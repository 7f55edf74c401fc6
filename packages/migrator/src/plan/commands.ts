import { currentFrontEnd, type CommandName } from '../front-end';

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

/** What both front ends assume if no environment is named. */
const DEFAULT_ENVIRONMENT = 'development';

/** How to apply a project's migrations, as text for a hint. */
export function migrateCommands(scope: CommandScope): string {
  return commandText('migrate', scope, { nx: '', ff: '' });
}

/** How to apply a project's migrations with what they need of other projects, as text for a hint. */
export function migrateWithDependenciesCommand(scope: CommandScope): string {
  const frontEnd = currentFrontEnd();
  const nx = ' --with-dependencies';
  if (frontEnd.kind === 'nx') return `\`${nxRun('migrate', scope)}${nx}\``;
  return `\`ff db migrate${ffScope(scope)}${nx}\``;
}

/** The option that also applies what is needed of other projects. */
export function withDependenciesOption(): string {
  const option = '--with-dependencies';
  return currentFrontEnd().kind === 'program' ? `${option} (Nx: --withDependencies)` : option;
}

/** How to revert one migration, as text for a hint. */
export function rollbackCommands(scope: CommandScope, version: string): string {
  return commandText('rollback', scope, { nx: ` --name=${version}`, ff: ` ${version}` });
}

/** How to look at a project's migrations, as text for a hint. */
export function statusCommands(scope: CommandScope): string {
  return commandText('status', scope, { nx: '', ff: '' });
}

/** A repair of one migration, as text for a hint. */
export function repairCommand(scope: CommandScope, version: string, action: RepairAction): string {
  if (currentFrontEnd().kind === 'nx') {
    return `\`${nxRun('repair', scope)} --name=${version} --${action}\``;
  }
  return `\`ff db repair ${version}${ffScope(scope)} --${action}\``;
}

function commandText(
  command: CommandName,
  scope: CommandScope,
  args: { readonly nx: string; readonly ff: string },
): string {
  const frontEnd = currentFrontEnd();
  const nx = `\`${nxRun(command, scope)}${args.nx}\``;
  const ff = `\`ff db ${command}${args.ff}${ffScope(scope)}\``;
  if (frontEnd.kind === 'program') return `${nx} or ${ff}`;
  return frontEnd.kind === 'nx' ? nx : ff;
}

/** Nx's configuration carries the environment: without it the hint would lead to another database. */
function nxRun(command: CommandName, { project, environment }: CommandScope): string {
  const configuration = environment === DEFAULT_ENVIRONMENT ? '' : `:${environment}`;
  const frontEnd = currentFrontEnd();
  const target =
    frontEnd.kind === 'nx' ? frontEnd.targetOf(command, project) : `${project}:${command}`;
  return `nx run ${target}${configuration}`;
}

function ffScope({ project, environment }: CommandScope): string {
  return ` --project=${project}${environment === DEFAULT_ENVIRONMENT ? '' : ` --env=${environment}`}`;
}
