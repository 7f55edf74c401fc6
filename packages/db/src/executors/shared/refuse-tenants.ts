import { MigratorError, type MigrationAgent } from '@flashfusion/migrator';

/**
 * Refuses a command that undoes changes or rewrites state on all tenants at once.
 *
 * @param command as `ff db` names it
 * @throws {MigratorError} `INVALID_ARGUMENT` where the environment has tenants
 */
export function refuseTenants({ hasTenants, settings }: MigrationAgent, command: string): void {
  if (!hasTenants) return;
  const { project, environment } = settings;
  throw new MigratorError('INVALID_ARGUMENT', `${environment} has tenants.`, {
    hint: `Name one of them: \`ff db ${command} --project=${project} --env=${environment} --tenant=<name> …\`.`,
  });
}
