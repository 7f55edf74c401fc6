import type { Connection, Settings } from '../config/settings';

/**
 * The environment's settings as one tenant has them: with its own schema first in the search path, or its own url. The
 * environment's own schema is not behind it: a table that a tenant lacks must not be found among what all tenants share,
 * unless the configuration's `searchPath` says so.
 *
 * @param tenant its name, fit to be printed
 */
export function tenantSettings(
  environment: Settings,
  connection: Connection,
  schema: string,
  tenant: string,
): Settings {
  return {
    ...environment,
    connection,
    schema,
    searchPath: [...new Set([schema, ...environment.furtherSchemas])],
    tenant,
    tenants: undefined,
  };
}
