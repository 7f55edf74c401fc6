import type { FoundProject } from '../config/find-projects';
import { quoteGiven } from '../config/connection-text';
import { resolveSettings } from '../config/resolve-settings';
import type { ClientPool, Connection, DatabaseService, Settings } from '../config/settings';
import { sameDatabase } from '../database/same-database';
import { MigratorError } from '../errors';
import { nameHint } from '../plan/nearest';
import type { HistoryEntry } from '../history/entry';
import type { History } from '../history/history';
import { isMigratorError } from '../report/error-shape';
import {
  databaseOptions,
  lookAtHistory,
  projectDatabase,
  type CommandContext,
} from './project-database';
import { readProjectHistory } from './read-project-history';
import { tenantSettings } from './tenant-settings';

/**
 * Settings of another project for the same environment and, where it names several databases, the one of the same name; the
 * same tenant, where both projects have tenants.
 *
 * @param history the history at hand, if its session is open
 * @throws {MigratorError} what its configuration is refused for, with both projects named; `UNKNOWN_DATABASE` and
 *   `UNKNOWN_TENANT` if it does not have the database or tenant, or if it cannot be told which of them is meant
 */
export async function otherProjectSettings(
  context: CommandContext,
  found: FoundProject,
  history?: History,
): Promise<Settings> {
  const own = context.settings;
  try {
    const all = await allSettings(context, found);
    const [first, second] = all;
    const same = all.find(({ databaseName }) => databaseName === own.databaseName);
    const isNamedOtherwise = own.databaseName !== undefined && first?.databaseName !== undefined;
    const chosen = same ?? (second === undefined && !isNamedOtherwise ? first : undefined);
    if (chosen === undefined) throw undecided(own, all);
    await requireSameTenant(context, chosen, history);
    return ofSameTenant(own, chosen);
  } catch (error) {
    throw namingBoth(error, `${found.name}, which ${own.project} depends on`);
  }
}

/**
 * The other way round: settings of every database in which another project finds the one at hand where it depends on it. None
 * where it does not have the environment. Whose tenants are all meant has them still to be found.
 *
 * @throws {MigratorError} what its configuration is refused for, with both projects named
 */
export async function dependentSettings(
  context: CommandContext,
  found: FoundProject,
): Promise<readonly Settings[]> {
  const own = context.settings;
  try {
    const all = await allSettings(context, found);
    return all
      .filter(({ databaseName }) => {
        const names = new Set([own.databaseName, databaseName]);
        return names.size === 1 || names.has(undefined);
      })
      .map((other) => (own.tenant === undefined ? other : ofSameTenant(own, other)));
  } catch (error) {
    if (isMigratorError(error) && error.code === 'UNKNOWN_ENVIRONMENT') return [];
    throw namingBoth(error, `${found.name}, which depends on ${own.project}`);
  }
}

async function allSettings(
  context: CommandContext,
  found: FoundProject,
): Promise<readonly Settings[]> {
  const { settings, sources, env, variableFiles, limits } = context;
  const config = await sources.config(found, settings.workspaceRoot);
  return resolveSettings(config, {
    environment: settings.environment,
    env,
    variableFiles,
    overrides: limits,
    connection: ofApplication(settings.connection),
  });
}

/**
 * The rows of another project that are not in the history at hand: none where both share it. Another schema of the same
 * database is read on the session that is open: a second one would wait for the first (an embedded database, a pool of one),
 * or free its locks at its end (a service). Looks only, and tells nobody that it connects.
 *
 * @param history the history at hand; `undefined` where no session is open
 */
export async function entriesElsewhere(
  context: CommandContext,
  other: Settings,
  history: History | undefined,
): Promise<readonly HistoryEntry[]> {
  const own = context.settings;
  if (await sameDatabase(own.connection, other.connection, databaseOptions(context))) {
    if (own.schema === other.schema) return [];
    if (history !== undefined) {
      const at = { ...context, settings: other };
      return (await readProjectHistory(at, history.inSchema(other.schema), 'throw')).entries;
    }
  }
  const database = await projectDatabase({ ...context, settings: other, onEvent: () => undefined });
  return lookAtHistory(database, 'throw', (state) => Promise.resolve(state.entries));
}

/** An application that passes its own connection says by that where all projects live: none of them needs a url then. */
function ofApplication(connection: Connection): ClientPool | DatabaseService | undefined {
  switch (connection.kind) {
    case 'pool':
      return connection.pool;
    case 'service':
      return connection.service;
    case 'url':
      return undefined;
  }
}

/**
 * A tenant that is a schema is one in the other project's own database; one that is a url is that database, with the schema
 * that the other project has there. Who works on an environment's own schema though it has tenants means the other's, too.
 */
function ofSameTenant(own: Settings, other: Settings): Settings {
  const { tenant, schema, connection } = own;
  if (other.tenants === undefined) return other;
  if (tenant === schema) return tenantSettings(other, other.connection, schema, tenant);
  if (tenant !== undefined) return tenantSettings(other, connection, other.schema, tenant);
  if (own.tenants !== undefined) return other;
  throw new MigratorError(
    'UNKNOWN_TENANT',
    `it has tenants in ${own.environment}, and ${own.project} has none, so that it cannot be told which of them is meant.`,
    {
      hint: `Give both projects tenants in this environment, or take the dependency out.`,
      where: other.configPath,
    },
  );
}

/**
 * A prerequisite never creates a tenant that its own project does not have.
 *
 * @throws {MigratorError} `UNKNOWN_TENANT`, and what finding the tenants of the other project throws
 */
async function requireSameTenant(
  context: CommandContext,
  other: Settings,
  history: History | undefined,
): Promise<void> {
  const { tenant, environment, project } = context.settings;
  if (tenant === undefined || other.tenants === undefined) return;
  const isSame = await sameDatabase(
    context.settings.connection,
    other.connection,
    databaseOptions(context),
  );
  // A second session of an embedded database, or of a pool of one, would wait for the one that is open.
  const names = await tenantNames({ ...context, settings: other }, isSame ? history : undefined);
  if (names.includes(tenant)) return;
  throw new MigratorError(
    'UNKNOWN_TENANT',
    `it has no tenant ${quoteGiven(tenant)} in ${environment}.`,
    {
      hint: `Add the tenant to ${other.project}, or remove it from ${project}. ${nameHint(tenant, names, 'tenants')}`,
      where: other.configPath,
    },
  );
}

/** Asked once per command and database, however many tenants need them. */
function tenantNames(
  context: CommandContext,
  open: History | undefined,
): Promise<readonly string[]> {
  const { project, environment, databaseName = '' } = context.settings;
  return context.sources.tenants(JSON.stringify([project, environment, databaseName]), async () => {
    const { findTenants } = await import('./find-tenants.js');
    const database = await projectDatabase({ ...context, onEvent: () => undefined });
    return (await findTenants(database, open)).map(({ name }) => name);
  });
}

function undecided(own: Settings, all: readonly Settings[]): MigratorError {
  const names = all.map(({ databaseName }) => databaseName).join(', ');
  return new MigratorError(
    'UNKNOWN_DATABASE',
    `it has other databases in ${own.environment} (${names}), and none with the name that ${own.project} works on${own.databaseName === undefined ? '' : ` (${own.databaseName})`}.`,
    { hint: 'Give both projects databases of the same names in this environment.' },
  );
}

/** Somebody who works on one project has to learn why another one's configuration matters. */
function namingBoth(error: unknown, both: string): unknown {
  if (!isMigratorError(error)) return error;
  return MigratorError.fromProblems(
    error.problems.map((problem) => ({ ...problem, message: `${both}: ${problem.message}` })),
  );
}
